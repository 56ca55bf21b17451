/**
 * The primitive `scan` as the ONNX operator `Scan`: one step becomes its body. The result has a row for every boundary between steps, as
 * {@link ScanBody} says, so what the loop gives is joined with a row of the initial states.
 */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { sameShape } from "../ir/graph-walk.ts";
import type { ScanBody, ScanOperand } from "../ir/scan-body.ts";
import type { OnnxValue } from "./onnx-format.ts";
import { int, ints, OnnxWriter } from "./onnx-writer.ts";

/** Adds the nodes of a step; `leaf` names what it reads. */
export type AddNodes = (
  w: OnnxWriter,
  roots: readonly Node[],
  leaf: (input: NodeOf<"input">) => string,
) => ReadonlyMap<Node, string>;

interface Loop {
  readonly w: OnnxWriter;
  readonly node: NodeOf<"scan">;
  /** Names of the operands. */
  readonly inputs: readonly string[];
}

/** Gives the name of the result, f32[steps + 1, width]. */
export function scanLoop({ w, node, inputs }: Loop, addNodes: AddNodes): string {
  const { body, steps, reverse } = node.attributes;
  const { origin } = w;
  const step = new OnnxWriter(w.names);
  const states = body.states.map(
    ({ shape }): OnnxValue => ({ name: w.names.fresh("state"), type: "f32", shape }),
  );
  const sequences = new Map<number, OnnxValue>();
  for (const [index, operand] of body.operands.entries())
    if (operand.kind === "sequence")
      sequences.set(index, { name: w.names.fresh("x"), type: operand.dtype, shape: operand.shape });

  const leaf = (input: NodeOf<"input">): string => {
    const { kind, index } = body.leaf(input);
    if (kind === "state") return at(states, index).name;
    const sequence = sequences.get(index);
    // A loop sees the values around it.
    const given = sequence ?? { name: at(inputs, index), shape: at(node.inputs, index).shape };
    return sameShape(given.shape, input.shape)
      ? given.name
      : step.add("Reshape", [given.name, step.list(input.shape)]);
  };
  const names = addNodes(
    step,
    body.results.map((result) => result.node),
    leaf,
  );
  step.origin = origin;
  const results = body.results.map((result) => names.get(result.node) ?? "");
  // What a loop gives may be neither what it was given nor a value from around it.
  const after = states.map((state, index) => ({
    ...state,
    name: step.add("Identity", [at(results, index)]),
  }));
  const row = packRow(step, body, results);
  const given: OnnxValue[] = [...states, ...sequences.values()];
  const made: OnnxValue[] = [...after, { name: row, type: "f32", shape: [body.width] }];

  w.origin = origin;
  const initial = body.states.map((state, index) => initialState(w, state, body, index, inputs));
  const values = [...sequences.keys()].map((index) => sequenceRows(w, node, index, inputs, steps));
  if (values.length === 0) {
    // A loop goes along something: here the numbers of the steps, which nothing reads.
    given.push({ name: w.names.fresh("step"), type: "i32", shape: [] });
    values.push(w.values("i32", [steps], [...Array(steps).keys()]));
  }
  const direction = reverse ? 1 : 0;
  const outputs = w.addMany("Scan", [...initial, ...values], states.length + 1, {
    body: { kind: "graph", value: step.graph(w.names.fresh("step"), given, made) },
    num_scan_inputs: int(values.length),
    scan_input_directions: ints(values.map(() => direction)),
    scan_output_directions: ints([direction]),
  });
  const first = w.add("Unsqueeze", [packRow(w, body, initial), w.list([0])]);
  const rows = at(outputs, states.length);
  return w.add("Concat", reverse ? [rows, first] : [first, rows], { axis: int(0) });
}

/** The values at their places in a row, zeros between them; results past the end of `values` are left zero. */
function packRow(w: OnnxWriter, body: ScanBody, values: readonly string[]): string {
  const places = body.results
    .map(({ node, slot }, index) => ({ slot, elements: elementCount(node.shape), value: values[index] }))
    .filter(({ value }) => value !== undefined)
    .sort((a, b) => a.slot - b.slot);
  const parts: string[] = [];
  let end = 0;
  const zeros = (until: number) => {
    if (until > end) parts.push(w.add("Expand", [w.scalar(0, "f32"), w.list([until - end])]));
  };
  for (const { slot, elements, value } of places) {
    zeros(slot);
    parts.push(w.add("Reshape", [value ?? "", w.list([elements])]));
    end = slot + elements;
  }
  zeros(body.width);
  return w.add("Concat", parts, { axis: int(0) });
}

function initialState(
  w: OnnxWriter,
  { shape, initial }: ScanBody["states"][number],
  body: ScanBody,
  state: number,
  inputs: readonly string[],
): string {
  if (initial !== null) return w.add("Expand", [w.scalar(initial, "f32"), w.list(shape)]);
  const operand = body.operands.findIndex((each) => each.kind === "initial" && each.state === state);
  return w.add("Reshape", [at(inputs, operand), w.list(shape)]);
}

/** What the steps read of a sequence, [steps, …shape]: step t begins at element `start + t * stride`. */
function sequenceRows(
  w: OnnxWriter,
  node: NodeOf<"scan">,
  index: number,
  inputs: readonly string[],
  steps: number,
): string {
  const operand = at(node.attributes.body.operands, index) as Extract<ScanOperand, { kind: "sequence" }>;
  const { shape, start, stride } = operand;
  const elements = elementCount(shape);
  const rows = w.list([steps, ...shape]);
  const whole = elementCount(at(node.inputs, index).shape) === steps * elements;
  if (start === 0 && stride === elements && whole) return w.add("Reshape", [at(inputs, index), rows]);
  const flat = w.add("Reshape", [at(inputs, index), w.list([-1])]);
  const starts = Array.from({ length: steps }, (_, t) => start + t * stride);
  const places = w.add("Add", [
    w.values("i64", [steps, 1], starts),
    w.values("i64", [1, elements], [...Array(elements).keys()]),
  ]);
  return w.add("Reshape", [w.add("Gather", [flat, places], { axis: int(0) }), rows]);
}
