/** Functions with hand-written kernels: sparsemax, factors of small matrices and the recurrent parts of LSTM and GRU. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { dimConstant, dimMultiply, dimNumber, dimsEqual, formatDim } from "../types/dim.ts";
import type { RecordType, TensorType } from "../types/tensor-type.ts";
import { axisOf, formatType, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import type { BuildArguments, Builtin, BuiltinArguments, BuiltinProblem } from "./builtin.ts";
import { axisKey, derived, participation, problem, requireElement, tensorArgument } from "./values.ts";

const sparsemax: Builtin = {
  name: "sparsemax",
  usage: "sparsemax(x)",
  doc: "Euclidean projection of the last axis onto the simplex (arXiv 1602.02068). Padding gets 0; a row without valid elements is all 0.",
  parameters: [{ name: "x", kind: "tensor", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    if (type.axes.length === 0)
      return problem(
        "no-axis",
        "A scalar has no axis",
        "x",
        "this is a scalar",
        "`sparsemax` works along the last axis.",
      );
    return requireElement(type, ["f32"], "x") ?? type;
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    const { g } = context;
    const mask =
      participation(x, context, new Set([axisKey(at(x.type.axes, -1))])) ?? g.full(x.node.shape, 1, "bool");
    return derived(result as TensorType, g.sparsemax(x.node, mask), [x]);
  },
};

const cholesky: Builtin = {
  name: "cholesky",
  usage: "cholesky(x)",
  doc: "Of a symmetric positive definite matrix in the last two axes, which must be equally long: the lower triangular factor, whose product with its transpose is the matrix. NaN where it is not positive definite.",
  parameters: [{ name: "x", kind: "tensor", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const wrong = requireElement(type, ["f32"], "x");
    if (wrong !== null) return wrong;
    const [rows, columns] = type.axes.slice(-2);
    const isRagged = [rows, columns].some((axis) => axis?.kind === "axis" && axis.ragged);
    const sizes = [rows, columns].map((axis) => (axis?.kind === "axis" ? dimConstant(axis.dim) : null));
    const differ = sizes[0] !== null && sizes[1] !== null && sizes[0] !== sizes[1];
    if (columns !== undefined && !isRagged && !differ) return type;
    return problem(
      "shape-mismatch",
      "Sizes do not agree",
      "x",
      formatType(type),
      `\`cholesky\` needs square matrices in the last two axes${isRagged ? ", without a ragged axis" : ""}; the tensor is ${formatType(type)}.`,
    );
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    const [rows, columns] = x.node.shape.slice(-2);
    if (rows !== columns)
      return context.reject(
        problem(
          "shape-mismatch",
          "Sizes do not agree",
          "x",
          formatType(x.type),
          `\`cholesky\` needs square matrices; the last two axes have ${rows} and ${columns} elements.`,
        ),
      );
    return derived(result as TensorType, context.g.node("cholesky", [x.node], {}), [x]);
  },
};

/** Rows, steps and units of a recurrent call whose gates are [rows, steps, count * H] and whose matrix is [count * H, H]. */
function recurrentType(inputs: BuiltinArguments, count: number): RecordType | BuiltinProblem {
  const gates = tensorArgument(inputs, "gates");
  const recurrent = tensorArgument(inputs, "recurrent");
  const wrong = requireElement(gates, ["f32"], "gates") ?? requireElement(recurrent, ["f32"], "recurrent");
  if (wrong !== null) return wrong;
  const [rows, steps, width] = gates.axes;
  const [wide, units] = recurrent.axes;
  const fits =
    gates.axes.length === 3 &&
    recurrent.axes.length === 2 &&
    width?.kind === "axis" &&
    wide?.kind === "axis" &&
    units?.kind === "axis" &&
    dimsEqual(wide.dim, dimMultiply(dimNumber(count), units.dim)) &&
    dimsEqual(width.dim, wide.dim);
  if (!fits || rows === undefined || steps === undefined || units?.kind !== "axis")
    return problem(
      "shape-mismatch",
      "Sizes do not agree",
      "recurrent",
      formatType(recurrent),
      `With H units, \`gates\` is [rows, steps, ${count} * H] and \`recurrent\` is [${count} * H, H]; here they are\n\n    ${formatType(gates)}\n    ${formatType(recurrent)}`,
    );
  const unit = axisOf(units.dim);
  const output = tensorType("f32", [rows, steps, unit]);
  const last = tensorType("f32", [rows, unit]);
  const fields: [string, TensorType][] = [
    ["output", output],
    ["last", last],
  ];
  if (count === 4) fields.push(["last_cell", last], ["cells", output]);
  return { kind: "record", fields: new Map(fields) };
}

