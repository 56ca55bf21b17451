/** How views and gathers change coordinates. */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import type { PlainView } from "../ir/graph-walk.ts";
import type { Affine, Coordinates, IndexSpace } from "./index-map.ts";
import { shiftIndex, ZERO } from "./index-map.ts";

/** Coordinates in the operand of the element at `coordinates` of the view. */
export function throughView(space: IndexSpace, node: PlainView, coordinates: Coordinates): Coordinates {
  const from = at<Node>(node.inputs, 0).shape;
  switch (node.op) {
    case "reshape":
      return space.reshape(coordinates, node.shape, from);
    case "transpose": {
      const result = from.map(() => ZERO);
      node.attributes.permutation.forEach((axis, position) => {
        result[axis] = at(coordinates, position);
      });
      return result;
    }
    case "broadcast":
      return from.map((extent, axis) => (extent === 1 ? ZERO : at(coordinates, axis)));
    case "after":
      return coordinates;
    case "slice": {
      const { start } = node.attributes;
      return coordinates.map((index, axis) => shiftIndex(index, at(start, axis)));
    }
  }
}

/** A condition `low <= index < high`; a side that always holds is null. */
export interface Guard {
  readonly index: Affine;
  readonly low: number | null;
  readonly high: number | null;
}

/** The part of `low <= index < high` that is not certain; null when all is. */
export function guardOf(space: IndexSpace, index: Affine, low: number, high: number): Guard | null {
  const expanded = space.expand(index);
  const [least, greatest] = space.bounds(expanded);
  const guard = { index: expanded, low: least < low ? low : null, high: greatest >= high ? high : null };
  return guard.low === null && guard.high === null ? null : guard;
}

/** A pad's operand: its coordinates, and where it is. */
export function throughPad(
  space: IndexSpace,
  node: NodeOf<"pad">,
  coordinates: Coordinates,
): { readonly coordinates: Coordinates; readonly guards: readonly Guard[] } {
  const { before } = node.attributes;
  const inner = coordinates.map((index, axis) => shiftIndex(index, -at(before, axis)));
  const shape = at(node.inputs, 0).shape;
  const guards = inner.flatMap((index, axis) => guardOf(space, index, 0, at(shape, axis)) ?? []);
  return { coordinates: inner, guards };
}

/** One operand of a concat that the coordinates may fall into. */
export interface Piece {
  readonly node: Node;
  readonly coordinates: Coordinates;
  /** Null when the coordinates certainly fall into this piece. */
  readonly guard: Guard | null;
  /** Where the piece ends along the axis of the concat. */
  readonly end: number;
}

/** The operands of a concat that the coordinates may fall into, in order; at least one. */
export function throughConcat(
  space: IndexSpace,
  node: NodeOf<"concat">,
  coordinates: Coordinates,
): readonly Piece[] {
  const { axis } = node.attributes;
  const along = space.expand(at(coordinates, axis));
  const [least, greatest] = space.bounds(along);
  const pieces: Piece[] = [];
  let start = 0;
  for (const input of node.inputs) {
    const end = start + at(input.shape, axis);
    const shift = -start;
    // Where the index lies outside under an outer guard, any piece will do.
    const last = input === node.inputs.at(-1) && pieces.length === 0;
    if ((least < end && greatest >= start) || last) {
      const inner = coordinates.map((index, place) => (place === axis ? shiftIndex(along, shift) : index));
      pieces.push({ node: input, coordinates: inner, guard: guardOf(space, along, start, end), end });
    }
    start = end;
  }
  return pieces;
}
