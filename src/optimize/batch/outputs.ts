/** Results that lie side by side, in a stack and in their arena, are stored as one. */
import { at } from "../../base/invariant.ts";
import type { GraphSegment, Node, Output } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { Plan } from "./stacking.ts";

/** The outputs of a segment with neighbours of equal shape joined where that needs no copy. `plan`: how nodes are stacked. */
export function joinOutputs(
  outputs: GraphSegment["outputs"],
  plan: (nodes: readonly Node[]) => Plan,
): readonly Output[] {
  const sorted = [...outputs].sort((a, b) =>
    a.target.arena === b.target.arena
      ? a.target.offset - b.target.offset
      : a.target.arena < b.target.arena
        ? -1
        : 1,
  );
  const result = new Map<Output, Output>();
  let start = 0;
  while (start < sorted.length) {
    let end = start + 1;
    while (end < sorted.length && follows(at(sorted, end - 1), at(sorted, end))) end++;
    while (start < end) {
      const { count, output } = longestJoined(sorted.slice(start, end), plan);
      result.set(at(sorted, start), output);
      start += count;
    }
  }
  return outputs.flatMap((output) => result.get(output) ?? []);
}

function longestJoined(run: readonly Output[], plan: (nodes: readonly Node[]) => Plan) {
  for (let count = run.length; count > 1; count--) {
    const own = run.slice(0, count);
    const stacked = plan(own.map((output) => output.node));
    if (stacked.copies.size > 0 || stacked.shared !== null) continue;
    const [first, last] = [at(own, 0), at(own, -1)];
    return { count, output: { ...first, name: `${first.name} … ${last.name}`, node: stacked.make() } };
  }
  return { count: 1, output: at(run, 0) };
}

function follows(a: Output, b: Output): boolean {
  return (
    a.target.arena === b.target.arena &&
    a.node.op !== "input" &&
    b.node.op !== "input" &&
    a.node.dtype === b.node.dtype &&
    a.node.shape.length === b.node.shape.length &&
    a.node.shape.every((extent, axis) => extent === b.node.shape[axis]) &&
    b.target.offset === a.target.offset + elementCount(a.node.shape)
  );
}
