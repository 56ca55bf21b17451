/**
 * LSTM and GRU as ONNX loops (`Scan`) over time. The operators `LSTM` and `GRU` of ONNX give zeros past the end of a row and only the last
 * cell; a loop means exactly what the primitives mean: a row keeps its state past its own length.
 */
import { at } from "../base/invariant.ts";
import type { NodeOf } from "../ir/graph.ts";
import type { OnnxValue } from "./onnx-format.ts";
import { int, ints, OnnxWriter } from "./onnx-writer.ts";

interface Recurrence<Op extends "lstm" | "gru"> {
  readonly w: OnnxWriter;
  readonly node: NodeOf<Op>;
  readonly inputs: readonly string[];
}

/** What one step sees, inside the loop. */
interface Step {
  readonly w: OnnxWriter;
  /** Input part of the gates, [rows, width]. */
  readonly x: string;
  readonly states: readonly string[];
  /** The states after the step and what stands in the result, if the step is within the row. */
  readonly split: (packed: string, parts: number, hidden: number) => string[];
}

interface StepResult {
  readonly states: readonly string[];
  /** What the result holds of the step in front of the states; zero past the end of a row. */
  readonly gates: readonly string[];
}

/** Operands x [B, T, 4H], w [4H, H], lengths [B]; result [B, T, 6H]: i, f, g, o, c, h. */
export function lstmLoop({ w, node, inputs }: Recurrence<"lstm">): string {
  const weight = w.add("Transpose", [at(inputs, 1)], { perm: ints([1, 0]) });
  return loop({ w, node, inputs }, ["c", "h"], 2, ({ w: s, x, states, split }, hidden) => {
    const [c, h] = [at(states, 0), at(states, 1)];
    const gates = split(s.add("Add", [x, s.add("MatMul", [h, weight])]), 4, hidden);
    const [i, f, o] = [0, 1, 3].map((gate) => s.add("Sigmoid", [at(gates, gate)]));
    const g = s.add("Tanh", [at(gates, 2)]);
    const activated = [i ?? "", f ?? "", g, o ?? ""];
    const kept = s.add("Mul", [at(activated, 1), c]);
    const next = s.add("Add", [kept, s.add("Mul", [at(activated, 0), g])]);
    return { states: [next, s.add("Mul", [at(activated, 3), s.add("Tanh", [next])])], gates: activated };
  });
}

/** Operands x [B, T, 3H], w [3H, H], bias [H], lengths [B]; result [B, T, 5H]: r, z, n, q, h. */
export function gruLoop({ w, node, inputs }: Recurrence<"gru">): string {
  const weight = w.add("Transpose", [at(inputs, 1)], { perm: ints([1, 0]) });
  const bias = at(inputs, 2);
  return loop({ w, node, inputs }, ["h"], 3, ({ w: s, x, states, split }, hidden) => {
    const h = at(states, 0);
    const own = split(x, 3, hidden);
    const recurrent = split(s.add("MatMul", [h, weight]), 3, hidden);
    const gate = (index: number) => s.add("Sigmoid", [s.add("Add", [at(own, index), at(recurrent, index)])]);
    const [r, z] = [gate(0), gate(1)];
    const q = s.add("Add", [at(recurrent, 2), bias]);
    const n = s.add("Tanh", [s.add("Add", [at(own, 2), s.add("Mul", [r, q])])]);
    const fresh = s.add("Mul", [s.add("Sub", [s.scalar(1, "f32"), z]), n]);
    return { states: [s.add("Add", [fresh, s.add("Mul", [z, h])])], gates: [r, z, n, q] };
  });
}

/** A loop over the second axis of the first operand; states begin at zero. */
function loop(
  { w, node, inputs }: Recurrence<"lstm"> | Recurrence<"gru">,
  states: readonly string[],
  lengthsAt: number,
  step: (step: Step, hidden: number) => StepResult,
): string {
  const [rows, time, width] = [at(node.shape, 0), at(node.shape, 1), at(node.shape, 2)];
  const hidden = at(at(node.inputs, 1).shape, 1);
  const backwards = node.attributes.reverse ? 1 : 0;
  const [x, lengths] = [at(inputs, 0), at(inputs, lengthsAt)];
  const values = (shape: readonly number[]) => ({ type: "f32", shape }) as const;

  const body = new OnnxWriter(w.names);
  const names = { x: w.names.fresh("x"), step: w.names.fresh("step") };
  const before = states.map((state) => w.names.fresh(state));
  const split = (packed: string, parts: number, size: number) =>
    body.addMany("Split", [packed, body.list(Array<number>(parts).fill(size))], parts, { axis: int(-1) });
  const result = step({ w: body, x: names.x, states: before, split }, hidden);
  // [B, 1]: whether the step lies within the row.
  const within = body.add("Unsqueeze", [body.add("Less", [names.step, lengths]), body.list([1])]);
  const after = result.states.map((state, index) => body.add("Where", [within, state, at(before, index)]));
  const gates = result.gates.map((gate) => body.add("Where", [within, gate, body.scalar(0, "f32")]));
  const packed = body.add("Concat", [...gates, ...after], { axis: int(-1) });
  const given: OnnxValue[] = [
    ...before.map((name) => ({ name, ...values([rows, hidden]) })),
    { name: names.x, ...values([rows, at(at(node.inputs, 0).shape, 2)]) },
    { name: names.step, type: "i32", shape: [] },
  ];
  const results: OnnxValue[] = [
    ...after.map((name) => ({ name, ...values([rows, hidden]) })),
    { name: packed, ...values([rows, width]) },
  ];

  const zeros = w.add("Expand", [w.scalar(0, "f32"), w.list([rows, hidden])]);
  const steps = w.values("i32", [time], [...Array(time).keys()]);
  const outputs = w.addMany("Scan", [...before.map(() => zeros), x, steps], before.length + 1, {
    body: { kind: "graph", value: body.graph(w.names.fresh("step"), given, results) },
    num_scan_inputs: int(2),
    scan_input_axes: ints([1, 0]),
    scan_input_directions: ints([backwards, backwards]),
    scan_output_axes: ints([1]),
    scan_output_directions: ints([backwards]),
  });
  return at(outputs, before.length);
}
