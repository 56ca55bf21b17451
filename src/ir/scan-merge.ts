/**
 * A decoder that runs freely reads its own last state as input: its gates are h W_x + h W_h. As h (W_x + W_h), a step has one product, and the sum of the weights is
 * made once, before the loop.
 */
import type { Node } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { type Replacement, sameShape } from "./graph-walk.ts";
import type { ScanStep } from "./scan-build.ts";
import { type Parts, partsOf, rewriteStep } from "./scan-parts.ts";

/** The same step; products of one value with several matrices that are the same in every step are one product, where only their sum is needed. */
export function mergeProducts(g: GraphBuilder, step: ScanStep): ScanStep {
  const parts = partsOf(g, step);
  const users = countUsers(step, parts);
  return rewriteStep(g, step, parts, (node, replacement) => mergedSum(g, node, parts, users, replacement));
}

/** How many nodes and results of the step read a node. */
function countUsers({ states, outputs, sums }: ScanStep, { order }: Parts): ReadonlyMap<Node, number> {
  const users = new Map<Node, number>();
  const read = [
    ...states.map(({ next }) => next),
    ...outputs,
    ...sums,
    ...order.flatMap(({ inputs }) => inputs),
  ];
  for (const node of read) users.set(node, (users.get(node) ?? 0) + 1);
  return users;
}

/** A sum of which some summands are products of one value, with these as one; null where there are none. */
function mergedSum(
  g: GraphBuilder,
  node: Node,
  { varies, stateful }: Parts,
  users: ReadonlyMap<Node, number>,
  replacement: Replacement,
): Node | null {
  if (node.op !== "add") return null;
  const rights = new Map<Node, Node[]>();
  const others: Node[] = [];
  const visit = (summand: Node): void => {
    const only = users.get(summand) === 1;
    if (summand === node || (summand.op === "add" && only)) {
      for (const input of summand.inputs) visit(input);
      return;
    }
    const [left, right] = summand.op === "matmul" && only ? summand.inputs : [];
    if (left === undefined || right === undefined || !stateful.has(left) || varies.has(right))
      others.push(summand);
    else rights.set(left, [...(rights.get(left) ?? []), right]);
  };
  visit(node);
  const groups = [...rights];
  const fits = groups.every(
    ([, [first, ...more]]) => first !== undefined && more.every((each) => sameShape(each.shape, first.shape)),
  );
  if (!fits || groups.every(([, matrices]) => matrices.length < 2)) return null;
  const products = groups.map(([left, matrices]) =>
    g.matmul(
      replacement(left),
      matrices.reduce((a, b) => g.add(a, b)),
    ),
  );
  return [...others.map(replacement), ...products].reduce((a, b) => g.add(a, b));
}
