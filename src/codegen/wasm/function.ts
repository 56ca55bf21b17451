/** Bodies of functions: locals and structured control flow around the values of instructions.ts. */
import { at } from "../../base/invariant.ts";
import type { FunctionCode, FunctionType, ValueType } from "./binary.ts";
import { unsigned } from "./binary.ts";
import type { I32, Statement, Value } from "./instructions.ts";
import { i32 } from "./instructions.ts";

const IF: Statement = [0x04, 0x40];
const ELSE: Statement = [0x05];
const BLOCK: Statement = [0x02, 0x40];
const LOOP: Statement = [0x03, 0x40];
const END: Statement = [0x0b];
const DROP: Statement = [0x1a];
const TRAP: Statement = [0x00];

/** Code that reads and writes a local, by its number: all functions count their locals from 0. */
const reads: Statement[] = [];
const writes: Statement[] = [];

function localCode(index: number): { readonly read: Statement; readonly write: Statement } {
  for (let next = reads.length; next <= index; next++) {
    reads.push([0x20, ...unsigned(next)]);
    writes.push([0x21, ...unsigned(next)]);
  }
  return { read: at(reads, index), write: at(writes, index) };
}

/** A local that changes. */
export interface Variable<Type extends ValueType = ValueType> {
  readonly get: Value<Type>;
  readonly set: (value: Value<Type>) => void;
}

/** A place that `leave` can jump to. */
export interface Label {
  readonly depth: number;
}

export class FunctionBuilder {
  readonly #type: FunctionType;
  readonly #locals: ValueType[] = [];
  /** In pieces, which are joined once at the end. */
  readonly #code: Statement[] = [];
  #depth = 0;

  constructor(type: FunctionType) {
    this.#type = type;
  }

  parameter<Type extends ValueType>(type: Type, index: number): Value<Type> {
    return { type, code: localCode(index).read, isFixed: true };
  }

  /** Appends code that leaves nothing on the stack. */
  push(statement: Statement): void {
    this.#code.push(statement);
  }

  /** Drops a value that is computed for its effect. */
  drop(value: Value): void {
    this.#code.push(value.code, DROP);
  }

  #local(type: ValueType): ReturnType<typeof localCode> {
    return localCode(this.#type.parameters.length + this.#locals.push(type) - 1);
  }

  /** A local that starts with a value. Locals start as 0 only once: inside loops give `initial`. */
  variable<Type extends ValueType>(type: Type, initial?: Value<Type>): Variable<Type> {
    const { read, write } = this.#local(type);
    const set = (value: Value<Type>) => {
      this.#code.push(value.code, write);
    };
    if (initial !== undefined) set(initial);
    return { get: { type, code: read }, set };
  }

  /** Computes a value here and now; the result may be used any number of times where this point has been passed. */
  keep<Type extends ValueType>(value: Value<Type>): Value<Type> {
    if (value.isFixed === true || (value.type === "i32" && value.code[0] === 0x41 && value.code.length <= 3))
      return value;
    const { read, write } = this.#local(value.type);
    this.#code.push(value.code, write);
    return { type: value.type, code: read, isFixed: true };
  }

  when(condition: I32, then: () => void, otherwise?: () => void): void {
    this.#code.push(condition.code, IF);
    this.#depth++;
    then();
    if (otherwise !== undefined) {
      this.#code.push(ELSE);
      otherwise();
    }
    this.#depth--;
    this.#code.push(END);
  }

  /** `leave(exit)` inside jumps to the end of the block. */
  block(body: (exit: Label) => void): void {
    this.#code.push(BLOCK);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#code.push(END);
  }

  /** `repeat(start)` inside jumps back; otherwise the body runs once. */
  loop(body: (start: Label) => void): void {
    this.#code.push(LOOP);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#code.push(END);
  }

  /** Jumps to a label, where a condition is given only if it holds. */
  jump(label: Label, condition?: I32): void {
    const distance = unsigned(this.#depth - label.depth);
    if (condition === undefined) this.#code.push([0x0c, ...distance]);
    else this.#code.push(condition.code, [0x0d, ...distance]);
  }

  /**
   * Runs the body for from, from + size, … while a whole `size` is left before `end`, and gives where that ends. Like all loops here it is tested at
   * its end: V8 takes constants and other fixed values out of a loop only where the body runs before the first test.
   */
  whole(from: I32, end: I32, size: number, body: (index: I32) => void): I32 {
    const index = this.variable("i32", from);
    const last = this.keep(i32.sub(end, i32.constant(size)));
    const fits = i32.le(index.get, last);
    this.when(fits, () =>
      this.loop((start) => {
        body(index.get);
        index.set(i32.add(index.get, i32.constant(size)));
        this.jump(start, fits);
      }),
    );
    return index.get;
  }

  /** Runs the body for from, from + step, … below `to` (signed). */
  range(from: I32, to: I32, step: number, body: (index: I32) => void): void {
    const end = this.keep(to);
    const index = this.variable("i32", from);
    this.when(i32.lt(index.get, end), () => {
      this.loop((start) => {
        body(index.get);
        index.set(i32.add(index.get, i32.constant(step)));
        this.jump(start, i32.lt(index.get, end));
      });
    });
  }

  /** Runs the body for 0, step, … below a fixed number. */
  count(count: number, step: number, body: (index: I32) => void): void {
    if (count <= 0) return;
    if (count <= step) {
      body(i32.constant(0));
      return;
    }
    const index = this.variable("i32", i32.constant(0));
    this.loop((start) => {
      body(index.get);
      index.set(i32.add(index.get, i32.constant(step)));
      this.jump(start, i32.lt(index.get, i32.constant(count)));
    });
  }

  call(index: number, values: readonly Value[]): Statement {
    return [...values.flatMap((value) => value.code), 0x10, ...unsigned(index)];
  }

  /** Calls function number `index` of the table, whose functions are of type 0. */
  callIndirect(index: I32, values: readonly Value[]): Statement {
    return [...values.flatMap((value) => value.code), ...index.code, 0x11, 0x00, 0x00];
  }

  /** Ends the program with a trap. */
  trap(): void {
    this.#code.push(TRAP);
  }

  finish(result?: Value): FunctionCode {
    if (result !== undefined) this.#code.push(result.code);
    return { type: this.#type, locals: this.#locals, body: joined(this.#code) };
  }
}

function joined(pieces: readonly Statement[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  // Most pieces are a few bytes, which are copied faster one by one.
  for (const piece of pieces) for (const byte of piece) bytes[end++] = byte;
  return bytes;
}
