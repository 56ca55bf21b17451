/**
 * Expressions of a kernel as WebAssembly, nested like the loops around them: a scope knows the positions along some axes, the values computed there,
 * and the addresses that follow from the positions; inner scopes see what outer ones have. Values that differ between lanes are vectors, others single numbers.
 */
import { at, CompilerBug, invariant } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { Expression, ExpressionId, Index, Store } from "../../ir/kernel.ts";
import type { Address } from "./access.ts";
import { loadVector, storeVector } from "./access.ts";
import { castScalar, castVector } from "./casts.ts";
import type { I32, V128, Value } from "./instructions.ts";
import { f32, f32x4, i32, i32x4, v128 } from "./instructions.ts";
import type { KernelFrame } from "./kernel-frame.ts";
import { stepsOf } from "./kernel-frame.ts";
import { laneStride, strideAlong } from "./lanes.ts";
import { randomNumbers } from "./random.ts";
import type { Scalar } from "./scalar-functions.ts";
import { binaryScalar, binaryVector, unaryScalar, unaryVector } from "./scalar-functions.ts";

/** The four lanes of a scope: lane 0 stands at `bytes / 4 + shift` along the lane axis. */
export interface Lanes {
  /** 4 times a position; null: 0. */
  readonly bytes: I32 | null;
  readonly shift: number;
  /** Lanes that lie inside the axis. */
  readonly active: number;
}

const NO_LANES: Lanes = { bytes: null, shift: 0, active: 1 };

export class Scope {
  readonly #frame: KernelFrame;
  readonly #parent: Scope | null;
  readonly #values = new Map<ExpressionId, Value>();
  readonly #splats = new Map<ExpressionId, V128>();
  readonly #positions = new Map<number, I32>();
  readonly #bases = new Map<string, I32>();
  readonly lanes: Lanes;

  static readonly #valuesOf = (scope: Scope) => scope.#values;
  static readonly #splatsOf = (scope: Scope) => scope.#splats;
  static readonly #positionsOf = (scope: Scope) => scope.#positions;
  static readonly #basesOf = (scope: Scope) => scope.#bases;

  constructor(frame: KernelFrame, parent: Scope | null = null, lanes: Lanes | null = null) {
    this.#frame = frame;
    this.#parent = parent;
    this.lanes = lanes ?? parent?.lanes ?? NO_LANES;
  }

