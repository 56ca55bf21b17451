/** In which order nodes become the lanes of a stack: that of their weights in the arena, or of the stacks that they read. */
import { at } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { ops } from "../../ops/index.ts";
import type { Lane, Lanes } from "./lanes.ts";

/** How many nodes below an operand are looked at to find a lane. */
const MOST_STEPS = 24;

/** Positions that sort `nodes`, found in the operand that tells most of them apart; weights before anything else. */
export function laneOrder(
  nodes: readonly Node[],
  operandsOf: (node: Node) => readonly Node[],
  lanes: Lanes,
): readonly Node[] {
  const positions = at(nodes, 0).inputs.map((_, position) => nodes.map((node) => operandsOf(node)[position]));
  let best: readonly (readonly [number, number])[] | null = null;
  let [most, fewest] = [1, 0];
  for (const search of [weightOf, laneBelow]) {
    for (const operands of positions) {
      const found = operands.map((operand) => (operand === undefined ? null : search(operand, lanes)));
      const places = found.map((lane): readonly [number, number] =>
        lane === null ? [-1, 0] : [stackNumber(lane), lane.lane],
      );
      const distinct = new Set(places.map((place) => place.join(" "))).size;
      const stacks = new Set(places.map(([stack]) => stack)).size;
      if (distinct > most || (distinct === most && stacks < fewest))
        [best, most, fewest] = [places, distinct, stacks];
    }
    if (most === nodes.length) break;
  }
  if (best === null) return nodes;
  const known = new Map(nodes.map((node, index) => [node, best[index] ?? [0, 0]] as const));
  return [...nodes].sort((a, b) => {
    const [first, second] = [known.get(a) ?? [0, 0], known.get(b) ?? [0, 0]];
    return first[0] - second[0] || first[1] - second[1] || a.id - b.id;
  });
}

/** A parameter of which the operand is a view. */
function weightOf(operand: Node, lanes: Lanes): Lane | null {
  let node = operand;
  while (ops[node.op].scheduling === "view" && lanes.of(node) === null) node = at<Node>(node.inputs, 0);
  const lane = lanes.of(node);
  return lane?.stack.kind === "arena" ? lane : null;
}

/** The nearest lane of a stack below an operand. */
function laneBelow(operand: Node, lanes: Lanes): Lane | null {
  const queue = [operand];
  for (let step = 0; step < Math.min(queue.length, MOST_STEPS); step++) {
    const node = at(queue, step);
    const lane = lanes.of(node);
    if (lane !== null && lane.stack.kind === "node") return lane;
    if (node.op !== "matmul") queue.push(...node.inputs);
  }
  return null;
}

function stackNumber({ stack }: Lane): number {
  return stack.kind === "node" ? stack.node.id : stack.first.attributes.offset;
}
