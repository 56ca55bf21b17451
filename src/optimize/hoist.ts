/**
 * What a phase need not compute again. The first phase of an iteration reads values that its own updates do not change (the representations that
 * estimators look at), and so do its repeats and the phases after it. They get a segment of their own, before all others.
 */
import type { Graph, GraphSegment, Node } from "../ir/graph.ts";
import { Homes } from "./homes.ts";
import type { Pass } from "./pass.ts";

/** Name and phase of the segment. Phases of specs share no name with it: their segments are called `phase.repeat`. */
const SHARED = "shared";

export const hoist: Pass = {
  name: "hoist",
  doc: "Computes what several segments need in a segment before them.",
  run: (graph) => {
    const segments = graph.segments.filter(({ name }) => name !== SHARED);
    const [first] = segments;
    if (first === undefined || segments.length < 2 || first.kind === "update") return { segments };
    const keeps = neededLater({ segments });
    if (keeps.length === 0) return { segments };
    const shared: GraphSegment = {
      name: SHARED,
      phase: SHARED,
      repeat: 0,
      kind: "forward",
      outputs: [],
      keeps,
    };
    return { segments: [shared, ...segments] };
  },
};

/** Values of the first segment that others read, without what costs nothing. */
function neededLater(graph: Graph): readonly Node[] {
  const homes = new Homes(graph);
  const isComputed = ({ op }: Node) => op !== "input" && op !== "constant" && op !== "iota";
  return homes.order.filter(
    (node) =>
      homes.of(node) === 0 && isComputed(node) && homes.users(node).some((user) => homes.of(user) > 0),
  );
}
