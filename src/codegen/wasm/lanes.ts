/** Which axis runs through the lanes of vectors, and what differs between the four lanes. */
import { at } from "../../base/invariant.ts";
import type { Expression, ExpressionId, Index, Kernel } from "../../ir/kernel.ts";
import { expressionOperands } from "../../ir/kernel-walk.ts";
import { accessesOf, directAxes } from "../dependence.ts";

export type ExpressionKernel = Exclude<Kernel, { kind: "library" }>;

export interface LanePlan {
  /** Null: every value is a single number. */
  readonly axis: number | null;
  /** For each expression: does it differ between the lanes? */
  readonly varying: readonly boolean[];
}

export function planLanes(kernel: ExpressionKernel, axis: number | null): LanePlan {
  const varying: boolean[] = [];
  for (const expression of kernel.expressions) varying.push(isVarying(kernel, expression, axis, varying));
  return { axis, varying };
}

function isVarying(
  kernel: ExpressionKernel,
  expression: Expression,
  axis: number | null,
  known: readonly boolean[],
): boolean {
  if (axis === null) return false;
  if (expression.op === "accumulator") return true;
  if (expression.op === "reduction" && kernel.kind === "loop") {
    const phase = at(kernel.phases, expression.phase);
    if (phase.kind !== "reduce" || axis >= kernel.parallel.length) return false;
    return at(known, at(phase.reductions, expression.position).value);
  }
  if (directAxes(expression).includes(axis)) return true;
  for (const id of expressionOperands(expression)) if (at(known, id)) return true;
  return false;
}

/** Distance between the places of neighbouring lanes, in elements; null when each lane has an index of its own. */
export function laneStride(index: Index, plan: LanePlan): number | null {
  if (plan.axis === null) return 0;
  if (index.dynamic.some((term) => at(plan.varying, term.value))) return null;
  return strideAlong(index, plan.axis);
}

export function strideAlong(index: Index, axis: number): number {
  let sum = 0;
  for (const term of index.terms) if (term.axis === axis) sum += term.stride;
  return sum;
}

/** How well an axis suits the lanes: accesses of whole vectors against those that go element by element. */
export function laneGain(kernel: ExpressionKernel, axis: number): number {
  const plan = planLanes(kernel, axis);
  let gain = 0;
  for (const access of accessesOf(kernel)) {
    const stride = laneStride(access.index, plan);
    if (stride === 1) gain += 1;
    else if (stride !== 0) gain -= access.write ? 2 : 1;
  }
  return gain;
}

/** What an expression costs in instructions, roughly. */
export function expressionCost(expression: Expression): number {
  switch (expression.op) {
    case "constant":
    case "axis":
    case "reduction":
    case "accumulator":
      return 0;
    case "random":
      return 180;
    case "power":
      return Number.isInteger(expression.exponent * 2) ? 3 : 60;
    case "unary":
      return UNARY_COST[expression.function] ?? 1;
    case "binary":
      return BINARY_COST[expression.function] ?? 1;
    default:
      return 1;
  }
}

const UNARY_COST: Readonly<Record<string, number>> = {
  exp: 18,
  log: 26,
  log1p: 40,
  tanh: 38,
  sigmoid: 28,
  softplus: 60,
  erf: 45,
  sin: 32,
  cos: 32,
};
const BINARY_COST: Readonly<Record<string, number>> = { integer_divide: 30, remainder: 30, divide: 4 };

/** Sum over some expressions. */
export function totalCost(expressions: readonly Expression[], ids: readonly ExpressionId[]): number {
  return ids.reduce((sum, id) => sum + expressionCost(at(expressions, id)), 0);
}
