/** Checks the promises of a graph. Runs after every pass in tests, so that a broken pass is found where it broke something. */
import { CompilerBug, invariant } from "../base/invariant.ts";
import type { Graph, GraphSegment, Node, NodeOf } from "./graph.ts";
import { elementCount } from "./graph.ts";
import { graphRoots, sameShape, topologicalOrder } from "./graph-walk.ts";
import type { OpRecords, TensorType } from "./op.ts";
import type { OpName } from "./op-table.ts";

/**
 * Throws {@link CompilerBug} unless the graph has no cycles, every node has the type that its record infers, and the results of a
 * segment lie side by side in their arenas.
 */
export function verifyGraph(graph: Graph, ops: OpRecords): void {
  verifyNodes(graphRoots(graph), ops);
  const names = new Set<string>();
  for (const segment of graph.segments) {
    invariant(!names.has(segment.name), `two segments are called ${segment.name}`);
    names.add(segment.name);
    invariant(
      Number.isInteger(segment.repeat) && segment.repeat >= 0,
      `segment ${segment.name} is repeat ${segment.repeat}`,
    );
    verifyOutputs(segment);
  }
}

/** The part of {@link verifyGraph} that concerns nodes. */
export function verifyNodes(roots: readonly Node[], ops: OpRecords): void {
  for (const node of topologicalOrder(roots)) {
    if (node.op === "scan") verifyNodes(node.attributes.body.nodes(), ops);
    const type = inferredType(ops, node);
    if (type.dtype !== node.dtype || !sameShape(type.shape, node.shape)) {
      const [says, is] = [node, type].map(({ dtype, shape }) => `${dtype}[${shape.join(", ")}]`);
      throw new CompilerBug(`node ${node.id} (${node.op}) says ${says} but is ${is}`);
    }
  }
}

function inferredType<Op extends OpName>(ops: OpRecords, node: NodeOf<Op>): TensorType {
  return ops[node.op].type(node.inputs, node.attributes);
}

function verifyOutputs(segment: GraphSegment): void {
  const ranges = segment.outputs.map(({ name, node, target }) => {
    const valid = Number.isInteger(target.offset) && target.offset >= 0;
    invariant(valid, `${name} would be stored at ${target.arena}[${target.offset}]`);
    return { name, arena: target.arena, start: target.offset, end: target.offset + elementCount(node.shape) };
  });
  ranges.sort((a, b) => (a.arena === b.arena ? a.start - b.start : a.arena < b.arena ? -1 : 1));
  ranges.forEach((range, index) => {
    const before = ranges[index - 1];
    const apart = before === undefined || before.arena !== range.arena || before.end <= range.start;
    invariant(apart, `${before?.name} and ${range.name} overlap in segment ${segment.name}`);
  });
}
