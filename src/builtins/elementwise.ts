/** Operators and functions that work element by element. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { UnaryOp } from "../ir/graph-build.ts";
import type { AxisType, Element, TensorType } from "../types/tensor-type.ts";
import { alignAxes, formatType, scalarType, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import type { Builtin, BuiltinArguments, BuiltinProblem } from "./builtin.ts";
import { derived, filled, isProblem, placeOn, problem, requireElement, tensorArgument } from "./values.ts";

const one = (name: string) => [{ name, kind: "tensor", optional: false }] as const;
const two = [
  { name: "a", kind: "tensor", optional: false },
  { name: "b", kind: "tensor", optional: false },
] as const;

/** Common axes of several operands, or why there are none. */
function commonAxes(
  inputs: BuiltinArguments,
  names: readonly string[],
): readonly AxisType[] | BuiltinProblem {
  let axes: readonly AxisType[] = [];
  let widest = scalarType;
  for (const name of names) {
    const type = tensorArgument(inputs, name);
    const alignment = alignAxes(axes, type.axes);
    if (alignment === null)
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        name,
        formatType(type),
        `These tensors have no common axes:\n\n    ${formatType(widest)}\n    ${formatType(type)}\n\nAxes must agree from the right, or those of one must be among those of the other.`,
      );
    axes = alignment.axes;
    if (type.axes.length >= widest.axes.length) widest = type;
  }
  return axes;
}

/** Operands of an elementwise node: reshaped so that the graph builder's broadcasting does the rest; whole numbers become f32 where they meet f32. */
function operands(context: BuildContext, values: readonly TensorValue[], type: TensorType): Node[] {
  const nodes = values.map((value) => placeOn(value, type.axes, context));
  const mixed = nodes.some((node) => node.dtype === "f32") && nodes.some((node) => node.dtype === "i32");
  return mixed ? nodes.map((node) => (node.dtype === "i32" ? context.g.cast(node, "f32") : node)) : nodes;
}

/** A function of one f32 tensor. `singular` functions see 1 instead of padding and absent rows, where 0 would give an infinity whose derivative spoils the rest. */
function unary(
  name: string,
  op: UnaryOp,
  doc: string,
  constant: ((x: number) => number) | null,
  singular = false,
): Builtin {
  return {
    name,
    usage: `${name}(x)`,
    doc,
    parameters: one("x"),
    ...(constant === null ? {} : { constant: ([x = 0]: readonly number[]) => constant(x) }),
    type: (inputs) => {
      const type = tensorArgument(inputs, "x");
      return requireElement(type, ["f32"], "x") ?? type;
    },
    build: (context, inputs, result) => {
      const x = inputs.tensor("x");
      const node = singular ? filled(x, context, 1, null) : x.node;
      return derived(result as TensorType, context.g.unary(op, node), [x]);
    },
  };
}

interface BinaryRule {
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  readonly accepts: readonly Element[];
  readonly gives: "f32" | "bool";
  readonly constant?: (a: number, b: number) => number;
  readonly build: (context: BuildContext, a: Node, b: Node) => Node;
  /** The second operand is a divisor: padding counts as 1 there. */
  readonly divides?: boolean;
}

function binary(rule: BinaryRule): Builtin {
  const { constant } = rule;
  return {
    name: rule.name,
    usage: rule.usage,
    doc: rule.doc,
    parameters: two,
    ...(constant === undefined ? {} : { constant: ([a = 0, b = 0]: readonly number[]) => constant(a, b) }),
    type: (inputs) => {
      for (const name of ["a", "b"]) {
        const wrong = requireElement(tensorArgument(inputs, name), rule.accepts, name);
        if (wrong !== null) return wrong;
      }
      const axes = commonAxes(inputs, ["a", "b"]);
      return "kind" in axes ? axes : tensorType(rule.gives, axes);
    },
    build: (context, inputs, result) => {
      const type = result as TensorType;
      const left = inputs.tensor("a");
      const right = inputs.tensor("b");
      const safe = rule.divides ? { ...right, node: filled(right, context, 1, null) } : right;
      const placed = operands(context, [left, safe], type);
      return derived(type, rule.build(context, at(placed, 0), at(placed, 1)), [left, right]);
    },
  };
}

