/** Functions that join several tensors into one. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { dimAdd, dimNumber } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { axisOf, formatType, tensorType } from "../types/tensor-type.ts";
import type { TensorValue } from "./build-context.ts";
import type { Builtin, BuiltinProblem } from "./builtin.ts";
import { axisKey, derived, problem, replaced, sameAxes, tensorArguments } from "./values.ts";

function noAxis(name: string, verb: string): BuiltinProblem {
  const text = `\`${name}\` needs tensors with at least one axis.`;
  return problem("no-axis", `Nothing to ${verb}`, "items", "no axis", text);
}

const concat: Builtin = {
  name: "concat",
  usage: "concat(a, b, …)",
  doc: "Tensors behind one another along their last axis; the other axes must agree.",
  parameters: [{ name: "items", kind: "tensors", optional: false }],
  type: (inputs) => {
    const types = tensorArguments(inputs, "items");
    const first = types[0];
    if (first === undefined || first.axes.length === 0) return noAxis("concat", "join");
    let total = dimNumber(0);
    for (const type of types) {
      const last = type.axes[type.axes.length - 1];
      if (
        last?.kind !== "axis" ||
        !sameAxes(type.axes.slice(0, -1), first.axes.slice(0, -1)) ||
        type.element !== "f32"
      )
        return problem(
          "shape-mismatch",
          "Sizes do not agree",
          "items",
          formatType(type),
          `All but the last axis must agree:\n\n${types.map((each) => `    ${formatType(each)}`).join("\n")}`,
        );
      if (last.ragged)
        return problem(
          "ragged-concat",
          "Ragged axis joined",
          "items",
          formatType(type),
          "Tensors cannot be joined along a ragged axis: every row ends elsewhere.",
        );
      total = dimAdd(total, last.dim);
    }
    return tensorType("f32", [...first.axes.slice(0, -1), axisOf(total)]);
  },
  build: (context, inputs, result) => {
    const values = inputs.tensors("items");
    const { g } = context;
    const type = result as TensorType;
    const node = g.concat(
      values.map((value) => value.node),
      -1,
    );
    const flags = values.map((value) => lastPresence(g, value));
    if (flags.every((flag) => flag === null)) return derived(type, node, values);
    const present = g.concat(
      flags.map((flag, index) => flag ?? g.full([at(at(values, index).node.shape, -1)], 1, "bool")),
      -1,
    );
    const last = ({ axes }: TensorType) => axisKey(at(axes, -1));
    const joined = { key: last(type), present: new Set([present]) };
    return derived(type, node, values, new Map(values.map((value) => [last(value.type), joined])));
  },
};

/** bool[extent]: which elements of the last axis take part, or null when all do. */
function lastPresence(g: GraphBuilder, { type, presence }: TensorValue): Node | null {
  const last = at(type.axes, -1);
  const nodes = last.kind === "axis" ? [...(presence.get(last.dim.key) ?? [])] : [];
  return nodes.length === 0 ? null : nodes.reduce((all, node) => g.and(all, node));
}

const stack: Builtin = {
  name: "stack",
  usage: "stack(a, b, …)",
  doc: "Tensors of the same axes side by side: a new axis, as long as the list, before the last one.",
  parameters: [{ name: "items", kind: "tensors", optional: false }],
  type: (inputs) => {
    const types = tensorArguments(inputs, "items");
    const first = types[0];
    if (first === undefined || first.axes.length === 0) return noAxis("stack", "stack");
    const odd = types.find((type) => !sameAxes(type.axes, first.axes) || type.element !== "f32");
    if (odd !== undefined)
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "items",
        formatType(odd),
        `All tensors of a stack must have the same axes:\n\n${types.map((each) => `    ${formatType(each)}`).join("\n")}`,
      );
    return tensorType(
      "f32",
      replaced(first.axes, first.axes.length - 1, 0, [axisOf(dimNumber(types.length))]),
    );
  },
  build: (context, inputs, result) => {
    const values = inputs.tensors("items");
    const { g } = context;
    const parts = values.map(({ node }) =>
      g.reshape(node, [...node.shape.slice(0, -1), 1, at(node.shape, -1)]),
    );
    return derived(result as TensorType, g.concat(parts, -2), values);
  },
};

export const joins: readonly Builtin[] = [concat, stack];
