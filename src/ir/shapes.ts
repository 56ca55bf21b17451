/** Shape arithmetic of the graph builder: broadcasting, axis numbers, and the names by which equal nodes are found. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
import type { Node } from "./graph.ts";
import { sameShape } from "./graph-walk.ts";
import { ScanBody } from "./scan-body.ts";

/** The shape that all `shapes` stretch to, aligned at the right; throws CompilerBug when they do not fit. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  const [first] = shapes;
  if (first !== undefined && shapes.every((shape) => sameShape(shape, first))) return [...first];
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1 || own === extent) continue;
      if (extent !== 1) {
        throw new CompilerBug(
          `shapes do not broadcast: ${shapes.map((each) => `[${each.join(", ")}]`).join(" and ")}`,
        );
      }
      extent = own;
    }
    return extent;
  });
}

/** An axis counted from the end when negative. */
export function canonicalAxis(axis: number, rank: number): number {
  const canonical = axis < 0 ? axis + rank : axis;
  invariant(canonical >= 0 && canonical < rank, `axis ${axis} is outside rank ${rank}`);
  return canonical;
}

/** Axes in ascending order, each once. */
export function canonicalAxes(axes: readonly number[], rank: number): number[] {
  return [...new Set(axes.map((axis) => canonicalAxis(axis, rank)))].sort((a, b) => a - b);
}

/** Distance in elements between neighbours along each axis of a row-major tensor. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = at(strides, axis + 1) * at(shape, axis + 1);
  }
  return strides;
}

/** More nodes than a graph can have: two of their numbers fit into one. */
const MOST_NODES = 2 ** 26;

/** What is equal exactly for nodes of one operation with equal operands and attributes, which are given by {@link attributesName}. */
export function nodeKey(inputs: readonly Node[], name: string): string | number {
  const [first, second, third] = inputs;
  if (name === "" && first !== undefined && third === undefined)
    return second === undefined ? first.id : first.id * MOST_NODES + second.id;
  let key = name;
  for (const input of inputs) key += ` ${input.id}`;
  return key;
}

/** Text that is equal exactly for equal attributes; empty for none. JSON.stringify would confuse -0 with 0 and NaN with the infinities. */
export function attributesName(attributes: object): string {
  const fields = Object.entries(attributes);
  if (fields.length === 0) return "";
  if (fields.length > 1) fields.sort(([a], [b]) => (a < b ? -1 : 1));
  let key = "{";
  for (const [name, field] of fields) key += `${name}:${fieldKey(field)},`;
  return `${key}}`;
}

function fieldKey(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  // Lists are shapes, axes and places: whole numbers.
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (value instanceof ScanBody) return value.key;
  return typeof value === "object" && value !== null ? attributesName(value) : JSON.stringify(value);
}
