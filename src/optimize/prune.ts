/** Dead work: elements that are computed but never read, and results that are in their place already. */
import { at } from "../base/invariant.ts";
import type { Graph, GraphSegment, Node, Output } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { Replacement } from "../ir/graph-walk.ts";
import { countUsers, type Pass, rewriteGraph } from "./pass.ts";

export const prune: Pass = {
  name: "prune",
  doc: "Drops results that change nothing, and computes only the elements that are read.",
  run: (graph, { g }) => {
    const needed = dropUnchanged(graph);
    const users = countUsers(needed);
    return rewriteGraph(needed, g, (node, replacement) => {
      const inputs = node.inputs.map(replacement);
      if (node.op !== "slice") return g.remade(node, inputs);
      return narrowed(g, users, replacement, at(node.inputs, 0), node.attributes);
    });
  },
};

interface Box {
  readonly start: readonly number[];
  readonly size: readonly number[];
}

/** How many operations a slice moves through at most. */
const MOST_LEVELS = 200;

/** The box of a tensor, computed from boxes of its operands where nobody else needs the whole. `node` is a node of the old graph. */
function narrowed(
  g: GraphBuilder,
  users: Uint32Array,
  replacement: Replacement,
  node: Node,
  box: Box,
  level = 0,
): Node {
  const only = users[node.id] === 1 && level < MOST_LEVELS;
  const part = (index: number, own: Box) =>
    narrowed(g, users, replacement, at(node.inputs, index), own, level + 1);
  if (only && g.ops[node.op].scheduling === "elementwise") {
    return g.remade(
      node,
      node.inputs.map((_, index) => part(index, box)),
    );
  }
  if (only && node.op === "matmul") {
    const inner = at(at(node.inputs, 0).shape, -1);
    const [rows, columns] = [matrixBox(box, -1, inner), matrixBox(box, -2, inner)];
    return g.node("matmul", [part(0, rows), part(1, columns)], {});
  }
  return g.slice(replacement(node), box.start, box.size);
}

/** The box of an operand of a matrix product: all of the summed axis. */
function matrixBox({ start, size }: Box, summed: -1 | -2, extent: number): Box {
  const axis = start.length + summed;
  return {
    start: start.map((from, index) => (index === axis ? 0 : from)),
    size: size.map((own, index) => (index === axis ? extent : own)),
  };
}

/** Without the outputs that store an input where it came from and where nothing else is ever stored. */
function dropUnchanged(graph: Graph): Graph {
  const all = graph.segments.flatMap((segment) => segment.outputs);
  const isUnchanged = (output: Output) => {
    const { node, target } = output;
    if (
      node.op !== "input" ||
      node.attributes.arena !== target.arena ||
      node.attributes.offset !== target.offset
    )
      return false;
    return all.every((other) => other === output || !overlap(other, output));
  };
  const segments: GraphSegment[] = graph.segments.map((segment) => ({
    ...segment,
    outputs: segment.outputs.filter((output) => !isUnchanged(output)),
  }));
  return { segments };
}

function overlap(a: Output, b: Output): boolean {
  const end = ({ node, target }: Output) => target.offset + elementCount(node.shape);
  return a.target.arena === b.target.arena && a.target.offset < end(b) && b.target.offset < end(a);
}
