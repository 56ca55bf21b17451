/** Loop kernels: maps, phases over rows, and sums down columns, as loops over vectors. */

import { at } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { ExpressionId, LoopKernel } from "../../ir/kernel.ts";
import { reachableExpressions } from "../../ir/kernel-walk.ts";
import type { Access } from "../dependence.ts";
import { ColumnEmitter } from "./columns.ts";
import type { Variable } from "./function.ts";
import type { I32, V128, Value } from "./instructions.ts";
import { f32, f32x4, i32, i32x4, v128 } from "./instructions.ts";
import { makeFrame } from "./kernel-frame.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { decode, KernelFunction } from "./kernel-function.ts";
import type { LoopPlan } from "./loop-plan.ts";
import { LEVEL, planLoop, upTo } from "./loop-plan.ts";
import type { Pass, Reduction } from "./passes.ts";
import { passAccesses, passRoots } from "./passes.ts";
import type { Scalar } from "./scalar-functions.ts";
import { larger } from "./scalar-functions.ts";
import type { Lanes } from "./scope.ts";
import { Scope } from "./scope.ts";

/** A kernel whose axes are collapsed. */
export function emitLoop(kernel: LoopKernel, fused: boolean): WasmKernel {
  const plan = planLoop(kernel);
  const code = new KernelFunction(kernel);
  const operands = [...code.operands, ...plan.keptRows.map((elements) => code.scratch(elements * 4))];
  const frame = makeFrame(code.f, fused, plan.kernel, plan.lanes, operands);
  new LoopEmitter(plan, code).run(new Scope(frame));
  return code.finish(kernel.name, plan.nanoseconds);
}

class LoopEmitter {
  readonly #kernel: LoopKernel;
  readonly #plan: LoopPlan;
  readonly #code: KernelFunction;
  readonly #accesses: readonly Access[];
  readonly #ids: readonly ExpressionId[];

  constructor(plan: LoopPlan, code: KernelFunction) {
    this.#kernel = plan.kernel;
    this.#plan = plan;
    this.#code = code;
    this.#ids = reachableExpressions(plan.kernel.expressions, plan.passes.flatMap(passRoots));
    this.#accesses = passAccesses(plan.kernel, plan.passes);
  }

