/**
 * Scalar expressions as WGSL statements: each expression becomes one `let` in the scope where it is asked for. With a lane axis
 * (see lanes.ts), expressions that differ between the lanes are vec4, and the others stay scalar.
 */
import { at, invariant } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { Expression, ExpressionId, Index, Operand, Store } from "../../ir/kernel.ts";
import { binaryText, castText, powerText, unaryText } from "./functions.ts";
import type { LanePlan } from "./lanes.ts";
import { accessForm } from "./lanes.ts";
import { affine, component, eachLane, literal, valueType } from "./text.ts";

export interface ExpressionNames {
  /** i32 text of the position along an axis; for the lane axis, the position of the first lane. */
  readonly axis: (axis: number) => string;
  /** i32 text of the position along the lane axis divided by 4. */
  readonly laneGroup: string;
  readonly reduction: (phase: number, position: number) => string;
  readonly accumulator: string;
}

export class ExpressionWriter {
  readonly #expressions: readonly Expression[];
  readonly #operands: readonly Operand[];
  readonly #lanes: LanePlan;
  readonly #names: ExpressionNames;

  constructor(
    kernel: { readonly expressions: readonly Expression[]; readonly operands: readonly Operand[] },
    lanes: LanePlan,
    names: ExpressionNames,
  ) {
    this.#expressions = kernel.expressions;
    this.#operands = kernel.operands;
    this.#lanes = lanes;
    this.#names = names;
  }

