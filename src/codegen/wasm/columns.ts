/**
 * Sums down the columns of large matrices. Four to sixteen columns at a time (loop.ts) would touch a new page with every row; here whole stretches
 * of rows are read one after another, and the totals lie in memory: for each column a slot for every reduction, and for what a later phase needs of the column.
 */
import { at } from "../../base/invariant.ts";
import type { Expression, ExpressionId, LoopKernel } from "../../ir/kernel.ts";
import { expressionOperands, reachableExpressions } from "../../ir/kernel-walk.ts";
import type { Access } from "../dependence.ts";
import { expressionLevels } from "../dependence.ts";
import type { I32, V128, Value } from "./instructions.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";
import type { KernelFunction } from "./kernel-function.ts";
import { expressionCost } from "./lanes.ts";
import type { LoopPlan } from "./loop-plan.ts";
import type { Pass, Reduction } from "./passes.ts";
import { passAccesses, passRoots } from "./passes.ts";
import { larger } from "./scalar-functions.ts";
import type { Scope } from "./scope.ts";

/** Columns whose slots are in use at a time. */
const STRETCH = 512;
/** Loops of a phase from the outside: rows of the kernel, the reduce axes, and the columns innermost. */
const COLUMN_LEVEL = 100;

/** Some columns: bytes of the first one, of the end of whole vectors, and whether the last columns of the kernel are among them. */
interface Stretch {
  readonly from: I32;
  readonly to: I32;
  readonly withTail: I32;
}

export class ColumnEmitter {
  readonly #kernel: LoopKernel;
  readonly #plan: LoopPlan;
  readonly #code: KernelFunction;
  readonly #accesses: readonly Access[];
  readonly #levels: readonly number[];
  readonly #columns: number;
  readonly #slots = new Map<string, I32>();

  constructor(plan: LoopPlan, code: KernelFunction) {
    const { kernel, passes } = plan;
    this.#kernel = kernel;
    this.#plan = plan;
    this.#code = code;
    this.#accesses = passAccesses(kernel, passes);
    this.#columns = at(kernel.parallel, plan.lanes.axis ?? 0).extent;
    this.#levels = this.#columnLevels();
    for (const pass of passes) {
      for (const position of pass.reductions.keys()) this.#slot(`total ${pass.phase} ${position}`);
      for (const id of this.#kept(pass)) this.#slot(`value ${id}`);
    }
  }

  #slot(name: string): I32 {
    const slot = this.#slots.get(name) ?? this.#code.scratch(STRETCH * 4);
    this.#slots.set(name, slot);
    return slot;
  }

  #columnLevels(): readonly number[] {
    const { kernel, lanes } = { kernel: this.#kernel, lanes: this.#plan.lanes };
    const levelOf = (axis: number) => {
      if (axis === lanes.axis) return COLUMN_LEVEL;
      return axis < kernel.parallel.length ? 1 : 2 + axis - kernel.parallel.length;
    };
    const own = ({ op }: Expression) => (op === "reduction" ? COLUMN_LEVEL : 0);
    return expressionLevels(kernel.expressions, own, levelOf);
  }

  /** Whether an expression depends on a reduce axis. */
  #isPoint(id: ExpressionId): boolean {
    return at(this.#plan.levels, id) >= 3;
  }

