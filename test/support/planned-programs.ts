/** Fuses, plans, verifies and executes graphs, and compares with the interpretation of the graph. */
import { expect } from "vitest";
import { fuse } from "../../src/fuse/fuse.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";
import type { Graph, Node, NodeOf } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { graphRoots, topologicalOrder } from "../../src/ir/graph-walk.ts";
import type { Tensor } from "../../src/ir/op.ts";
import type { Program } from "../../src/ir/program.ts";
import { verifyProgram } from "../../src/ir/program-verify.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { executeProgram, makeArenas } from "../../src/runtime/reference/execute-program.ts";
import { evaluateNode } from "../../src/runtime/reference/interpret.ts";
import { sampleTensor } from "./tensors.ts";

/** The planned program of a graph, verified. */
export function programOf(graph: Graph, target: Partial<FusionTarget> = {}): Program {
  const program = planProgram(fuse(graph, target));
  verifyProgram(program);
  const { maxOperands = 8 } = target;
  for (const kernel of program.kernels) expect(kernel.operands.length).toBeLessThanOrEqual(maxOperands);
  return program;
}

/** Names of the kernels of all dispatches, in order. */
export function kernelNames(program: Program): string[] {
  return program.segments.flatMap((segment) =>
    segment.dispatches.map((dispatch) => program.kernels[dispatch.kernel]?.name ?? "?"),
  );
}

/** Input values: given ones, or random numbers. */
export type InputChoice = (node: NodeOf<"input">) => Tensor;

export const randomInputs: InputChoice = (node) => {
  const { offset, arena, dtype, shape } = node.attributes;
  const [low, high] = dtype === "i32" ? [0, 2] : dtype === "bool" ? [0, 1] : [-1.2, 1.2];
  const key = offset * 7 + ([...arena].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1000);
  return sampleTensor({ shape, dtype, low, high }, key);
};

/**
 * Checks that the planned program stores what the graph means. Inputs of version 0 are filled in before; the program and the interpretation then run
 * segment by segment over arenas of their own.
 */
export function expectFaithful(
  graph: Graph,
  target: Partial<FusionTarget> = {},
  inputs: InputChoice = randomInputs,
): Program {
  const program = programOf(graph, target);
  const arenas = makeArenas(program);
  arenas.get("work")?.fill(Number.NaN);
  for (const node of topologicalOrder(graphRoots(graph))) {
    if (node.op !== "input" || node.attributes.version > 0) continue;
    const { arena, offset } = node.attributes;
    const { data } = inputs(node);
    // What no kernel reads is in no arena of the program, and yet the interpretation asks for it.
    if (!arenas.has(arena)) arenas.set(arena, new Float64Array(offset + data.length));
    arenas.get(arena)?.set(data, offset);
  }
  const expected = new Map([...arenas].map(([name, data]) => [name, data.slice()]));
  interpretSegments(graph, expected);
  executeProgram(program, arenas);
  for (const segment of graph.segments) {
    for (const { name, node, target: range } of segment.outputs) {
      const count = elementCount(node.shape);
      const part = (from: ReadonlyMap<string, Float64Array>) =>
        from.get(range.arena)?.slice(range.offset, range.offset + count) ?? new Float64Array(0);
      expectClose(part(arenas), part(expected), `${segment.name}.${name}`);
    }
  }
  return program;
}

/** Runs a graph on arenas: a node is computed in the first segment that needs it, an input is read when its first user is computed. */
function interpretSegments(graph: Graph, arenas: Map<string, Float64Array>): void {
  const known = new Map<Node, Tensor>();
  for (const { outputs } of graph.segments) interpretSegment(outputs, known, arenas);
}

function interpretSegment(
  outputs: Graph["segments"][number]["outputs"],
  known: Map<Node, Tensor>,
  arenas: Map<string, Float64Array>,
): void {
  const read: InputChoice = (node) => {
    const { arena, offset, shape, dtype } = node.attributes;
    const data = arenas.get(arena)?.slice(offset, offset + elementCount(shape)) ?? new Float64Array(0);
    return { shape, dtype, data };
  };
  const order = topologicalOrder(outputs.map((output) => output.node)).filter((node) => !known.has(node));
  for (const node of order) {
    const operands = node.inputs.flatMap((input) => known.get(input) ?? []);
    known.set(node, node.op === "input" ? read(node) : evaluateNode(node, operands));
  }
  for (const { node, target } of outputs) {
    const value = known.get(node);
    if (value !== undefined) arenas.get(target.arena)?.set(value.data, target.offset);
  }
}

function expectClose(actual: Float64Array, expected: Float64Array, what: string): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of expected.entries()) {
    const found = actual[index] ?? Number.NaN;
    const same = Object.is(found, value) || Math.abs(found - value) <= 1e-9 * Math.max(1, Math.abs(value));
    if (!same) expect.fail(`${what}[${index}] is ${found}, not ${value}`);
  }
}
