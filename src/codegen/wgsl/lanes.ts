/**
 * Vector access: whether an invocation handles four neighbouring points along one axis at once (a *lane axis*), which
 * expressions then differ between the four, and which operands are bound as arrays of vec4. Four points cost little more than
 * one on software drivers, whose expense is addressing, and use wide loads on GPUs.
 */
import { at } from "../../base/invariant.ts";
import type { Expression, Index, Kernel } from "../../ir/kernel.ts";
import { expressionOperands } from "../../ir/kernel-walk.ts";
import { accessesOf, directAxes } from "../dependence.ts";

export interface LanePlan {
  /** The axis, or null when an invocation handles single points. */
  readonly axis: number | null;
  /** For each expression: does it differ between the lanes? */
  readonly varying: readonly boolean[];
  /** Operands bound as vec4. */
  readonly vectorOperands: ReadonlySet<number>;
  /** Accesses that step along the lane axis, by how: whole vectors, or element by element. */
  readonly vectorAccesses: number;
  readonly elementAccesses: number;
}

type ExpressionKernel = Exclude<Kernel, { kind: "library" }>;

/** The plan for one lane axis; `vectorReads` names further operands that the caller reads as vec4. */
export function planLanes(
  kernel: ExpressionKernel,
  axis: number | null,
  vectorReads: ReadonlySet<number> = new Set(),
): LanePlan {
  const varying: boolean[] = [];
  for (const expression of kernel.expressions) varying.push(isVarying(kernel, expression, axis, varying));
  const wanted = new Set(vectorReads);
  const refused = new Set<number>();
  let vectorAccesses = 0;
  let elementAccesses = 0;
  for (const access of accessesOf(kernel)) {
    const form = accessForm(access.index, axis, varying);
    if (form === "vector") {
      vectorAccesses++;
      wanted.add(access.operand);
    } else {
      if (form === "elements") elementAccesses++;
      // Writing one component of a vec4 may rewrite the other three, which belong to other invocations.
      if (access.write) refused.add(access.operand);
    }
  }
  const vectorOperands = new Set([...wanted].filter((operand) => !refused.has(operand)));
  return { axis, varying, vectorOperands, vectorAccesses, elementAccesses };
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
  return directAxes(expression).includes(axis) || expressionOperands(expression).some((id) => at(known, id));
}

export type AccessForm = "uniform" | "vector" | "elements";

/** How an access steps along the lane axis: not at all, as aligned vec4, or element by element. */
export function accessForm(index: Index, axis: number | null, varying: readonly boolean[]): AccessForm {
  if (axis === null) return "uniform";
  const stride = index.terms.reduce((sum, term) => (term.axis === axis ? sum + term.stride : sum), 0);
  const dynamicVaries = index.dynamic.some((term) => at(varying, term.value));
  if (stride === 0 && !dynamicVaries) return "uniform";
  return stride === 1 && !dynamicVaries && isAligned(index, axis) ? "vector" : "elements";
}

/** Whether every position of an index with the lane axis at 0 is a multiple of 4. */
export function isAligned(index: Index, laneAxis: number): boolean {
  return (
    index.offset % 4 === 0 &&
    index.terms.every((term) => term.axis === laneAxis || term.stride % 4 === 0) &&
    index.dynamic.every((term) => term.stride % 4 === 0)
  );
}
