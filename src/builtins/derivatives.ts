/** Functions that leave a value as it is and change how it is differentiated. */
import { invariant } from "../base/invariant.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { type Builtin, x } from "./builtin.ts";
import { derived, problem, requireElement, tensorArgument } from "./values.ts";

const stop: Builtin = {
  name: "stop",
  usage: "stop(x)",
  doc: "The same value; no gradient flows through it.",
  parameters: [x],
  type: (inputs) => tensorArgument(inputs, "x"),
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    return derived(result as TensorType, context.g.stopGradient(x.node), [x]);
  },
};

const recompute: Builtin = {
  name: "recompute",
  usage: "recompute(y, x…)",
  doc: "y. Its derivative computes what lies between x… and y again instead of keeping it: less memory for more work (arXiv 1604.06174).",
  parameters: [{ name: "values", kind: "tensors", optional: false }],
  type: (inputs) => {
    const values = inputs.get("values");
    const [y, first] = values?.kind === "tensors" ? values.types : [];
    if (y === undefined || first === undefined)
      return problem(
        "nothing-to-recompute",
        "Nothing to compute again",
        "values",
        "one value only",
        "`recompute(y, x…)` computes y again from the values that follow it.",
        "Name the inputs of the block that y is the result of: `recompute(layer(x), x)`.",
      );
    return requireElement(y, ["f32"], "values") ?? y;
  },
  build: (context, inputs, result) => {
    const [y, ...from] = inputs.tensors("values");
    invariant(y !== undefined, "recompute without a value");
    const below = new Set(topologicalOrder([y.node]));
    if (!from.some(({ node }) => below.has(node)))
      context.reject(
        problem(
          "nothing-to-recompute",
          "Nothing to compute again",
          "values",
          "the first value does not depend on the others",
          "`recompute(y, x…)` computes y again from the values that follow it, and y is not made of them.",
          "Name the inputs of the block that y is the result of: `recompute(layer(x), x)`.",
        ),
      );
    const node = context.g.recompute(
      y.node,
      from.map((value) => value.node),
    );
    return derived(result as TensorType, node, [y]);
  },
};

const reverse: Builtin = {
  name: "reverse",
  usage: "reverse(x, weight)",
  doc: "Gradient reversal: the same value, the gradient times -weight (arXiv 1505.07818).",
  parameters: [x, { name: "weight", kind: "number", optional: true }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    return requireElement(type, ["f32"], "x") ?? type;
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    return derived(result as TensorType, context.g.scaleGradient(x.node, -inputs.number("weight", 1)), [x]);
  },
};

export const derivatives: readonly Builtin[] = [stop, reverse, recompute];