  run(outer: Scope): void {
    const { f } = this.#code;
    const { rowAxes, rows, sharesLanes, columns } = this.#plan;
    outer.emit(upTo(this.#plan, this.#ids, LEVEL.call));
    const stretches = this.#plan.stretches ? new ColumnEmitter(this.#plan, this.#code) : null;
    const [from, to] = sharesLanes ? [i32.constant(0), i32.constant(rows)] : this.#code.share(rows);
    f.range(from, to, 1, (row) => {
      const scope = outer.inner();
      const extents = rowAxes.map((axis) => at(this.#kernel.parallel, axis).extent);
      const positions = decode(f, row, extents);
      for (const [order, axis] of rowAxes.entries()) scope.bind(axis, at(positions, order));
      scope.prepare(this.#accesses);
      if (!columns) this.#body([scope]);
      else {
        scope.emit(upTo(this.#plan, this.#ids, LEVEL.row));
        if (stretches === null) this.#columns(scope);
        else stretches.run(scope);
      }
    });
  }

  /** Goes along a parallel lane axis, several vectors at a time while there are so many. */
  #columns(scope: Scope): void {
    const { f, thread, threads } = this.#code;
    const { together, lanes, sharesLanes } = this.#plan;
    const { extent } = at(this.#kernel.parallel, lanes.axis ?? 0);
    const vectors = Math.floor(extent / 4);
    // Threads meet at multiples of 64 bytes, so that they do not write the same cache line.
    const [from, to] = sharesLanes ? this.#code.share(vectors, 4) : [i32.constant(0), i32.constant(vectors)];
    const end = f.keep(i32.shl(to, i32.constant(4)));
    let next = f.keep(i32.shl(from, i32.constant(4)));
    const pass = (count: number) => {
      next = f.whole(next, end, 16 * count, (bytes) => {
        const places = Array.from(
          { length: count },
          (_, vector): Lanes => ({ bytes, shift: 4 * vector, active: 4 }),
        );
        this.#body(places.map((place) => scope.inner(place)));
      });
    };
    if (vectors >= together && together > 1) pass(together);
    if (vectors > 0 && (together === 1 || sharesLanes || vectors % together !== 0)) pass(1);
    if (extent % 4 === 0) return;
    const tail = () => this.#body([scope.inner({ bytes: null, shift: vectors * 4, active: extent % 4 })]);
    if (sharesLanes) f.when(i32.eq(i32.add(thread, i32.constant(1)), threads), tail);
    else tail();
  }

  /** All passes over a row, or over some columns side by side. */
  #body(scopes: readonly Scope[]): void {
    const level = this.#plan.columns ? LEVEL.lane : LEVEL.row;
    for (const pass of this.#plan.passes) {
      const ids = reachableExpressions(this.#kernel.expressions, passRoots(pass));
      for (const scope of scopes) scope.emit(upTo(this.#plan, ids, level));
      if (pass.over === "points") this.#walk(scopes, pass, ids);
      else for (const scope of scopes) for (const store of pass.stores) scope.store(store);
    }
  }

  /** Runs `visit` for every point of the reduce axes, four at a time along a reduced lane axis. */
  #points(
    scopes: readonly Scope[],
    ids: readonly ExpressionId[],
    visit: (scopes: readonly Scope[]) => void,
  ): void {
    const { f } = this.#code;
    const { parallel, reduce } = this.#kernel;
    const accesses = this.#accesses;
    const descend = (outer: readonly Scope[], depth: number): void => {
      if (depth === reduce.length) {
        visit(outer);
        return;
      }
      const axis = parallel.length + depth;
      const { extent } = at(reduce, depth);
      const enter = (lanes: Lanes | null, position: I32 | null) => {
        const scopes = outer.map((scope) => scope.inner(lanes));
        for (const scope of scopes) {
          if (position !== null) scope.bind(axis, position);
          scope.prepare(accesses);
          scope.emit(upTo(this.#plan, ids, LEVEL.reduce + depth));
        }
        descend(scopes, depth + 1);
      };
      if (axis !== this.#plan.lanes.axis) f.count(extent, 1, (position) => enter(null, position));
      else {
        const whole = Math.floor(extent / 4);
        f.count(whole * 16, 16, (bytes) => enter({ bytes, shift: 0, active: 4 }, null));
        if (extent % 4 !== 0) enter({ bytes: null, shift: whole * 4, active: extent % 4 }, null);
      }
    };
    descend(scopes, 0);
  }

  /** A pass over the points: totals of its reductions, and its stores. */
  #walk(scopes: readonly Scope[], { phase, reductions, stores }: Pass, ids: readonly ExpressionId[]): void {
    const { f } = this.#code;
    const along = this.#plan.lanes.axis !== null && !this.#plan.columns;
    const totals = scopes.map(() =>
      reductions.map((reduction): Variable => {
        const type = this.#isWide(reduction) ? "v128" : this.#dtype(reduction) === "f32" ? "f32" : "i32";
        return f.variable<Value["type"]>(type, this.#identity(reduction));
      }),
    );
    this.#points(scopes, ids, (inner) => {
      for (const [order, scope] of inner.entries()) {
        for (const [position, reduction] of reductions.entries()) {
          const total = at(at(totals, order), position);
          total.set(this.#combine(reduction, total.get, this.#next(scope, reduction, along)));
        }
        for (const store of stores) scope.store(store);
      }
    });
    for (const [order, scope] of scopes.entries())
      for (const [position, reduction] of reductions.entries()) {
        const total = at(at(totals, order), position).get;
        const value = f.keep(along ? this.#across(reduction, total as V128) : total);
        for (const [id, expression] of this.#kernel.expressions.entries())
          if (expression.op === "reduction" && expression.phase === phase && expression.position === position)
            scope.define(id, value);
      }
  }

  /** What a point adds to a reduction; lanes beyond the end of a reduced axis add nothing. */
  #next(scope: Scope, reduction: Reduction, along: boolean): Value {
    if (!this.#isWide(reduction)) return scope.scalar(reduction.value);
    const value = scope.vector(reduction.value);
    const { active } = scope.lanes;
    if (!along || active === 4) return value;
    const inside = (lane: number) => (lane < active ? -1 : 0);
    const mask = i32x4.constant(inside(0), inside(1), inside(2), inside(3));
    return v128.select(mask, value, this.#identity(reduction) as V128);
  }

  #dtype(reduction: Reduction): DType {
    return at(this.#kernel.expressions, reduction.value).dtype;
  }

  /** Whether a reduction has four totals: always along a reduced lane axis, and along a parallel one when its values differ. */
  #isWide(reduction: Reduction): boolean {
    const { lanes, columns } = this.#plan;
    return lanes.axis !== null && (!columns || at(lanes.varying, reduction.value));
  }

  #identity(reduction: Reduction): Value {
    const single = this.#dtype(reduction) === "f32";
    const lowest = single ? Number.NEGATIVE_INFINITY : -0x80000000;
    const value = reduction.reducer === "max" ? lowest : 0;
    if (this.#isWide(reduction)) return single ? f32x4.constant(value) : i32x4.constant(value);
    return single ? f32.constant(value) : i32.constant(value);
  }

  #combine(reduction: Reduction, total: Value, next: Value): Value {
    const sum = reduction.reducer === "sum";
    if (this.#isWide(reduction)) {
      const [a, b] = [total as V128, next as V128];
      if (this.#dtype(reduction) === "f32") return sum ? f32x4.add(a, b) : larger(a, this.#code.f.keep(b));
      return (sum ? i32x4.add : i32x4.max)(a, b);
    }
    const [a, b] = [total as Scalar, next as Scalar];
    if (a.type === "f32" && b.type === "f32") return (sum ? f32.add : f32.max)(a, b);
    const [x, y] = [a as I32, b as I32];
    return sum ? i32.add(x, y) : i32.select(i32.gt(x, y), x, y);
  }

  /** The total of four lanes, always in the same order. */
  #across(reduction: Reduction, total: V128): Value {
    const { f } = this.#code;
    const halves = f.keep(this.#combine(reduction, total, v128.shuffle(total, total, [2, 3, 0, 1])) as V128);
    const all = this.#combine(reduction, halves, v128.shuffle(halves, halves, [1, 0, 3, 2])) as V128;
    return this.#dtype(reduction) === "f32" ? f32x4.lane(f.keep(all), 0) : i32x4.lane(f.keep(all), 0);
  }
}