  /** A scope inside this one; `lanes` when the lane axis is entered. */
  inner(lanes: Lanes | null = null): Scope {
    return new Scope(this.#frame, this, lanes);
  }

  /** Says where the scope stands along an axis other than the lane axis. */
  bind(axis: number, position: I32): void {
    this.#positions.set(axis, position);
  }

  /** Gives an expression a value from outside: a reduction or the accumulator. */
  define(id: ExpressionId, value: Value): void {
    this.#values.set(id, value);
    const { f, splats } = this.#frame;
    if (value.type !== "v128" && splats.has(id)) this.#splats.set(id, f.keep(this.#splat(id)));
  }

  /** Computes addresses as far as they follow from the positions that are bound here. */
  prepare(accesses: readonly { readonly operand: number; readonly index: Index }[]): void {
    for (const { operand, index } of accesses) {
      const own = index.terms.some(({ axis }) => this.#positions.has(axis));
      if (own) this.#base(operand, index);
    }
  }

  /** Whether a value is at hand. */
  has(id: ExpressionId): boolean {
    return this.#value(id) !== undefined;
  }

  /** Computes expressions, operands first; those at hand are left out. */
  emit(ids: readonly ExpressionId[]): void {
    for (const id of ids) if (!this.has(id)) this.#emit(id);
  }

  #emit(id: ExpressionId): void {
    const { f, kernel, plan, splats } = this.#frame;
    const expression = at(kernel.expressions, id);
    if (expression.op === "constant") return;
    const value = at(plan.varying, id) ? this.#vectorOf(expression) : this.#scalarOf(expression);
    this.#values.set(id, f.keep(value));
    if (splats.has(id)) this.#splats.set(id, f.keep(this.#splat(id)));
  }

  /** The value of an expression that is the same in all lanes. */
  scalar(id: ExpressionId): Scalar {
    const expression = at(this.#frame.kernel.expressions, id);
    if (expression.op === "constant")
      return expression.dtype === "f32" ? f32.constant(expression.value) : i32.constant(expression.value);
    const value = this.#value(id);
    if (value?.type === "f32" || value?.type === "i32") return value as Scalar;
    throw new CompilerBug(
      `expression ${id} (${expression.op}) of ${this.#frame.kernel.name} is no number here`,
    );
  }

  /** The four values of an expression. */
  vector(id: ExpressionId): V128 {
    const expression = at(this.#frame.kernel.expressions, id);
    if (expression.op === "constant") return constantVector(expression);
    const known = this.#innermost(Scope.#splatsOf, id);
    if (known !== undefined) return known;
    if (!at(this.#frame.plan.varying, id)) return this.#splat(id);
    const value = this.#value(id);
    invariant(value?.type === "v128", () => `expression ${id} (${expression.op}) is no vector here`);
    return value as V128;
  }

  #splat(id: ExpressionId): V128 {
    const value = this.scalar(id);
    if (value.type === "f32") return f32x4.splat(value);
    const isBool = at(this.#frame.kernel.expressions, id).dtype === "bool";
    return i32x4.splat(isBool ? i32.sub(i32.constant(0), value) : value);
  }

  #integer(id: ExpressionId): I32 {
    const value = this.scalar(id);
    invariant(value.type === "i32", () => `expression ${id} is no whole number`);
    return value;
  }

  #value(id: ExpressionId): Value | undefined {
    return this.#innermost(Scope.#valuesOf, id);
  }

  #position(axis: number): I32 | undefined {
    return this.#innermost(Scope.#positionsOf, axis);
  }

  /** What the innermost scope from here outwards that has anything under a key has there. */
  #innermost<Key, Found>(tableOf: (scope: Scope) => ReadonlyMap<Key, Found>, key: Key): Found | undefined {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#parent) {
      const found = tableOf(scope).get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Address of an index without its offset, lane axis and dynamic terms. Operands that step alike share it. */
  #base(operand: number, index: Index): I32 {
    const { f, operands } = this.#frame;
    const bound = stepsOf(this.#frame, index).filter(({ axis }) => this.#position(axis) !== undefined);
    let [all, outer] = [String(operand), String(operand)];
    for (const { axis, key } of bound) {
      all += key;
      if (!this.#positions.has(axis)) outer += key;
    }
    const known = this.#innermost(Scope.#basesOf, all);
    if (known !== undefined) return known;
    const begun = this.#innermost(Scope.#basesOf, outer);
    let base = begun ?? at(operands, operand);
    for (const { axis, stride } of bound)
      if (begun === undefined || this.#positions.has(axis))
        base = i32.add(base, scaled(this.#position(axis), stride * 4));
    const kept = f.keep(base);
    this.#bases.set(all, kept);
    return kept;
  }

  /** Where an access lies: its lanes may step by a stride, or go their own ways. */
  #address(operand: number, index: Index): Address {
    const { f, plan } = this.#frame;
    const stride = laneStride(index, plan);
    const along = plan.axis === null ? 0 : strideAlong(index, plan.axis);
    let base = this.#base(operand, index);
    const apart: { readonly value: V128; readonly bytes: number }[] = [];
    for (const term of index.dynamic) {
      if (at(plan.varying, term.value))
        apart.push({ value: this.vector(term.value), bytes: term.stride * 4 });
      else base = i32.add(base, scaled(this.#integer(term.value), term.stride * 4));
    }
    if (along !== 0 && this.lanes.bytes !== null) base = i32.add(base, scaled(this.lanes.bytes, along));
    const offset = (index.offset + along * this.lanes.shift) * 4;
    return { base: f.keep(base), offset, laneBytes: along * 4, apart: stride === null ? apart : [] };
  }

  #load(expression: Extract<Expression, { op: "load" }>): Value {
    const { f, plan } = this.#frame;
    const { operand, index, guard, dtype } = expression;
    const address = this.#address(operand, index);
    const varies = laneStride(index, plan) !== 0;
    const loadScalar = () => scalarLoad(address, dtype);
    if (guard === null) {
      if (!varies) return loadScalar();
      return asTruth(loadVector(f, address, this.lanes.active, null), dtype);
    }
    if (at(plan.varying, guard)) {
      const mask = f.keep(this.vector(guard));
      if (varies) return asTruth(loadVector(f, address, this.lanes.active, mask), dtype);
      const result = f.variable("v128", i32x4.constant(0));
      f.when(v128.anyTrue(mask), () =>
        result.set(v128.and(v128.loadSplat(address.base, address.offset), mask)),
      );
      return asTruth(result.get, dtype);
    }
    const condition = this.#integer(guard);
    if (varies) {
      const result = f.variable("v128", i32x4.constant(0));
      f.when(condition, () => result.set(loadVector(f, address, this.lanes.active, null)));
      return asTruth(result.get, dtype);
    }
    if (dtype === "f32") {
      const result = f.variable("f32", f32.constant(0));
      f.when(condition, () => result.set(f32.load(address.base, address.offset)));
      return result.get;
    }
    const result = f.variable("i32", i32.constant(0));
    f.when(condition, () => result.set(i32.load(address.base, address.offset)));
    return result.get;
  }

  #vectorOf(expression: Expression): Value {
    const { f, math, kernel } = this.#frame;
    const value = (id: ExpressionId) => f.keep(this.vector(id));
    const typeOf = (id: ExpressionId): DType => at(kernel.expressions, id).dtype;
    switch (expression.op) {
      case "axis": {
        const { bytes, shift } = this.lanes;
        const steps = i32x4.constant(shift, shift + 1, shift + 2, shift + 3);
        if (bytes === null) return steps;
        return i32x4.add(i32x4.splat(i32.shrUnsigned(bytes, i32.constant(2))), steps);
      }
      case "load":
        return this.#load(expression);
      case "unary":
        return unaryVector(math, expression.function, value(expression.value), expression.dtype);
      case "binary": {
        const { left, right } = expression;
        return binaryVector(f, expression.function, value(left), value(right), typeOf(left));
      }
      case "power":
        return math.power(value(expression.base), expression.exponent);
      case "cast":
        return castVector(this.vector(expression.value), typeOf(expression.value), expression.dtype);
      case "select": {
        const { condition, whenTrue, whenFalse } = expression;
        return v128.select(this.vector(condition), this.vector(whenTrue), this.vector(whenFalse));
      }
      case "random": {
        const { seed, counter, index, site, distribution } = expression;
        const state = {
          seed: this.vector(seed),
          counter: this.vector(counter),
          index: this.vector(index),
          site,
        };
        return randomNumbers(f, math.fused, distribution, state);
      }
      default:
        throw new CompilerBug(`${expression.op} of ${kernel.name} is not at hand`);
    }
  }

  #scalarOf(expression: Expression): Value {
    const { f, math, kernel } = this.#frame;
    const value = (id: ExpressionId) => f.keep(this.scalar(id));
    const typeOf = (id: ExpressionId): DType => at(kernel.expressions, id).dtype;
    switch (expression.op) {
      case "axis": {
        const position = this.#position(expression.axis);
        invariant(position !== undefined, `axis ${expression.axis} of ${kernel.name} is not bound`);
        return position;
      }
      case "load":
        return this.#load(expression);
      case "unary":
        return unaryScalar(f, math, expression.function, value(expression.value), expression.dtype);
      case "binary":
        return binaryScalar(expression.function, value(expression.left), value(expression.right));
      case "power": {
        const base = f.keep(f32x4.splat(asSingle(this.scalar(expression.base))));
        return f32x4.lane(math.power(base, expression.exponent), 0);
      }
      case "cast":
        return castScalar(this.scalar(expression.value), typeOf(expression.value), expression.dtype);
      case "select": {
        const condition = this.#integer(expression.condition);
        const [a, b] = [this.scalar(expression.whenTrue), this.scalar(expression.whenFalse)];
        if (a.type === "f32" && b.type === "f32") return f32.select(condition, a, b);
        invariant(a.type === "i32" && b.type === "i32", "both sides of a select have one type");
        return i32.select(condition, a, b);
      }
      case "random": {
        const splat = (id: ExpressionId) => f.keep(i32x4.splat(this.#integer(id)));
        const { seed, counter, index, site, distribution } = expression;
        const state = { seed: splat(seed), counter: splat(counter), index: splat(index), site };
        return f32x4.lane(randomNumbers(f, math.fused, distribution, state), 0);
      }
      default:
        throw new CompilerBug(`${expression.op} of ${kernel.name} is not at hand`);
    }
  }

  /** Stores the value of an expression. */
  store({ operand, index, value }: Store): void {
    const { f, kernel, plan } = this.#frame;
    const { dtype } = at(kernel.expressions, value);
    const address = this.#address(operand, index);
    const still = laneStride(index, plan) === 0;
    if (still && !at(plan.varying, value)) {
      const single = this.scalar(value);
      f.push(
        single.type === "f32"
          ? f32.store(address.base, single, address.offset)
          : i32.store(address.base, single, address.offset),
      );
      return;
    }
    const lanes = this.vector(value);
    const stored = dtype === "bool" ? v128.and(lanes, i32x4.constant(1)) : lanes;
    // An axis of extent 1 has no stride.
    storeVector(f, address, f.keep(stored), still ? 1 : this.lanes.active);
  }
}

function scaled(position: I32 | undefined, factor: number): I32 {
  invariant(position !== undefined, "positions are bound before addresses are computed");
  return factor === 1 ? position : i32.mul(position, i32.constant(factor));
}

function constantVector({ value, dtype }: Extract<Expression, { op: "constant" }>): V128 {
  if (dtype === "f32") return f32x4.constant(value);
  return i32x4.constant(dtype === "bool" ? -value : value);
}

function asSingle(value: Scalar) {
  invariant(value.type === "f32", "a number of type f32");
  return value;
}

function scalarLoad({ base, offset }: Address, dtype: DType): Scalar {
  return dtype === "f32" ? f32.load(base, offset) : i32.load(base, offset);
}

/** Elements of type bool are 0 or 1 in memory, and all bits of a lane in vectors. */
function asTruth(value: V128, dtype: DType): V128 {
  return dtype === "bool" ? i32x4.neg(value) : value;
}
