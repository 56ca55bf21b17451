/** Functions that say what padding and absent rows count as. */
import type { Node } from "../ir/graph.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { type Builtin, x } from "./builtin.ts";
import { derived, filled, tensorArgument } from "./values.ts";

const fill: Builtin = {
  name: "fill",
  usage: "fill(x, value)",
  doc: "Puts a number in place of padding and of absent rows, for formulas that must not see what stands there.",
  parameters: [x, { name: "value", kind: "number", optional: false }],
  type: (inputs) => tensorArgument(inputs, "x"),
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    return derived(result as TensorType, filled(value, context, inputs.number("value"), null), [value]);
  },
};

const presentOrZero: Builtin = {
  name: "or_zero",
  usage: "or_zero(x)",
  doc: "Rows that are absent count as present with zeros: a missing modality then tells nothing instead of taking the row out.",
  parameters: [x],
  type: (inputs) => tensorArgument(inputs, "x"),
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const presence = new Map<string, ReadonlySet<Node>>();
    for (const [key, nodes] of value.presence) {
      // Places that fill up a last batch hold no row, whatever the modality.
      const complete = [...nodes].map((present) => context.ifComplete(present));
      const kept = new Set(complete.filter((present) => present !== null));
      if (kept.size > 0) presence.set(key, kept);
    }
    return { ...value, type: result as TensorType, node: filled(value, context, 0, null), presence };
  },
};

const padded: Builtin = {
  name: "padded",
  usage: "padded(x)",
  doc: "Padding counts as ordinary elements: every row is as long as the longest can be. For results of code that does not know lengths.",
  parameters: [x],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const axes = type.axes.map((each) => (each.kind === "axis" ? { ...each, ragged: false } : each));
    return { ...type, axes };
  },
  build: (_context, inputs, result) => ({
    ...inputs.tensor("x"),
    type: result as TensorType,
    ragged: new Map(),
  }),
};

export const paddings: readonly Builtin[] = [fill, presentOrZero, padded];