const numbers: readonly Element[] = ["f32"];
const comparable: readonly Element[] = ["f32", "ids", "class"];

/** `x ^ k` with a fixed exponent. */
const power: Builtin = {
  name: "^",
  usage: "x ^ k",
  doc: "Power with an exponent that is known at compile time.",
  parameters: [
    { name: "a", kind: "tensor", optional: false },
    { name: "b", kind: "number", optional: false },
  ],
  constant: ([a = 0, b = 0]) => a ** b,
  type: (inputs) => {
    const type = tensorArgument(inputs, "a");
    return requireElement(type, numbers, "a") ?? type;
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("a");
    const exponent = inputs.number("b");
    const singular = exponent < 1 && exponent !== 0;
    const node = singular ? filled(x, context, 1, null) : x.node;
    const raised = exponent === 0.5 ? context.g.sqrt(node) : context.g.power(node, exponent);
    return derived(result as TensorType, raised, [x]);
  },
};

const negate = unary("negate", "negate", "Opposite number.", (x) => -x);
const not: Builtin = {
  name: "not",
  usage: "not x",
  doc: "True where x is false.",
  parameters: one("x"),
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    return requireElement(type, ["bool"], "x") ?? type;
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    return derived(result as TensorType, context.g.not(x.node), [x]);
  },
};

const rules: readonly BinaryRule[] = [
  {
    name: "+",
    usage: "a + b",
    doc: "Sum.",
    accepts: numbers,
    gives: "f32",
    constant: (a, b) => a + b,
    build: ({ g }, a, b) => g.add(a, b),
  },
  {
    name: "-",
    usage: "a - b",
    doc: "Difference.",
    accepts: numbers,
    gives: "f32",
    constant: (a, b) => a - b,
    build: ({ g }, a, b) => g.sub(a, b),
  },
  {
    name: "*",
    usage: "a * b",
    doc: "Product.",
    accepts: numbers,
    gives: "f32",
    constant: (a, b) => a * b,
    build: ({ g }, a, b) => g.mul(a, b),
  },
  {
    name: "/",
    usage: "a / b",
    doc: "Quotient.",
    accepts: numbers,
    gives: "f32",
    constant: (a, b) => a / b,
    build: ({ g }, a, b) => g.div(a, b),
    divides: true,
  },
  {
    name: "==",
    usage: "a == b",
    doc: "True where equal.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.equal(a, b),
  },
  {
    name: "!=",
    usage: "a != b",
    doc: "True where different.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.notEqual(a, b),
  },
  {
    name: "<",
    usage: "a < b",
    doc: "True where smaller.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.less(a, b),
  },
  {
    name: "<=",
    usage: "a <= b",
    doc: "True where not larger.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.lessEqual(a, b),
  },
  {
    name: ">",
    usage: "a > b",
    doc: "True where larger.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.greater(a, b),
  },
  {
    name: ">=",
    usage: "a >= b",
    doc: "True where not smaller.",
    accepts: comparable,
    gives: "bool",
    build: ({ g }, a, b) => g.greaterEqual(a, b),
  },
  {
    name: "and",
    usage: "a and b",
    doc: "True where both are.",
    accepts: ["bool"],
    gives: "bool",
    build: ({ g }, a, b) => g.and(a, b),
  },
  {
    name: "or",
    usage: "a or b",
    doc: "True where one of them is.",
    accepts: ["bool"],
    gives: "bool",
    build: ({ g }, a, b) => g.or(a, b),
  },
];

/** What the operators of the language mean for tensors. */
export const operators: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ...rules.map((rule): [string, Builtin] => [rule.name, binary(rule)]),
  ["^", power],
  ["negate", negate],
  ["not", not],
]);

