/** What all scopes of a kernel share: the function that is written, the kernel, and what is known of its operands and indices. */
import { at } from "../../base/invariant.ts";
import type { ExpressionId, Index } from "../../ir/kernel.ts";
import { expressionOperands } from "../../ir/kernel-walk.ts";
import type { FunctionBuilder } from "./function.ts";
import type { I32 } from "./instructions.ts";
import type { ExpressionKernel, LanePlan } from "./lanes.ts";
import { strideAlong } from "./lanes.ts";
import { VectorMath } from "./math.ts";

export interface KernelFrame {
  readonly f: FunctionBuilder;
  readonly math: VectorMath;
  readonly kernel: ExpressionKernel;
  readonly plan: LanePlan;
  /** Start of each operand, in bytes. */
  readonly operands: readonly I32[];
  /** Expressions that are the same in all lanes but meet values that are not. */
  readonly splats: ReadonlySet<ExpressionId>;
  /** How the indices that were asked for step along axes other than the lane axis, ascending. */
  readonly steps: Map<Index, readonly Step[]>;
}

interface Step {
  readonly axis: number;
  readonly stride: number;
  /** Equal for equal steps. */
  readonly key: string;
}

/** How an index steps along axes other than the lane axis. */
export function stepsOf({ steps, plan }: KernelFrame, index: Index): readonly Step[] {
  const known = steps.get(index);
  if (known !== undefined) return known;
  const made = [...new Set(index.terms.map(({ axis }) => axis))]
    .filter((axis) => axis !== plan.axis)
    .sort((a, b) => a - b)
    .map((axis) => ({ axis, stride: strideAlong(index, axis) }))
    .filter(({ stride }) => stride !== 0)
    .map(({ axis, stride }): Step => ({ axis, stride, key: ` ${axis}*${stride}` }));
  steps.set(index, made);
  return made;
}

export function makeFrame(
  f: FunctionBuilder,
  fused: boolean,
  kernel: ExpressionKernel,
  plan: LanePlan,
  operands: readonly I32[],
): KernelFrame {
  const splats = new Set<ExpressionId>();
  for (const [id, expression] of kernel.expressions.entries()) {
    if (!at(plan.varying, id) || expression.op === "load") continue;
    for (const operand of expressionOperands(expression)) if (!at(plan.varying, operand)) splats.add(operand);
  }
  return { f, math: new VectorMath(f, fused), kernel, plan, operands, splats, steps: new Map() };
}
