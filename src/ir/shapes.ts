/** Shape arithmetic of the graph builder: broadcasting, axis numbers, and the names by which equal nodes are found. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
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
  invariant(canonical >= 0 && canonical < rank, () => `axis ${axis} is outside rank ${rank}`);
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

/** Text that is equal exactly for equal attributes; empty for none. JSON.stringify would confuse -0 with 0 and NaN with the infinities. */
export function attributesName(attributes: object): string {
  const names = Object.keys(attributes);
  if (names.length === 0) return "";
  if (names.length > 1) names.sort();
  let key = "{";
  for (const name of names) key += `${name}:${fieldKey((attributes as Record<string, unknown>)[name])},`;
  return `${key}}`;
}

function fieldKey(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  // Lists are shapes, axes and places: whole numbers.
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (value instanceof ScanBody) return value.key;
  return typeof value === "object" && value !== null ? attributesName(value) : JSON.stringify(value);
}
