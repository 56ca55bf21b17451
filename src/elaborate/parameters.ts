/** `param` and `state` statements: shape and first values, handed to the host that owns the memory. */
import { invariant } from "../base/invariant.ts";
import { isRowsAxis } from "../builtins/predefined.ts";
import type { Expression, Statement } from "../syntax/ast.ts";
import type { AxisType } from "../types/tensor-type.ts";
import { axisOf, tensorType } from "../types/tensor-type.ts";
import { dimOf } from "./coerce.ts";
import type { Elaboration, Initialiser } from "./elaboration.ts";
import type { Scope } from "./scope.ts";
import { sizeOf } from "./signature.ts";
import type { Value } from "./values.ts";

type ParamStatement = Extract<Statement, { kind: "param" | "state" }>;

export function makeParameter(e: Elaboration, statement: ParamStatement, scope: Scope): Value {
  const axes = statement.type.axes.map((axis): AxisType => {
    invariant(axis.kind === "axis", "a parameter with `..`");
    return axisOf(dimOf(e, axis.size, scope));
  });
  const shape = axes.map((axis) => (axis.kind === "axis" ? sizeOf(axis.dim, e.sizes) : 0));
  const { path, slots } = scope.place;
  const node = e.host.parameter({
    path: path === "" ? statement.name.name : `${path}.${statement.name.name}`,
    kind: statement.kind,
    perRow: isRowsAxis(axes[0]),
    shape,
    initialiser: initialiser(e, statement.init, scope),
    slots,
    span: statement.span,
  });
  return { kind: "tensor", type: tensorType("f32", axes), node, presence: new Map(), ragged: new Map() };
}

/** First values: a number, or `uniform(low, high)`, `normal(mean, std)`, `orthogonal(gain)`. */
function initialiser(e: Elaboration, init: Expression | null, scope: Scope): Initialiser {
  if (init === null) return { kind: "constant", value: 0 };
  if (init.kind !== "call" || init.callee.kind !== "name")
    return { kind: "constant", value: numberOf(e, init, scope) };
  const read = (name: string, place: number, otherwise: number): number => {
    const argument =
      init.arguments.find((given) => given.name?.name === name) ??
      init.arguments.filter((given) => given.name === null)[place];
    return argument === undefined ? otherwise : numberOf(e, argument.value, scope);
  };
  switch (init.callee.name) {
    case "uniform":
      return { kind: "uniform", low: read("low", 0, -1), high: read("high", 1, 1) };
    case "normal":
      return { kind: "normal", mean: read("mean", 0, 0), std: read("std", 1, 1) };
    case "orthogonal":
      return { kind: "orthogonal", gain: read("gain", 0, 1) };
    default:
      return { kind: "constant", value: numberOf(e, init, scope) };
  }
}

function numberOf(e: Elaboration, expression: Expression, scope: Scope): number {
  const value = e.evaluate(expression, scope);
  invariant(value.kind === "number", "an initial value that is not a number");
  return value.value;
}
