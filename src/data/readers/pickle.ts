/**
 * A data-only reader of Python pickles, protocols 0 to 5. The pickle machine is run with a table of data opcodes and
 * of array constructors; a file that asks for anything else is refused with the name of it. Bytes of arrays are not
 * read but remembered by position. Everything is iterative, and containers may share parts without being copied.
 */
import { dataError } from "../problem.ts";
import { type ByteRange, FileBytes, memoryBytes } from "./bytes.ts";
import { decodeText } from "./dtype.ts";
import { allowedName, build, call, textOrNull } from "./pickle-calls.ts";
import { OP, REFUSED } from "./pickle-codes.ts";
import { PickleCursor } from "./pickle-cursor.ts";
import { rawUnicode, unescapeBytes, wholeNumber } from "./pickle-text.ts";
import type { PyDict, PyList, PyValue } from "./pickle-values.ts";

export interface Pickle {
  readonly value: PyValue;
  /** Bytes behind the end of the pickle. */
  readonly trailing: number;
}

/** Containers and other values of a file; more of them would need memory far above the file's size. */
const MOST_CONTAINERS = 1 << 22;
const MOST_VALUES = 1 << 26;
/** Texts longer than this stay in the file. */
const LONG_TEXT = 1 << 16;
/** Decimal digits of a number in text; a longer one is no number of any data set. */
const MOST_DIGITS = 400;

/** Reads a pickle file. Throws a UserError with the file and the position for whatever is not data. */
export function readPickle(path: string): Pickle {
  const bytes = new FileBytes(path);
  if (bytes.length === 0) throw dataError("data-empty", { file: path }, "The file is empty.");
  return parsePickle(path, bytes);
}

/** Reads a pickle in a range of bytes; `file` says in messages where it lies. */
export function parsePickle(file: string, bytes: ByteRange): Pickle {
  const machine = new PickleMachine(new PickleCursor(file, bytes));
  const value = machine.run();
  return { value, trailing: machine.cursor.left };
}

/** A place on the stack that collections reach back to. */
const MARK = Symbol("mark");

class PickleMachine {
  readonly cursor: PickleCursor;
  private readonly stack: (PyValue | typeof MARK)[] = [];
  private readonly memo = new Map<number, PyValue>();
  private containers = 0;
  private values = 0;

  constructor(cursor: PickleCursor) {
    this.cursor = cursor;
  }

  /** Runs to the STOP opcode. */
  run(): PyValue {
    while (true) {
      if (this.cursor.left === 0) throw this.cursor.refuse("The pickle has no end. The file is cut short.");
      const code = this.cursor.u8();
      if (code === OP.stop) return this.pop();
      if (++this.values > MOST_VALUES)
        throw this.cursor.refuse(`The pickle holds more than ${MOST_VALUES} values.`);
      if (!this.scalar(code) && !this.container(code) && !this.structure(code)) this.unknown(code);
    }
  }

  private unknown(code: number): never {
    const name = REFUSED.get(code);
    if (name === undefined)
      throw this.cursor.refuse(`Byte 0x${code.toString(16).padStart(2, "0")} is no pickle opcode.`);
    throw dataError("data-unsafe", this.cursor.place(), `The pickle uses ${name}. Only data are read.`);
  }

  private push(value: PyValue): true {
    this.stack.push(value);
    return true;
  }

