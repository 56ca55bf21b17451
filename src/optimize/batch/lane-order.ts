/** In which order nodes become the lanes of a stack: that of their weights in the arena, or of the stacks that they read. */
import type { Node } from "../../ir/graph.ts";
import type { Lanes } from "./lanes.ts";

/** How many nodes are looked at to find an order. */
const MOST_STEPS = 40;

/** `nodes` in the order of what their operands read. */
export function laneOrder(
  nodes: readonly Node[],
  operandsOf: (node: Node) => readonly Node[],
  lanes: Lanes,
): readonly Node[] {
  const keys = new Map(nodes.map((node) => [node, placesOf(operandsOf(node), lanes)] as const));
  return [...nodes].sort((a, b) => {
    const [first, second] = [keys.get(a), keys.get(b)];
    if (first === undefined || second === undefined) return a.id - b.id;
    return first.parameter - second.parameter || first.lane - second.lane || a.id - b.id;
  });
}

/** The nearest parameter and the nearest lane below operands, in the order of operands where several are equally near. */
function placesOf(operands: readonly Node[], lanes: Lanes): { readonly parameter: number; readonly lane: number } {
  let [parameter, lane] = [-1, -1];
  const queue = [...operands];
  for (let step = 0; step < MOST_STEPS && parameter < 0; step++) {
    const node = queue[step];
    if (node === undefined) break;
    const own = lanes.of(node);
    if (own !== null && own.stack.kind === "arena" && node.op === "input") parameter = node.attributes.offset;
    else if (own !== null) lane = lane < 0 ? own.lane : lane;
    else if (node.op !== "matmul") queue.push(...node.inputs);
  }
  return { parameter, lane };
}