  /** What a pass needs of each column as a whole and what is not found in an instant: computed once, then read from slots. */
  #kept(pass: Pass): readonly ExpressionId[] {
    if (pass.over === "row") return [];
    const { expressions } = this.#kernel;
    const roots = passRoots(pass);
    const ids = reachableExpressions(expressions, roots);
    const used = new Set([
      ...roots,
      ...ids.filter((id) => this.#isPoint(id)).flatMap((id) => expressionOperands(at(expressions, id))),
    ]);
    return ids.filter(
      (id) =>
        used.has(id) &&
        !this.#isPoint(id) &&
        at(this.#plan.lanes.varying, id) &&
        expressionCost(at(expressions, id)) > 0 &&
        at(expressions, id).op !== "load",
    );
  }

  /** All columns of a row of the kernel, or those that belong to this thread. */
  run(row: Scope): void {
    const { f } = this.#code;
    const vectors = Math.floor(this.#columns / 4);
    const shares = this.#plan.sharesLanes;
    const [from, to] = shares ? this.#code.share(vectors, 4) : [i32.constant(0), i32.constant(vectors)];
    const end = f.keep(i32.shl(to, i32.constant(4)));
    const isLast = i32.eq(i32.add(this.#code.thread, i32.constant(1)), this.#code.threads);
    const mayHaveTail = this.#columns % 4 === 0 ? i32.constant(0) : shares ? isLast : i32.constant(1);
    f.range(i32.shl(from, i32.constant(4)), end, STRETCH * 4 - 16, (first) => {
      const next = f.keep(i32.add(first, i32.constant(STRETCH * 4 - 16)));
      const reachesEnd = f.keep(i32.ge(next, end));
      const stretch = {
        from: f.keep(first),
        to: f.keep(i32.select(reachesEnd, end, next)),
        withTail: f.keep(i32.and(reachesEnd, mayHaveTail)),
      };
      for (const pass of this.#plan.passes) this.#pass(row, stretch, pass);
    });
  }

  #pass(row: Scope, stretch: Stretch, pass: Pass): void {
    const { f } = this.#code;
    const { expressions } = this.#kernel;
    const roots = passRoots(pass);
    const kept = this.#kept(pass);
    if (kept.length > 0)
      this.#eachVector(row, stretch, (scope, place) => {
        this.#provide(scope, place, reachableExpressions(expressions, kept), []);
        scope.emit(reachableExpressions(expressions, kept));
        for (const id of kept)
          f.push(v128.store(i32.add(this.#slot(`value ${id}`), place), scope.vector(id)));
      });
    const ids = this.#reachableBefore(roots, new Set(kept));
    const { phase, reductions, stores } = pass;
    if (pass.over === "row") {
      this.#eachVector(row, stretch, (scope, place) => {
        this.#provide(scope, place, ids, kept);
        scope.emit(ids);
        for (const store of stores) scope.store(store);
      });
      return;
    }
    this.#clear(row, stretch, reductions, phase);
    this.#points(row, ids, (point) =>
      this.#eachVector(point, stretch, (scope, place) => {
        this.#provide(scope, place, ids, kept);
        scope.emit(ids);
        for (const [which, reduction] of reductions.entries()) {
          const slot = f.keep(i32.add(this.#slot(`total ${phase} ${which}`), place));
          const total = this.#combine(reduction, v128.load(slot), f.keep(scope.vector(reduction.value)));
          f.push(v128.store(slot, total));
        }
        for (const store of stores) scope.store(store);
      }),
    );
  }

  /** Expressions that lead to the roots, without those behind values from slots. */
  #reachableBefore(roots: readonly ExpressionId[], kept: ReadonlySet<ExpressionId>): readonly ExpressionId[] {
    const found = new Set<ExpressionId>();
    const pending = [...roots];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      if (!kept.has(id)) pending.push(...expressionOperands(at(this.#kernel.expressions, id)));
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Values that lie in slots: reductions of earlier phases and what was kept. */
  #provide(scope: Scope, place: I32, ids: readonly ExpressionId[], kept: readonly ExpressionId[]): void {
    const { f } = this.#code;
    scope.prepare(this.#accesses);
    const load = (name: string) => f.keep(v128.load(i32.add(this.#slot(name), place)));
    for (const id of ids) {
      const expression = at(this.#kernel.expressions, id);
      if (kept.includes(id)) scope.define(id, load(`value ${id}`));
      else if (expression.op === "reduction") {
        const total = load(`total ${expression.phase} ${expression.position}`);
        const wide = at(this.#plan.lanes.varying, id);
        const single: Value = expression.dtype === "f32" ? f32x4.lane(total, 0) : i32x4.lane(total, 0);
        scope.define(id, wide ? total : f.keep(single));
      }
    }
  }

  #clear(row: Scope, stretch: Stretch, reductions: readonly Reduction[], phase: number): void {
    const { f } = this.#code;
    if (reductions.length === 0) return;
    this.#eachVector(row, stretch, (_, place) => {
      for (const [position, reduction] of reductions.entries()) {
        const slot = i32.add(this.#slot(`total ${phase} ${position}`), place);
        f.push(v128.store(slot, this.#identity(reduction)));
      }
    });
  }

  /** Every point of the reduce axes, with what does not differ between columns. */
  #points(row: Scope, ids: readonly ExpressionId[], visit: (scope: Scope) => void): void {
    const { parallel, reduce } = this.#kernel;
    const descend = (outer: Scope, depth: number): void => {
      if (depth === reduce.length) {
        visit(outer);
        return;
      }
      this.#code.f.count(at(reduce, depth).extent, 1, (position) => {
        const scope = outer.inner();
        scope.bind(parallel.length + depth, this.#code.f.keep(position));
        scope.prepare(this.#accesses);
        scope.emit(ids.filter((id) => at(this.#levels, id) <= 2 + depth));
        descend(scope, depth + 1);
      });
    };
    descend(row, 0);
  }

  /** The vectors of a stretch, with their place in slots. */
  #eachVector(outer: Scope, { from, to, withTail }: Stretch, body: (scope: Scope, place: I32) => void): void {
    const { f } = this.#code;
    f.range(from, to, 16, (index) => {
      const bytes = f.keep(index);
      body(outer.inner({ bytes, shift: 0, active: 4 }), f.keep(i32.sub(bytes, from)));
    });
    const rest = this.#columns % 4;
    if (rest === 0) return;
    const whole = this.#columns - rest;
    f.when(withTail, () =>
      body(
        outer.inner({ bytes: null, shift: whole, active: rest }),
        f.keep(i32.sub(i32.constant(whole * 4), from)),
      ),
    );
  }

  #isSingle(reduction: Reduction): boolean {
    return at(this.#kernel.expressions, reduction.value).dtype === "f32";
  }

  #identity(reduction: Reduction): V128 {
    if (reduction.reducer === "sum") return i32x4.constant(0);
    return this.#isSingle(reduction) ? f32x4.constant(Number.NEGATIVE_INFINITY) : i32x4.constant(-0x80000000);
  }

  /** `next` is kept. */
  #combine(reduction: Reduction, total: V128, next: V128): V128 {
    const sum = reduction.reducer === "sum";
    if (this.#isSingle(reduction)) return sum ? f32x4.add(total, next) : larger(total, next);
    return (sum ? i32x4.add : i32x4.max)(total, next);
  }
}
