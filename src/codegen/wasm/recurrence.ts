/**
 * What the recurrent routines share. The whole loop over time is one function; threads share the rows of the batch, which never meet, so no thread waits
 * for another. Sizes: batch, time, hidden.
 */
import { invariant } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import { storeVector } from "./access.ts";
import type { FunctionBuilder, Variable } from "./function.ts";
import type { I32, V128 } from "./instructions.ts";
import { i32, v128 } from "./instructions.ts";
import { KernelFunction } from "./kernel-function.ts";
import { VectorMath } from "./math.ts";

export function routineSize(kernel: LibraryKernel, name: string): number {
  const value = kernel.sizes[name];
  invariant(value !== undefined, `kernel ${kernel.name} (${kernel.routine}) lacks the size ${name}`);
  return value;
}

/** A place in time: tensors [batch, time, fields * hidden] are addressed by row and step. */
export interface Moment {
  readonly step: I32;
  /** The step before in the order of the recurrence, and the one after. Only to be used where there is one. */
  readonly before: I32;
  readonly after: I32;
  /** Whether a step has been done already, in the order in which they are done. */
  readonly started: I32;
  /** Whether the recurrence starts here. */
  readonly isFirst: I32;
}

/** Rows of a group. */
export const GROUP = 8;

export interface RowRange {
  readonly from: I32;
  readonly to: I32;
}

export class Recurrence {
  readonly code: KernelFunction;
  readonly f: FunctionBuilder;
  readonly math: VectorMath;
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
  readonly #reverse: boolean;

  constructor(kernel: LibraryKernel, fused: boolean) {
    this.code = new KernelFunction(kernel);
    this.f = this.code.f;
    this.math = new VectorMath(this.f, fused);
    this.batch = routineSize(kernel, "batch");
    this.time = routineSize(kernel, "time");
    this.hidden = routineSize(kernel, "hidden");
    this.#reverse = kernel.reverse;
  }

  /** Address of a field of a unit in a tensor of `fields` fields. */
  place(tensor: I32, fields: number, row: I32, step: I32, field: number, unit: I32): I32 {
    const { hidden, time } = this;
    const position = i32.add(i32.mul(row, i32.constant(time)), step);
    const start = i32.mul(position, i32.constant(fields * hidden * 4));
    const offset = i32.add(i32.constant(field * hidden * 4), i32.shl(unit, i32.constant(2)));
    return i32.add(tensor, i32.add(start, offset));
  }

  /** Bytes between rows of such a tensor. */
  rowBytes(fields: number): number {
    return this.time * fields * this.hidden * 4;
  }

  /** All steps in the order of the recurrence, or against it. */
  eachStep(backwards: boolean, body: (moment: Moment) => void): void {
    const last = i32.constant(this.time - 1);
    this.f.count(this.time, 1, (index) => {
      const turn = this.f.keep(backwards ? i32.sub(last, index) : index);
      const step = this.f.keep(this.#reverse ? i32.sub(last, turn) : turn);
      const one = i32.constant(this.#reverse ? -1 : 1);
      body({
        step,
        before: this.f.keep(i32.sub(step, one)),
        after: this.f.keep(i32.add(step, one)),
        started: this.f.keep(i32.ne(index, i32.constant(0))),
        isFirst: this.f.keep(i32.eqz(turn)),
      });
    });
  }

  /** The units, `width` at a time; the last ones may be fewer. */
  eachUnits(width: number, body: (unit: I32, count: number) => void): void {
    const rest = this.hidden % width;
    const whole = this.hidden - rest;
    this.f.count(whole, width, (unit) => body(this.f.keep(unit), width));
    if (rest > 0) body(i32.constant(whole), rest);
  }

  /**
   * This thread's rows in groups. Within a step, a group goes through all units before the next one does: first the products of all its rows, then
   * everything else, whose chains of dependent instructions overlap only where one follows the other without products in between.
   */
  eachGroup(body: (rows: RowRange) => void): void {
    const { f } = this;
    const [first, end] = this.code.share(this.batch);
    f.range(first, end, GROUP, (index) => {
      const from = f.keep(index);
      const next = f.keep(i32.add(from, i32.constant(GROUP)));
      body({ from, to: f.keep(i32.select(i32.lt(next, end), next, end)) });
    });
  }

  /** Some rows, `height` at a time, then one by one. */
  eachRows({ from, to }: RowRange, height: number, body: (row: I32, count: number) => void): void {
    const { f } = this;
    const rest = f.whole(from, to, height, (row) => body(f.keep(row), height));
    if (height > 1) f.range(rest, to, 1, (row) => body(f.keep(row), 1));
  }

  /** Whether a row has this step. */
  isInside(lengths: I32, row: I32, step: I32): I32 {
    return i32.lt(step, i32.load(i32.add(lengths, i32.shl(row, i32.constant(2)))));
  }

  load(address: I32): V128 {
    return v128.load(address);
  }

  store(address: I32, value: V128, active: number): void {
    const { f } = this;
    storeVector(f, { base: f.keep(address), offset: 0, laneBytes: 4, apart: [] }, f.keep(value), active);
  }

  /** `value` where the condition holds, elsewhere `zero`. */
  where(condition: I32, value: () => V128, zero: V128): Variable<"v128"> {
    const result = this.f.variable("v128", zero);
    this.f.when(condition, () => result.set(value()));
    return result;
  }
}
