/** Shape arithmetic of the graph builder: broadcasting, axis numbers, and the key by which equal nodes are found. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
import type { Node } from "./graph.ts";
import { ScanBody } from "./scan-body.ts";

/** The shape that all `shapes` stretch to, aligned at the right; throws CompilerBug when they do not fit. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  const [first] = shapes;
  if (first !== undefined && shapes.every((shape) => sameExtents(shape, first))) return [...first];
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

function sameExtents(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
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

/** Text that is equal exactly for nodes with equal operation, operands and attributes. */
export function nodeKey(op: string, inputs: readonly Node[], attributes: object): string {
  let key = `${op}(`;
  for (const input of inputs) key += `${input.id},`;
  return `${key})${attributeKey(attributes)}`;
}

// JSON.stringify would confuse -0 with 0 and NaN with the infinities. Compilation spends much of its time here, so that the usual cases (no attributes,
// one of them, lists of whole numbers) take the shortest way.
function attributeKey(attributes: object): string {
  const fields = Object.entries(attributes);
  if (fields.length === 0) return "{}";
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
  return typeof value === "object" && value !== null ? attributeKey(value) : JSON.stringify(value);
}