function lengthsOf(context: BuildContext, gates: TensorValue): Node {
  const { g } = context;
  const steps = at(gates.node.shape, 1);
  const ragged = gates.ragged.get(axisKey(at(gates.type.axes, 1)));
  return ragged?.lengths ?? g.full([at(gates.node.shape, 0)], steps, "i32");
}

/** Cuts the packed result [rows, steps, parts * H] of the scan into the fields of the record. Past its length a row keeps its state, so the last state stands at the end. */
function recurrentFields(
  context: BuildContext,
  inputs: BuildArguments,
  result: RecordType,
  packed: Node,
  places: { readonly output: number; readonly cell: number | null },
): Map<string, TensorValue> {
  const { g } = context;
  const gates = inputs.tensor("gates");
  const units = at(inputs.tensor("recurrent").node.shape, 1);
  const [rows, steps] = [at(packed.shape, 0), at(packed.shape, 1)];
  const end = inputs.flag("reverse", false) ? 0 : steps - 1;
  const cut = (part: number) => g.sliceAxis(packed, 2, part * units, units);
  const atEnd = (part: number) => g.reshape(g.sliceAxis(cut(part), 1, end, 1), [rows, units]);
  const fields = new Map<string, TensorValue>();
  for (const [name, type] of result.fields) {
    const part = name === "output" || name === "last" ? places.output : (places.cell ?? places.output);
    const everyStep = name === "output" || name === "cells";
    fields.set(name, derived(type, everyStep ? cut(part) : atEnd(part), [gates]));
  }
  return fields;
}

const reverse = { name: "reverse", kind: "flag", optional: true } as const;
const gates = { name: "gates", kind: "tensor", optional: false } as const;
const recurrent = { name: "recurrent", kind: "tensor", optional: false } as const;

const lstm: Builtin = {
  name: "lstm_scan",
  usage: "lstm_scan(gates, recurrent, reverse?)",
  doc: "The recurrent part of an LSTM from a zero state: `gates` [rows, steps, 4 * H] is the input's share (with biases) in the order i, f, g, o; `recurrent` is [4 * H, H]. Gives `output`, `last`, `last_cell` and the `cells` of all steps; every row stops at its own length.",
  parameters: [gates, recurrent, reverse],
  type: (inputs) => recurrentType(inputs, 4),
  build: (context, inputs, result) => {
    const g4 = inputs.tensor("gates");
    const operands = [g4.node, inputs.tensor("recurrent").node, lengthsOf(context, g4)];
    const packed = context.g.node("lstm", operands, { reverse: inputs.flag("reverse", false) });
    return recurrentFields(context, inputs, result as RecordType, packed, { output: 5, cell: 4 });
  },
};

const gru: Builtin = {
  name: "gru_scan",
  usage: "gru_scan(gates, recurrent, bias, reverse?)",
  doc: "The recurrent part of a GRU from a zero state: `gates` [rows, steps, 3 * H] in the order r, z, n; `recurrent` is [3 * H, H]; `bias` [H] is added to the recurrent part of n before r. Gives `output` and `last`.",
  parameters: [gates, recurrent, { name: "bias", kind: "tensor", optional: false }, reverse],
  type: (inputs) => {
    const type = recurrentType(inputs, 3);
    if (type.kind === "problem") return type;
    const bias = tensorArgument(inputs, "bias");
    const units = tensorArgument(inputs, "recurrent").axes[1];
    const only = bias.axes[0];
    if (
      bias.axes.length !== 1 ||
      only?.kind !== "axis" ||
      units?.kind !== "axis" ||
      !dimsEqual(only.dim, units.dim)
    )
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "bias",
        formatType(bias),
        `\`bias\` must have one axis, the units${units?.kind === "axis" ? ` \`${formatDim(units.dim)}\`` : ""}.`,
      );
    return type;
  },
  build: (context, inputs, result) => {
    const g3 = inputs.tensor("gates");
    const operands = [
      g3.node,
      inputs.tensor("recurrent").node,
      inputs.tensor("bias").node,
      lengthsOf(context, g3),
    ];
    const packed = context.g.node("gru", operands, { reverse: inputs.flag("reverse", false) });
    return recurrentFields(context, inputs, result as RecordType, packed, { output: 4, cell: null });
  },
};

export const library: readonly Builtin[] = [sparsemax, cholesky, lstm, gru];
