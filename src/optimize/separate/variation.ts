/** Along which axes a value varies, and the value without its repetitions along the others. */
import { at } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { uniformValue } from "../../ir/graph-walk.ts";

/** A set of axes: bit n for axis n. */
export type Axes = number;

/** The axes of a set by their numbers. */
export function numbersOf(axes: Axes): number[] {
  const numbers: number[] = [];
  for (let axis = 0; axes >> axis !== 0; axis++) if (((axes >> axis) & 1) === 1) numbers.push(axis);
  return numbers;
}

export function axesOf(numbers: readonly number[]): Axes {
  return numbers.reduce((axes, axis) => axes | (1 << axis), 0);
}

/** The axes of a shape that are longer than 1. */
export function longAxes(shape: readonly number[]): Axes {
  let axes = 0;
  for (let axis = 0; axis < shape.length; axis++) if (at(shape, axis) > 1) axes |= 1 << axis;
  return axes;
}

export class Variation {
  readonly #g: GraphBuilder;
  readonly #axes = new Map<Node, Axes>();

  constructor(g: GraphBuilder) {
    this.#g = g;
  }

  /** The axes along which elements of a node may differ. Asked of operands first, it is a look at these. */
  of(node: Node): Axes {
    const known = this.#axes.get(node);
    if (known !== undefined) return known;
    const axes = this.#find(node);
    this.#axes.set(node, axes);
    return axes;
  }

  #find(node: Node): Axes {
    const long = longAxes(node.shape);
    if (uniformValue(node) !== null) return 0;
    if (node.op === "broadcast") return this.of(at(node.inputs, 0));
    if (node.op === "iota") return long & (1 << node.attributes.axis);
    if (!this.#isElementwise(node)) return long;
    return node.inputs.reduce((axes, input) => axes | this.of(input), 0);
  }

  /** The value with extent 1 along the axes along which it does not vary. */
  narrow(node: Node): Node {
    const axes = this.of(node);
    const shape = node.shape.map((extent, axis) => (((axes >> axis) & 1) === 1 ? extent : 1));
    if (axes === longAxes(node.shape)) return node;
    const g = this.#g;
    const number = uniformValue(node);
    if (number !== null) return g.full(shape, number, node.dtype);
    if (node.op === "broadcast") return this.narrow(at(node.inputs, 0));
    if (node.op === "iota") return g.iota(shape, node.attributes.axis);
    const inputs = node.inputs.map((input) => g.broadcastTo(this.narrow(input), shape));
    return g.remade(node, inputs);
  }

  #isElementwise(node: Node): boolean {
    return this.#g.ops[node.op].scheduling === "elementwise" && node.op !== "recompute";
  }
}
