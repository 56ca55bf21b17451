/** Which parts of a step stay in the loop. */
import type { Node } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { type Replacement, topologicalOrder } from "./graph-walk.ts";
import type { ScanStep } from "./scan-build.ts";

export interface Parts {
  /** Everything that the results need, operands before their users. */
  readonly order: readonly Node[];
  /** What the step has placeholders for. */
  readonly placeholders: ReadonlySet<Node>;
  /** What may differ from step to step. */
  readonly varies: ReadonlySet<Node>;
  /** What is the same in every step and yet needs a placeholder. */
  readonly renamed: ReadonlySet<Node>;
  /** What needs a state. */
  readonly stateful: ReadonlySet<Node>;
  /** What must be computed step by step: it needs a state, and a next state needs it. */
  readonly inLoop: ReadonlySet<Node>;
}

export function partsOf(g: GraphBuilder, step: ScanStep): Parts {
  const { states, sequences, outputs, sums, constants = [] } = step;
  const order = topologicalOrder([...states.map(({ next }) => next), ...outputs, ...sums]);
  const before = new Set(states.map((state) => state.before));
  const varies = new Set([...before, ...sequences.map((sequence) => sequence.step)]);
  const renamed = new Set(constants.map((constant) => constant.step));
  const placeholders = new Set([...varies, ...renamed]);
  const stateful = new Set(before);
  const bound: Node[] = states.map(({ next }) => next);
  for (const node of order) {
    if (placeholders.has(node)) continue;
    const reads = (set: ReadonlySet<Node>) => node.inputs.some((input) => set.has(input));
    if (!reads(varies)) {
      if (reads(renamed)) renamed.add(node);
      continue;
    }
    varies.add(node);
    const alone = !canStack(g, node, varies);
    if (alone) bound.push(node);
    if (alone || reads(stateful)) stateful.add(node);
  }
  return { order, placeholders, varies, renamed, stateful, inLoop: closure(bound, stateful, before) };
}

/** The step with what `rewrite` makes of nodes that may differ from step to step; where that is null, the same on replaced operands. */
export function rewriteStep(
  g: GraphBuilder,
  step: ScanStep,
  { order, varies, placeholders }: Parts,
  rewrite: (node: Node, replacement: Replacement) => Node | null,
): ScanStep {
  const made = new Map<Node, Node>();
  const replacement: Replacement = (node) => made.get(node) ?? node;
  for (const node of order) {
    if (!varies.has(node) || placeholders.has(node)) continue;
    const next = g.withOrigin(
      node.origin,
      () => rewrite(node, replacement) ?? g.remade(node, node.inputs.map(replacement)),
    );
    if (next !== node) made.set(node, next);
  }
  return {
    ...step,
    states: step.states.map((state) => ({ ...state, next: replacement(state.next) })),
    outputs: step.outputs.map(replacement),
    sums: step.sums.map(replacement),
  };
}

/** The nodes of `within` that `roots` need, without `leaves`. */
function closure(
  roots: readonly Node[],
  within: ReadonlySet<Node>,
  leaves: ReadonlySet<Node>,
): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node) || leaves.has(node) || !within.has(node)) continue;
    found.add(node);
    open.push(...node.inputs);
  }
  return found;
}

/** Whether a node of all steps can be one node with a leading axis. */
function canStack(g: GraphBuilder, node: Node, varies: ReadonlySet<Node>): boolean {
  switch (node.op) {
    case "sum":
    case "max":
    case "matmul":
    case "sparsemax":
      return true;
    case "take":
      return node.inputs[0] !== undefined && !varies.has(node.inputs[0]);
    default: {
      const { scheduling } = g.ops[node.op];
      return scheduling === "elementwise" || scheduling === "view";
    }
  }
}