  private pop(): PyValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK)
      throw this.cursor.refuse("The pickle takes a value that is not there.");
    return value;
  }

  private top(): PyValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK)
      throw this.cursor.refuse("The pickle takes a value that is not there.");
    return value;
  }

  /** The values above the last mark, in order; the mark goes as well. */
  private aboveMark(): PyValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.cursor.refuse("The pickle closes a collection that was not opened.");
    const values = this.stack.splice(mark).filter((value) => value !== MARK);
    return values;
  }

  /** Numbers, texts, bytes, constants. */
  private scalar(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case OP.none:
        return this.push(null);
      case OP.newTrue:
        return this.push(true);
      case OP.newFalse:
        return this.push(false);
      case OP.binInt:
        return this.push(cursor.i32());
      case OP.binInt1:
        return this.push(cursor.u8());
      case OP.binInt2:
        return this.push(cursor.u16());
      case OP.binFloat:
        return this.push(cursor.view(8).getFloat64(0, false));
      case OP.int:
      case OP.long:
      case OP.float:
        return this.push(this.textNumber(code));
      case OP.long1:
        return this.push(this.long(cursor.u8()));
      case OP.long4:
        return this.push(this.long(cursor.u32()));
      case OP.unicode:
        return this.push(rawUnicode(decodeText(cursor.line())));
      case OP.shortBinUnicode:
        return this.push(this.text(cursor.u8()));
      case OP.binUnicode:
        return this.push(this.text(cursor.u32()));
      case OP.binUnicode8:
        return this.push(this.text(cursor.u64()));
      default:
        return this.bytes(code);
    }
  }

  private bytes(code: number): boolean {
    const { cursor } = this;
    const bytes = (range: ByteRange, isStr: boolean) => this.push({ kind: "bytes", bytes: range, isStr });
    switch (code) {
      case OP.shortBinBytes:
        return bytes(cursor.range(cursor.u8()), false);
      case OP.binBytes:
        return bytes(cursor.range(cursor.u32()), false);
      case OP.binBytes8:
      case OP.byteArray8:
        return bytes(cursor.range(cursor.u64()), false);
      case OP.shortBinString:
        return bytes(cursor.range(cursor.u8()), true);
      case OP.binString: {
        const length = cursor.i32();
        if (length < 0) throw cursor.refuse(`A text has the length ${length}.`);
        return bytes(cursor.range(length), true);
      }
      case OP.string:
        return bytes(memoryBytes(this.quoted()), true);
      default:
        return false;
    }
  }

  private text(length: number): PyValue {
    const range = this.cursor.range(length);
    return length > LONG_TEXT ? { kind: "text", bytes: range } : decodeText(range.read(0, length));
  }

  /** A number in decimal digits; `I00` and `I01` are truth values. */
  private textNumber(code: number): PyValue {
    const text = this.cursor.asciiLine();
    if (code === OP.int && (text === "00" || text === "01")) return text === "01";
    if (code === OP.float) {
      if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
      if (/^-?(nan|inf)$/i.test(text))
        return /nan/i.test(text) ? Number.NaN : text.startsWith("-") ? -Infinity : Infinity;
    } else if (/^-?\d+L?$/.test(text) && text.length <= MOST_DIGITS) {
      return wholeNumber(BigInt(text.replace("L", "")));
    }
    throw this.cursor.refuse(`\`${text.slice(0, 40)}\` is no number.`);
  }

  /** A whole number in little-endian bytes, two's complement. */
  private long(length: number): PyValue {
    if (length > MOST_DIGITS) throw this.cursor.refuse(`A whole number has ${length} bytes.`);
    const bytes = this.cursor.take(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] as number);
    return wholeNumber(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  }

  /** A text of protocol 0: in quotes, with the escapes of Python 2. */
  private quoted(): Uint8Array {
    const line = this.cursor.line();
    const quote = line[0];
    if (line.length < 2 || (quote !== 0x22 && quote !== 0x27) || line.at(-1) !== quote)
      throw this.cursor.refuse("A text is not in quotes.");
    return unescapeBytes(line.subarray(1, -1)) ?? fail(this.cursor.refuse("A text has an unknown escape."));
  }

  /** Lists, tuples, dictionaries and sets. */
  private container(code: number): boolean {
    switch (code) {
      case OP.emptyList:
        return this.push(this.list("list", []));
      case OP.emptyTuple:
        return this.push(this.list("tuple", []));
      case OP.emptySet:
        return this.push(this.list("set", []));
      case OP.emptyDict:
        return this.push(this.dict([]));
      case OP.list:
        return this.push(this.list("list", this.aboveMark()));
      case OP.tuple:
        return this.push(this.list("tuple", this.aboveMark()));
      case OP.frozenSet:
        return this.push(this.list("set", this.aboveMark()));
      case OP.dict:
        return this.push(this.dict(this.aboveMark()));
      case OP.tuple1:
      case OP.tuple2:
      case OP.tuple3: {
        const items = Array.from({ length: code - OP.tuple1 + 1 }, () => this.pop());
        return this.push(this.list("tuple", items.reverse()));
      }
      case OP.append:
        return this.extend("list", [this.pop()]);
      case OP.appends:
        return this.extend("list", this.aboveMark());
      case OP.addItems:
        return this.extend("set", this.aboveMark());
      case OP.setItem: {
        const value = this.pop();
        return this.setItems([this.pop(), value]);
      }
      case OP.setItems:
        return this.setItems(this.aboveMark());
      default:
        return false;
    }
  }

  private list(kind: PyList["kind"], items: PyValue[]): PyList {
    this.countContainer();
    return { kind, items };
  }

  private dict(pairs: readonly PyValue[]): PyDict {
    this.countContainer();
    const dict: PyDict = { kind: "dict", entries: new Map() };
    this.fill(dict, pairs);
    return dict;
  }

  private countContainer(): void {
    if (++this.containers > MOST_CONTAINERS)
      throw this.cursor.refuse(`The pickle holds more than ${MOST_CONTAINERS} lists and dictionaries.`);
  }

  private extend(kind: "list" | "set", items: readonly PyValue[]): true {
    const target = this.top();
    if (typeof target !== "object" || target === null || target.kind !== kind)
      throw this.cursor.refuse(`The pickle adds to something that is no ${kind}.`);
    for (const item of items) target.items.push(item);
    return true;
  }

  private setItems(pairs: readonly PyValue[]): true {
    const target = this.top();
    if (typeof target !== "object" || target === null || target.kind !== "dict")
      throw this.cursor.refuse("The pickle adds to something that is no dictionary.");
    this.fill(target, pairs);
    return true;
  }

  private fill(dict: PyDict, pairs: readonly PyValue[]): void {
    if (pairs.length % 2 !== 0) throw this.cursor.refuse("A dictionary has a key without a value.");
    for (let index = 0; index < pairs.length; index += 2) {
      const key = pairs[index] ?? null;
      const name = typeof key === "number" ? key : textOrNull(key);
      if (name === null) throw this.cursor.refuse("A dictionary has a key that is neither text nor number.");
      dict.entries.set(name, pairs[index + 1] ?? null);
    }
  }

  /** Protocol, marks, memo, names and calls. */
  private structure(code: number): boolean {
    const { cursor } = this;
    switch (code) {
      case OP.proto: {
        const protocol = cursor.u8();
        if (protocol > 5) throw cursor.refuse(`The pickle has protocol ${protocol}; 0 to 5 are known.`);
        return true;
      }
      case OP.frame:
        cursor.u64();
        return true;
      case OP.mark:
        this.stack.push(MARK);
        return true;
      case OP.pop:
        if (this.stack.pop() === undefined)
          throw cursor.refuse("The pickle drops a value that is not there.");
        return true;
      case OP.popMark:
        this.aboveMark();
        return true;
      case OP.dup:
        return this.push(this.top());
      case OP.reduce: {
        const args = this.pop();
        return this.push(call(this.pop(), args, cursor.place()));
      }
      case OP.build: {
        const state = this.pop();
        build(this.top(), state, cursor.place());
        return true;
      }
      case OP.global:
        return this.push(allowedName(cursor.asciiLine(), cursor.asciiLine(), cursor.place()));
      case OP.stackGlobal: {
        const [name, module] = [textOrNull(this.pop()), textOrNull(this.pop())];
        return this.push(allowedName(module ?? "?", name ?? "?", cursor.place()));
      }
      case OP.inst:
        allowedName(cursor.asciiLine(), cursor.asciiLine(), cursor.place());
        throw cursor.refuse("The pickle uses INST, which makes an instance of a class. Only data are read.");
      default:
        return this.memory(code);
    }
  }

  private memory(code: number): boolean {
    const { cursor, memo } = this;
    switch (code) {
      case OP.memoize:
        memo.set(memo.size, this.top());
        return true;
      case OP.put:
        memo.set(this.memoIndex(), this.top());
        return true;
      case OP.binPut:
        memo.set(cursor.u8(), this.top());
        return true;
      case OP.longBinPut:
        memo.set(cursor.u32(), this.top());
        return true;
      case OP.get:
        return this.recall(this.memoIndex());
      case OP.binGet:
        return this.recall(cursor.u8());
      case OP.longBinGet:
        return this.recall(cursor.u32());
      default:
        return false;
    }
  }

  private memoIndex(): number {
    const text = this.cursor.asciiLine();
    if (!/^\d{1,15}$/.test(text))
      throw this.cursor.refuse(`\`${text.slice(0, 40)}\` is no place in the memo.`);
    return Number(text);
  }

  private recall(index: number): true {
    const value = this.memo.get(index);
    if (value === undefined)
      throw this.cursor.refuse(`The pickle recalls value ${index}, which was never stored.`);
    return this.push(value);
  }
}

function fail(error: Error): never {
  throw error;
}
