/** Values of a step outside of its loop: for all steps at once, with a leading axis. */
import { at } from "../base/invariant.ts";
import type { Node } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import type { ScanStep } from "./scan-build.ts";
import type { Parts } from "./scan-parts.ts";
import { stackedNode } from "./stacked-node.ts";

interface Value {
  readonly node: Node;
  /** Has the leading axis; otherwise it is the same in every step. */
  readonly stacked: boolean;
}

export class Outside {
  readonly #g: GraphBuilder;
  readonly #steps: number;
  readonly #parts: Parts;
  readonly #known = new Map<Node, Value>();

  constructor(g: GraphBuilder, step: ScanStep, parts: Parts) {
    this.#g = g;
    this.#steps = step.steps;
    this.#parts = parts;
    for (const { step: placeholder, values } of step.sequences) this.define(placeholder, values);
    for (const { step: placeholder, value } of step.constants ?? [])
      this.#known.set(placeholder, { node: value, stacked: false });
  }

  /** Makes the values of a node known, with their leading axis. */
  define(node: Node, values: Node): void {
    this.#known.set(node, { node: values, stacked: true });
  }

  /** The values of all steps: [steps, ...shape]. */
  stacked(node: Node): Node {
    const { node: value, stacked } = this.#value(node);
    return stacked ? value : this.#g.broadcastTo(value, [this.#steps, ...node.shape]);
  }

  /** The value of a node that is the same in every step. */
  constant(node: Node): Node {
    return this.#value(node).node;
  }

  /** The sum over the steps. It moves inwards through what is linear, and ends in products as another summed axis. */
  total(node: Node): Node {
    const g = this.#g;
    if (!this.#parts.varies.has(node)) return g.mul(this.constant(node), this.#steps);
    if (this.#known.has(node)) return g.sum(this.stacked(node), [0]);
    const operand = (index: number) => at<Node>(node.inputs, index);
    switch (node.op) {
      case "reshape":
      case "transpose":
      case "broadcast":
      case "slice":
      case "pad":
      case "negate":
        return g.remade(node, [this.total(operand(0))]);
      case "add":
        return g.add(this.total(operand(0)), this.total(operand(1)));
      case "sum": {
        const axes = [0, ...node.attributes.axes.map((axis) => axis + 1)];
        return g.reshape(g.sum(this.stacked(operand(0)), axes), node.shape);
      }
      case "matmul":
        return this.#totalProduct(node, operand(0), operand(1));
      default:
        return g.sum(this.stacked(node), [0]);
    }
  }

  #totalProduct(node: Node, left: Node, right: Node): Node {
    const g = this.#g;
    const { varies } = this.#parts;
    if (!varies.has(right)) return g.matmul(this.total(left), this.constant(right));
    if (!varies.has(left)) return g.matmul(this.constant(left), this.total(right));
    if (node.shape.length !== 2) return g.sum(this.stacked(node), [0]);
    const [rows, columns] = [at(node.shape, 0), at(node.shape, 1)];
    const inner = this.#steps * at(left.shape, 1);
    const wide = g.reshape(g.transpose(this.stacked(left), [1, 0, 2]), [rows, inner]);
    return g.matmul(wide, g.reshape(this.stacked(right), [inner, columns]));
  }

  #value(node: Node): Value {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const made = this.#g.withOrigin(node.origin, () => this.#make(node));
    this.#known.set(node, made);
    return made;
  }

  #make(node: Node): Value {
    const { varies, renamed } = this.#parts;
    if (!varies.has(node)) {
      if (!renamed.has(node)) return { node, stacked: false };
      const inputs = node.inputs.map((input) => this.constant(input));
      return { node: this.#g.remade(node, inputs), stacked: false };
    }
    const operand = (index: number) => at<Node>(node.inputs, index);
    const operands = {
      stacked: (index: number) => this.stacked(operand(index)),
      shared: (index: number) => {
        const { node: value, stacked } = this.#value(operand(index));
        return stacked ? null : value;
      },
    };
    return { node: stackedNode(this.#g, node, operands, this.#steps), stacked: true };
  }
}