const where: Builtin = {
  name: "where",
  usage: "where(condition, a, b)",
  doc: "`a` where the condition holds, `b` elsewhere; only the branch taken receives a gradient.",
  parameters: [{ name: "condition", kind: "tensor", optional: false }, ...two],
  type: (inputs) => {
    const wrong =
      requireElement(tensorArgument(inputs, "condition"), ["bool"], "condition") ??
      requireElement(tensorArgument(inputs, "a"), ["f32"], "a") ??
      requireElement(tensorArgument(inputs, "b"), ["f32"], "b");
    if (wrong !== null) return wrong;
    const axes = commonAxes(inputs, ["condition", "a", "b"]);
    return "kind" in axes ? axes : tensorType("f32", axes);
  },
  build: (context, inputs, result) => {
    const type = result as TensorType;
    const values = [inputs.tensor("condition"), inputs.tensor("a"), inputs.tensor("b")];
    const placed = operands(context, values, type);
    return derived(type, context.g.where(at(placed, 0), at(placed, 1), at(placed, 2)), values);
  },
};

const float: Builtin = {
  name: "float",
  usage: "float(x)",
  doc: "Whole numbers and truth values as f32.",
  parameters: one("x"),
  type: (inputs) => tensorType("f32", tensorArgument(inputs, "x").axes),
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    return derived(result as TensorType, context.g.cast(x.node, "f32"), [x]);
  },
};

/** `sum`, `mean`, `max`, `min` of a list of tensors: element by element. */
export function overList(
  name: string,
  doc: string,
  combine: (context: BuildContext, parts: readonly Node[]) => Node,
): Builtin {
  return {
    name,
    usage: `${name}(list)`,
    doc,
    parameters: [{ name: "list", kind: "tensors", optional: false }],
    type: (inputs) => {
      const argument = inputs.get("list");
      const types = argument?.kind === "tensors" ? argument.types : [];
      if (types.length === 0)
        return problem(
          "empty-list",
          "List is empty",
          "list",
          "nothing to combine",
          `\`${name}\` of an empty list has no value.`,
        );
      const named = new Map(
        types.map((type, index) => [`item ${index + 1}`, { kind: "tensor", type }] as const),
      );
      for (const type of types) {
        const wrong = requireElement(type, ["f32"], "list");
        if (wrong !== null) return wrong;
      }
      const axes = commonAxes(named, [...named.keys()]);
      if (!("kind" in axes)) return tensorType("f32", axes);
      return isProblem(axes) ? { ...axes, parameter: "list" } : axes;
    },
    build: (context, inputs, result) => {
      const type = result as TensorType;
      const values = inputs.tensors("list");
      return derived(type, combine(context, operands(context, values, type)), values);
    },
  };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export const elementwise: readonly Builtin[] = [
  unary("exp", "exp", "e to the power of x.", Math.exp),
  unary("log", "log", "Natural logarithm.", Math.log, true),
  unary("log1p", "log1p", "log(1 + x), accurate near 0.", Math.log1p),
  unary("sqrt", "sqrt", "Square root.", Math.sqrt, true),
  unary("tanh", "tanh", "Hyperbolic tangent.", Math.tanh),
  unary("sigmoid", "sigmoid", "1 / (1 + exp(-x)).", sigmoid),
  unary(
    "softplus",
    "softplus",
    "log(1 + exp(x)).",
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  ),
  unary("sin", "sin", "Sine.", Math.sin),
  unary("cos", "cos", "Cosine.", Math.cos),
  unary("abs", "absolute", "Absolute value; its derivative at 0 is 0.", Math.abs),
  unary("sign", "sign", "-1, 0 or 1.", Math.sign),
  unary("floor", "floor", "Largest whole number not above x.", Math.floor),
  unary("erf", "erf", "Error function.", null),
  unary("round", "round", "Nearest whole number, half to even.", null),
  binary({
    name: "maximum",
    usage: "maximum(a, b)",
    doc: "The larger of two.",
    accepts: numbers,
    gives: "f32",
    constant: Math.max,
    build: ({ g }, a, b) => g.maximum(a, b),
  }),
  binary({
    name: "minimum",
    usage: "minimum(a, b)",
    doc: "The smaller of two.",
    accepts: numbers,
    gives: "f32",
    constant: Math.min,
    build: ({ g }, a, b) => g.minimum(a, b),
  }),
  where,
  float,
];
