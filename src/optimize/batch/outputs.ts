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
  const first = at(run, 0);
  let [count, stacked]: [number, Plan | null] = [1, null];
  while (count < run.length) {
    const next = plan(run.slice(0, count + 1).map((output) => output.node));
    if (next.copies.size > 0 || next.shared !== null) break;
    [count, stacked] = [count + 1, next];
  }
  if (stacked === null) return { count, output: first };
  const name = `${first.name} … ${at(run, count - 1).name}`;
  return { count, output: { ...first, name, node: stacked.make() } };
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
