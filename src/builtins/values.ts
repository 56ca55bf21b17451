/** Helpers for builtin functions: placing operands on common axes, masks of what takes part, and problems as data. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { Dim } from "../types/dim.ts";
import { formatDim } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { alignAxes, formatType, sameAxis } from "../types/tensor-type.ts";
import type { BuildContext, RaggedLengths, TensorValue } from "./build-context.ts";
import type { BuiltinArguments, BuiltinProblem } from "./builtin.ts";

/** Stands for minus infinity where a maximum starts: the most negative finite f32, since drivers may assume that infinities do not occur. */
export const LOWEST = -3.4028234663852886e38;

export function problem(
  code: string,
  title: string,
  parameter: string | null,
  label: string,
  text: string,
  hint?: string,
): BuiltinProblem {
  return { kind: "problem", code, title, parameter, label, text, ...(hint === undefined ? {} : { hint }) };
}

export function isProblem(value: { readonly kind: string }): value is BuiltinProblem {
  return value.kind === "problem";
}

/** The type of a tensor argument that binding has already shown to be there. */
export function tensorArgument(inputs: BuiltinArguments, name: string): TensorType {
  const argument = inputs.get(name);
  if (argument?.kind !== "tensor") throw new CompilerBug(`builtin argument ${name} is not a tensor`);
  return argument.type;
}

export function tensorArguments(inputs: BuiltinArguments, name: string): readonly TensorType[] {
  const argument = inputs.get(name);
  if (argument?.kind !== "tensors")
    throw new CompilerBug(`builtin argument ${name} is not a list of tensors`);
  return argument.types;
}

/** The sizes of an `axis`, `axes`, `size` or `sizes` argument; null when it was left out. */
export function dimArguments(inputs: BuiltinArguments, name: string): readonly Dim[] | null {
  const argument = inputs.get(name);
  if (argument === undefined) return null;
  if (argument.kind === "axis" || argument.kind === "size") return [argument.dim];
  if (argument.kind === "axes" || argument.kind === "sizes") return argument.dims;
  throw new CompilerBug(`builtin argument ${name} is not a size`);
}

/** Place of the axis that is named by `dim`, or why it cannot be used. */
export function findAxis(
  type: TensorType,
  dim: Dim,
  parameter: string,
  name: string,
): number | BuiltinProblem {
  const places = type.axes.flatMap((axis, place) =>
    axis.kind === "axis" && axis.dim.key === dim.key ? [place] : [],
  );
  if (places.length === 1) return at(places, 0);
  if (places.length === 0)
    return problem(
      "unknown-axis",
      "No such axis",
      parameter,
      `\`${name}\` is not an axis here`,
      `The tensor is ${formatType(type)}; it has no axis \`${name}\`.`,
    );
  return problem(
    "ambiguous-axis",
    "Axis stands twice",
    parameter,
    `two axes are \`${name}\``,
    `The tensor is ${formatType(type)}, so \`${name}\` does not say which axis is meant.`,
    "Give one of them another name with `rename`.",
  );
}

/** Requires one of the element types, or says what was found. */
export function requireElement(
  type: TensorType,
  accepted: readonly TensorType["element"][],
  parameter: string,
): BuiltinProblem | null {
  if (accepted.includes(type.element)) return null;
  return problem(
    "wrong-element",
    "Wrong kind of element",
    parameter,
    `this is ${formatType(type)}`,
    `\`${parameter}\` must hold ${accepted.map((element) => `\`${element}\``).join(" or ")}; it holds \`${type.element}\`.`,
    type.element === "bool" || type.element === "ids" || type.element === "class"
      ? "`float(x)` turns whole numbers and truth values into `f32`."
      : undefined,
  );
}

/** Place of the axis with this key in a value; -1 when it is not there. */
export function axisPlace(type: TensorType, key: string): number {
  return type.axes.findIndex((axis) => axis.kind === "axis" && axis.dim.key === key);
}

/** Key of an axis of a value (values have no `..`). */
export function axisKey(axis: AxisType): string {
  if (axis.kind === "rest") throw new CompilerBug("a value has an unresolved `..` axis");
  return axis.dim.key;
}

/** `node` reshaped so that it broadcasts, from the right, to a value with these axes. */
export function placeOn(value: TensorValue, axes: readonly AxisType[], context: BuildContext): Node {
  const alignment = alignAxes(axes, value.type.axes);
  if (alignment === null || alignment.axes.length !== axes.length)
    throw new CompilerBug(`${formatType(value.type)} does not fit the axes it was checked against`);
  const shape = alignment.right.map((place) => (place === null ? 1 : at(value.node.shape, place)));
  return context.g.reshape(value.node, shape);
}

/** Rows that take part in a result are those that take part in everything that it reads. */
export function joinPresence(
  values: readonly TensorValue[],
  axes: readonly AxisType[],
): Map<string, Set<Node>> {
  const joined = new Map<string, Set<Node>>();
  const keys = new Set(axes.map(axisKey));
  for (const value of values)
    for (const [key, nodes] of value.presence)
      if (keys.has(key)) joined.set(key, new Set([...(joined.get(key) ?? []), ...nodes]));
  return joined;
}