  /** The statements that compute an expression; none for those that are written where they are used. Operands must be in scope. */
  statements(id: ExpressionId): readonly string[] {
    const expression = at(this.#expressions, id);
    if (isInline(expression)) return [];
    const vector = at(this.#lanes.varying, id);
    const setup: string[] = [];
    const text =
      expression.op === "load" ? this.#load(id, expression, setup) : this.#text(expression, vector);
    return [...setup, `let e${id}: ${valueType(expression.dtype, vector)} = ${text};`];
  }

  /** The value of an expression as text; `vector` asks for all four lanes. */
  value(id: ExpressionId, vector = false): string {
    const expression = at(this.#expressions, id);
    const text = isInline(expression) ? this.#inline(expression) : `e${id}`;
    return vector && !at(this.#lanes.varying, id) ? `${valueType(expression.dtype, true)}(${text})` : text;
  }

  /** Statements that store a value; its operands must be in scope. */
  store(store: Store): readonly string[] {
    const buffer = operandName(store.operand);
    const { dtype } = at(this.#operands, store.operand);
    const form = accessForm(store.index, this.#lanes.axis, this.#lanes.varying);
    const stored = (text: string, vector: boolean) =>
      dtype === "bool"
        ? vector
          ? `select(vec4<u32>(0u), vec4<u32>(1u), ${text})`
          : `select(0u, 1u, ${text})`
        : text;
    if (form === "uniform") {
      invariant(!at(this.#lanes.varying, store.value), "a store at one place has four values");
      return [`${buffer}[${this.#index(store.index)}] = ${stored(this.value(store.value), false)};`];
    }
    const value = stored(this.value(store.value, true), true);
    if (form === "vector" && this.#lanes.vectorOperands.has(store.operand)) {
      return [`${buffer}[${this.#vectorIndex(store.index)}] = ${value};`];
    }
    const index = this.#laneIndices(store.index);
    return [
      "{",
      `let place = ${index};`,
      `let value = ${value};`,
      ...[0, 1, 2, 3].map((lane) => `${buffer}[place.${component(lane)}] = value.${component(lane)};`),
      "}",
    ];
  }

  #inline(expression: Expression): string {
    switch (expression.op) {
      case "constant":
        return literal(expression.value, expression.dtype);
      case "axis":
        if (expression.axis !== this.#lanes.axis) return this.#names.axis(expression.axis);
        return `(${this.#names.axis(expression.axis)} + vec4<i32>(0, 1, 2, 3))`;
      case "reduction":
        return this.#names.reduction(expression.phase, expression.position);
      case "accumulator":
        return this.#names.accumulator;
      default:
        invariant(false, `${expression.op} is not written in place`);
    }
  }

  #text(expression: Expression, vector: boolean): string {
    const value = (id: ExpressionId) => this.value(id, vector);
    const typeOf = (id: ExpressionId): DType => at(this.#expressions, id).dtype;
    switch (expression.op) {
      case "unary":
        return unaryText(expression.function, value(expression.value), expression.dtype, vector);
      case "binary":
        return binaryText(expression.function, value(expression.left), value(expression.right));
      case "power":
        return powerText(value(expression.base), expression.exponent, vector);
      case "cast":
        return castText(value(expression.value), typeOf(expression.value), expression.dtype, vector);
      case "select":
        return `select(${value(expression.whenFalse)}, ${value(expression.whenTrue)}, ${value(expression.condition)})`;
      case "random":
        return this.#random(expression, vector);
      default:
        return this.#inline(expression);
    }
  }

  #random(expression: Extract<Expression, { op: "random" }>, vector: boolean): string {
    const type = vector ? "vec4<u32>" : "u32";
    const word = (id: ExpressionId) => `${type}(${this.value(id, vector)})`;
    const name = `random_${expression.distribution}${vector ? "4" : ""}`;
    return `${name}(${word(expression.seed)}, ${expression.site >>> 0}u, ${word(expression.index)}, ${word(expression.counter)})`;
  }

  /** Adds to `setup` what must stand before the load. */
  #load(id: ExpressionId, expression: Extract<Expression, { op: "load" }>, setup: string[]): string {
    const { operand, index, guard, dtype } = expression;
    const form = accessForm(index, this.#lanes.axis, this.#lanes.varying);
    const asVector = this.#lanes.vectorOperands.has(operand);
    const guardVaries = guard !== null && at(this.#lanes.varying, guard);
    const buffer = operandName(operand);
    // Where the guard is false the index may point anywhere: element 0 is read in its place and the value dropped.
    const guarded = (place: string, wide: boolean) => {
      if (guard === null) return place;
      const zero = wide ? "vec4<i32>(0)" : "0";
      return `select(${zero}, ${place}, ${this.value(guard, wide)})`;
    };
    const element = (place: string) => (asVector ? elementOfVector(buffer, place) : `${buffer}[${place}]`);
    let value: string;
    let wide = true;
    if (form === "vector" && asVector && !guardVaries)
      value = `${buffer}[${guarded(this.#vectorIndex(index), false)}]`;
    else if (form === "vector" && asVector) {
      // A vector in which the guard is true for any lane lies inside the operand; of the others nothing is kept.
      const last = Math.ceil(at(this.#operands, operand).elements / 4) - 1;
      value = `${buffer}[clamp(${this.#vectorIndex(index)}, 0, ${last})]`;
    } else if (form === "uniform" && !guardVaries) {
      value = element(guarded(this.#index(index), false));
      wide = false;
    } else {
      const storedVector = dtype === "bool" ? "vec4<u32>" : valueType(dtype, true);
      setup.push(`let places${id} = ${guarded(this.#laneIndices(index), true)};`);
      value = eachLane(storedVector, (lane) => element(`places${id}.${component(lane)}`));
    }
    const converted = dtype === "bool" ? `(${value} != ${wide ? "vec4<u32>(0u)" : "0u"})` : value;
    if (guard === null) return converted;
    const zero = wide ? `${valueType(dtype, true)}(${literal(0, dtype)})` : literal(0, dtype);
    return `select(${zero}, ${converted}, ${this.value(guard, wide && guardVaries)})`;
  }

  #dynamicTerms(index: Index, vector: boolean): readonly (readonly [string, number])[] {
    return index.dynamic.map((term) => [this.value(term.value, vector), term.stride] as const);
  }

  /** The place of an access that is the same for all lanes (or with a lane axis at its first lane). */
  #index(index: Index): string {
    return affine(index.offset, [
      ...index.terms.map((term) => [this.#names.axis(term.axis), term.stride] as const),
      ...this.#dynamicTerms(index, false),
    ]);
  }

  #vectorIndex(index: Index): string {
    const steady = index.terms.filter((term) => term.axis !== this.#lanes.axis);
    const terms = steady.map((term) => [this.#names.axis(term.axis), term.stride / 4] as const);
    const dynamic = this.#dynamicTerms(index, false).map(([text, stride]) => [text, stride / 4] as const);
    return affine(index.offset / 4, [...terms, [this.#names.laneGroup, 1], ...dynamic]);
  }

  #laneIndices(index: Index): string {
    const stride = index.terms.reduce(
      (sum, term) => (term.axis === this.#lanes.axis ? sum + term.stride : sum),
      0,
    );
    const dynamicVaries = index.dynamic.some((term) => at(this.#lanes.varying, term.value));
    const terms = index.terms.map((term) => [this.#names.axis(term.axis), term.stride] as const);
    const start = affine(index.offset, [...terms, ...this.#dynamicTerms(index, dynamicVaries)]);
    const lanes = [0, 1, 2, 3].map((lane) => lane * stride).join(", ");
    return `vec4<i32>(${start}) + vec4<i32>(${lanes})`;
  }
}

/** One element of an operand that is bound as vec4. */
export function elementOfVector(buffer: string, place: string): string {
  return `${buffer}[(${place}) >> 2u][(${place}) & 3]`;
}

function isInline(expression: Expression): boolean {
  return (
    expression.op === "constant" ||
    expression.op === "axis" ||
    expression.op === "reduction" ||
    expression.op === "accumulator"
  );
}

/** Name of an operand's binding. */
export function operandName(operand: number): string {
  return `operand${operand}`;
}
