/** A step repeated over time; the step is a graph. The derivative is another scan, in the other direction, over what the states were. */
import { at, invariant } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import type { Derivative, OpRecord, OpRecords, OpSample, Tensor, TensorType } from "../ir/op.ts";
import type { OpName } from "../ir/op-table.ts";
import { cotangents } from "../ir/reverse.ts";
import { alignedElements, operandArena, ScanBody, type ScanOperand, STATE_ARENA } from "../ir/scan-body.ts";
import { buildScan, ScanRows } from "../ir/scan-build.ts";
import { operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { stepOrder } from "./recurrent.ts";
import { describeType } from "./type-rules.ts";

/** The record; `all` gives every record, those of the primitives of the step among them. */
export function scanRecord(all: () => OpRecords): OpRecord<"scan"> {
  return {
    name: "scan",
    doc: "Repeats a step over time: the states before and after every step, and its outputs.",
    scheduling: "library",
    type: (inputs, { steps, body }) => {
      const { operands, width } = body;
      invariant(inputs.length === operands.length, `scan of ${inputs.length} operands`);
      for (const [index, role] of operands.entries()) checkOperand(role, at(inputs, index), body, steps);
      return { shape: [steps + 1, width], dtype: "f32" };
    },
    derivative,
    evaluate: (inputs, { steps, reverse, body }, type) => {
      const result = zeros(type);
      const row = (index: number) => result.data.subarray(index * body.width, (index + 1) * body.width);
      for (const [index, { slot, shape, initial }] of body.states.entries()) {
        const place = body.operands.findIndex((role) => role.kind === "initial" && role.state === index);
        const first = row(reverse ? steps : 0).subarray(slot, slot + elementCount(shape));
        if (initial === null) first.set(at(inputs, place).data);
        else first.fill(initial);
      }
      const nodes = body.nodes();
      for (const step of stepOrder(steps, reverse)) {
        const before = row(reverse ? step + 1 : step);
        const after = row(reverse ? step : step + 1);
        const values = new Map<Node, Tensor>();
        for (const node of nodes)
          values.set(
            node,
            node.op === "input"
              ? leafValue(node, body, before, inputs, step)
              : evaluateNode(all(), node, values),
          );
        for (const { node, slot } of body.results) after.set(knownValue(values, node).data, slot);
      }
      return result;
    },
    flops: (node) => {
      const { steps, body } = node.attributes;
      return steps * body.nodes().reduce((sum, each) => sum + flopsOf(all(), each), 0);
    },
    // A getter, since a sample's body is made of the other records.
    get samples() {
      return [false, true].map((reverse) => sample(all(), reverse));
    },
  };
}

function checkOperand(role: ScanOperand, type: TensorType, body: ScanBody, steps: number): void {
  const elements = elementCount(type.shape);
  const fits =
    role.kind === "initial"
      ? type.dtype === "f32" && elements === elementCount(at(body.states, role.state).shape)
      : role.kind === "constant"
        ? type.dtype === role.dtype && elements === elementCount(role.shape)
        : type.dtype === role.dtype &&
          role.start + (steps - 1) * role.stride + elementCount(role.shape) <= elements;
  invariant(fits, () => `scan over ${describeType(type)} as ${JSON.stringify(role)}`);
}

function knownValue(values: ReadonlyMap<Node, Tensor>, node: Node): Tensor {
  const value = values.get(node);
  invariant(value !== undefined, `node ${node.id} (${node.op}) is used before it is computed`);
  return value;
}

function evaluateNode<Op extends OpName>(
  ops: OpRecords,
  node: NodeOf<Op>,
  values: ReadonlyMap<Node, Tensor>,
): Tensor {
  const operands = node.inputs.map((input) => knownValue(values, input));
  return ops[node.op].evaluate(operands, node.attributes, { shape: node.shape, dtype: node.dtype });
}

function flopsOf<Op extends OpName>(ops: OpRecords, node: NodeOf<Op>): number {
  return ops[node.op].flops(node);
}

function leafValue(
  leaf: NodeOf<"input">,
  body: ScanBody,
  before: Float64Array,
  inputs: readonly Tensor[],
  step: number,
): Tensor {
  const { shape, dtype } = leaf;
  const elements = elementCount(shape);
  const { kind, index } = body.leaf(leaf);
  const cut = (data: Float64Array, start: number) => ({
    shape,
    dtype,
    data: data.slice(start, start + elements),
  });
  if (kind === "state") return cut(before, at(body.states, index).slot);
  const role = at(body.operands, index);
  return cut(at(inputs, index).data, role.kind === "sequence" ? role.start + step * role.stride : 0);
}

/**
 * With D_t the cotangent of the states at boundary t: D_t = (what arrives from outside) + vjp of the step at t of (D_t+1, cotangents of the outputs). The step is
 * written down again over placeholders and differentiated once; `buildScan` moves all that needs no D out of the loop, the step's own values first of all.
 */
function derivative({ g, node, inputs, cotangent }: Derivative<"scan">): readonly (Node | null)[] {
  const { steps, reverse, body } = node.attributes;
  const placeholder = (name: string, shape: readonly number[], dtype: Node["dtype"] = "f32") =>
    g.input({ name, arena: `derivative of node ${node.id}`, offset: 0, version: 0, shape, dtype });
  const rows = new ScanRows(g, node, reverse);
  const flows = new ScanRows(g, cotangent, reverse);

  const saved = body.states.map(({ shape }, index) => placeholder(`state ${index}`, shape));
  const operands = body.operands.map((role, index) =>
    role.kind === "initial" ? null : placeholder(`operand ${index}`, role.shape, role.dtype),
  );
  const [next, outputs] = cutResults(body, inlineBody(g, body, saved, operands));

  const arriving = body.states.map(({ shape }, index) => placeholder(`cotangent ${index}`, shape));
  const outside = body.states.map(({ shape }, index) => placeholder(`outside ${index}`, shape));
  const ofOutputs = outputs.map(({ shape }, index) => placeholder(`output ${index}`, shape));
  const seeds = [
    ...next.map((each, index) => ({ node: each, cotangent: at(arriving, index) })),
    ...outputs.map((each, index) => ({ node: each, cotangent: at(ofOutputs, index) })),
  ];
  const wanted = operands.flatMap((each) => (each?.dtype === "f32" ? [each] : []));
  const found = cotangents(g, g.ops, seeds, [...saved, ...wanted]);
  const flowOf = new Map([...saved, ...wanted].map((each, index) => [each, found[index] ?? null]));

  const roles = body.operands.map((role, index) => ({ role, step: operands[index] ?? null, index }));
  const of = (kind: ScanOperand["kind"]) => roles.filter(({ role }) => role.kind === kind);
  const flowing = (kind: ScanOperand["kind"]) =>
    of(kind).flatMap(({ step, index }) => {
      const flow = step === null ? null : (flowOf.get(step) ?? null);
      return flow === null ? [] : [{ index, flow }];
    });
  const [sequences, constants] = [flowing("sequence"), flowing("constant")];
  const back = buildScan(g, {
    steps,
    reverse: !reverse,
    states: body.states.map(({ slot, shape }, index) => {
      const flow = flowOf.get(at(saved, index)) ?? null;
      const given = at(outside, index);
      return {
        before: at(arriving, index),
        initial: flows.last(slot, shape),
        next: flow === null ? given : g.add(flow, given),
      };
    }),
    sequences: [
      ...body.states.flatMap(({ slot, shape }, index) => [
        { step: at(saved, index), values: rows.before(slot, shape) },
        { step: at(outside, index), values: flows.before(slot, shape) },
      ]),
      ...ofOutputs.map((step, index) => ({
        step,
        values: flows.after(at(body.results, body.states.length + index).slot, step.shape),
      })),
      ...of("sequence").flatMap(({ role, step, index }) =>
        step === null || role.kind !== "sequence"
          ? []
          : [{ step, values: sequenceValues(g, at(inputs, index), role, steps) }],
      ),
    ],
    constants: of("constant").flatMap(({ step, index }) =>
      step === null ? [] : [{ step, value: g.reshape(at(inputs, index), step.shape) }],
    ),
    outputs: sequences.map(({ flow }) => flow),
    sums: constants.map(({ flow }) => flow),
  });

  const results = new Map<number, Node>();
  for (const { role, index } of roles) {
    const shape = at(inputs, index).shape;
    if (role.kind === "initial") results.set(index, g.reshape(at(back.last, role.state), shape));
  }
  for (const [place, { index }] of constants.entries())
    results.set(index, g.reshape(at(back.sums, place), at(inputs, index).shape));
  for (const [place, { index }] of sequences.entries()) {
    const { role } = at(roles, index);
    if (role.kind === "sequence")
      results.set(index, placeRows(g, at(back.outputs, place), role, at(inputs, index).shape));
  }
  return inputs.map((_, index) => results.get(index) ?? null);
}

/** The step's results over other leaves. */
function inlineBody(
  g: GraphBuilder,
  body: ScanBody,
  states: readonly Node[],
  operands: readonly (Node | null)[],
): readonly Node[] {
  const made = new Map<Node, Node>();
  const get = (node: Node): Node => {
    const known = made.get(node);
    invariant(known !== undefined, `node ${node.id} (${node.op}) is used before it is made`);
    return known;
  };
  for (const node of body.nodes()) {
    if (node.op === "input") {
      const { kind, index } = body.leaf(node);
      const leaf = kind === "state" ? at(states, index) : at(operands, index);
      invariant(leaf !== null, "a step reads an initial state");
      made.set(node, leaf);
    } else
      made.set(
        node,
        g.withOrigin(node.origin, () => g.remade(node, node.inputs.map(get))),
      );
  }
  return body.results.map(({ node }) => get(node));
}

function cutResults(body: ScanBody, results: readonly Node[]): [readonly Node[], readonly Node[]] {
  return [results.slice(0, body.states.length), results.slice(body.states.length)];
}

type Sequence = Extract<ScanOperand, { kind: "sequence" }>;

/** What the steps read of an operand, as rows: [steps, ...shape]. */
function sequenceValues(g: GraphBuilder, operandNode: Node, role: Sequence, steps: number): Node {
  const { start, stride, shape } = role;
  const rows = elementCount(operandNode.shape) / stride;
  const flat = g.reshape(operandNode, [rows, stride]);
  const cut = g.slice(flat, [Math.floor(start / stride), start % stride], [steps, elementCount(shape)]);
  return g.reshape(cut, [steps, ...shape]);
}

/** The cotangent of the operand: rows where the steps have read, zeros around. */
function placeRows(g: GraphBuilder, values: Node, role: Sequence, shape: readonly number[]): Node {
  const { start, stride } = role;
  const steps = at(values.shape, 0);
  const elements = elementCount(values.shape) / steps;
  const rows = elementCount(shape) / stride;
  const [row, column] = [Math.floor(start / stride), start % stride];
  const padded = g.pad(
    g.reshape(values, [steps, elements]),
    [row, column],
    [rows - row - steps, stride - column - elements],
  );
  return g.reshape(padded, shape);
}

/** h' = tanh(x + h W) from a given start, with x * h' as an output. */
function sample(ops: OpRecords, reverse: boolean): OpSample<"scan"> {
  const g = new GraphBuilder(ops);
  const leaf = (arena: string, offset: number, shape: readonly number[]) =>
    g.input({ name: arena, arena, offset, version: 0, shape, dtype: "f32" });
  const [h, x, w] = [
    leaf(STATE_ARENA, 0, [2, 3]),
    leaf(operandArena(1), 0, [2, 3]),
    leaf(operandArena(2), 0, [3, 3]),
  ];
  const next = g.tanh(g.add(x, g.matmul(h, w)));
  const body = new ScanBody({
    operands: [
      { kind: "initial", state: 0 },
      { kind: "sequence", shape: [2, 3], dtype: "f32", start: 0, stride: alignedElements(6) },
      { kind: "constant", shape: [3, 3], dtype: "f32" },
    ],
    states: [{ shape: [2, 3], slot: 0, initial: null }],
    results: [
      { node: next, slot: 0 },
      { node: g.mul(x, next), slot: alignedElements(6) },
    ],
  });
  return {
    inputs: [
      operand("f32", [2, 3], -1, 1),
      operand("f32", [4, alignedElements(6)], -1, 1),
      operand("f32", [3, 3], -1, 1),
    ],
    attributes: { steps: 4, reverse, body },
  };
}