export function joinRagged(
  values: readonly TensorValue[],
  axes: readonly AxisType[],
): Map<string, RaggedLengths> {
  const joined = new Map<string, RaggedLengths>();
  for (const axis of axes) {
    if (axis.kind !== "axis" || !axis.ragged) continue;
    const source = values.find((value) => value.ragged.has(axis.dim.key));
    const lengths = source?.ragged.get(axis.dim.key);
    if (lengths !== undefined) joined.set(axis.dim.key, lengths);
  }
  return joined;
}

/** Where the elements of an axis are in a result: on the axis with this key, and which of that one's elements take part. */
export interface MovedAxis {
  readonly key: string;
  readonly present: ReadonlySet<Node>;
}

/**
 * A value of type `type` whose presence and lengths come from what it was computed from. `moved` holds, by their old keys, the axes with absent
 * elements that the result has in another form: joined, cut or in another order, but not reduced.
 */
export function derived(
  type: TensorType,
  node: Node,
  from: readonly TensorValue[],
  moved: ReadonlyMap<string, MovedAxis> = new Map(),
): TensorValue {
  const over = reducedPresence(from, new Set([...type.axes.map(axisKey), ...moved.keys()]));
  const presence = new Map<string, ReadonlySet<Node>>(joinPresence(from, type.axes));
  for (const { key, present } of moved.values()) presence.set(key, present);
  return {
    kind: "tensor",
    type,
    node,
    presence,
    ragged: joinRagged(from, type.axes),
    ...(over.size === 0 ? {} : { over }),
  };
}

/** Presence of the axes that a result has no more, which are all but those with `keys`, and of those that had been reduced before. */
function reducedPresence(values: readonly TensorValue[], keys: ReadonlySet<string>): Map<Node, Dim> {
  const over = new Map<Node, Dim>();
  for (const value of values) {
    for (const [node, along] of value.over ?? []) over.set(node, along);
    for (const [key, nodes] of value.presence) {
      if (keys.has(key)) continue;
      const axis = at(value.type.axes, axisPlace(value.type, key));
      if (axis.kind === "axis") for (const node of nodes) over.set(node, axis.dim);
    }
  }
  return over;
}

/**
 * Which elements take part along the axes in `reduced` (keys; every axis when null): a bool node of the value's rank with extent 1
 * where the axis does not matter, or null when all of them do.
 */
export function participation(
  value: TensorValue,
  context: BuildContext,
  reduced: ReadonlySet<string> | null,
): Node | null {
  const { g } = context;
  const rank = value.node.shape.length;
  const parts: Node[] = [];
  const spread = (node: Node, places: readonly number[]): Node => {
    const shape = new Array<number>(rank).fill(1);
    for (const [index, place] of places.entries()) shape[place] = at(node.shape, index);
    return g.reshape(node, shape);
  };
  for (const [key, nodes] of value.presence) {
    if (reduced !== null && !reduced.has(key)) continue;
    for (const node of nodes) parts.push(spread(node, [axisPlace(value.type, key)]));
  }
  for (const [key, { lengths, along }] of value.ragged) {
    if (reduced !== null && !reduced.has(key) && !reduced.has(along.key)) continue;
    const place = axisPlace(value.type, key);
    const rows = axisPlace(value.type, along.key);
    if (rows < 0) throw new CompilerBug("a ragged axis lost the axis that its lengths run along");
    const positions = spread(g.iota([at(value.node.shape, place)], 0), [place]);
    parts.push(g.less(positions, spread(lengths, [rows])));
  }
  return parts.length === 0 ? null : parts.reduce((all, part) => g.and(all, part));
}

/** The value with everything that does not take part along `reduced` replaced by `filling`. */
export function filled(
  value: TensorValue,
  context: BuildContext,
  filling: number,
  reduced: ReadonlySet<string> | null,
): Node {
  const mask = participation(value, context, reduced);
  if (mask === null) return value.node;
  const { g } = context;
  return g.where(g.broadcastTo(mask, value.node.shape), value.node, filling);
}

/** Same axes in the same order. */
export function sameAxes(a: readonly AxisType[], b: readonly AxisType[]): boolean {
  return a.length === b.length && a.every((axis, index) => sameAxis(axis, at(b, index)));
}

/** The axes with `count` of them from `place` on replaced. */
export function replaced(
  axes: readonly AxisType[],
  place: number,
  count: number,
  by: readonly AxisType[],
): AxisType[] {
  return [...axes.slice(0, place), ...by, ...axes.slice(place + count)];
}

/** The place of the `axis` argument, or the last one when it was left out. */
export function chosenAxis(inputs: BuiltinArguments, type: TensorType): number | BuiltinProblem {
  const dims = dimArguments(inputs, "axis");
  if (dims !== null) {
    const dim = at(dims, 0);
    return findAxis(type, dim, "axis", formatDim(dim));
  }
  if (type.axes.length > 0) return type.axes.length - 1;
  return problem(
    "no-axis",
    "A scalar has no axis",
    "x",
    "this is a scalar",
    "A scalar has no axis to work along.",
  );
}
