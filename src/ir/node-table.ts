/** The nodes of one graph under construction: infers shapes from the records, shares equal nodes, and notes which place in the spec asked for each. */
import { CompilerBug } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "./graph.ts";
import { sameOperands } from "./graph-walk.ts";
import type { OpRecords } from "./op.ts";
import type { OpAttributes, OpName } from "./op-table.ts";
import { attributesName, nodeKey } from "./shapes.ts";

export class NodeTable {
  readonly ops: OpRecords;
  /** Nodes by what {@link nodeKey} says of them, for every operation. */
  readonly #nodes = new Map<OpName, Map<string | number, Node>>();
  /** Nodes by their numbers. */
  readonly #made: Node[] = [];
  #origin: Span | null = null;

  constructor(ops: OpRecords) {
    this.ops = ops;
  }

  /** The node with these operands and attributes; the same object when it was made before. Throws CompilerBug when the operands do not fit. */
  node<Op extends OpName>(op: Op, inputs: readonly Node[], attributes: OpAttributes[Op]): Node {
    return this.#node(op, inputs, attributes, attributesName(attributes));
  }

  /** The operation of a node, which may be of another builder, on other operands; the node itself where it is of this one and has these operands. */
  remade(node: Node, inputs: readonly Node[]): Node {
    if (this.has(node) && sameOperands(node, inputs)) return node;
    return this.#node(node.op, inputs, node.attributes, node.attributesName);
  }

  #node<Op extends OpName>(
    op: Op,
    inputs: readonly Node[],
    attributes: OpAttributes[Op],
    name: string,
  ): Node {
    // Numbers of nodes are unique in one builder only, so a foreign operand could be taken for another node.
    for (const input of inputs)
      if (!this.has(input)) throw new CompilerBug(`an operand of ${op} belongs to another builder`);
    const alike = this.#nodes.get(op) ?? new Map<string | number, Node>();
    if (alike.size === 0) this.#nodes.set(op, alike);
    const key = nodeKey(inputs, name);
    const known = alike.get(key);
    if (known !== undefined) return known;
    const { shape, dtype } = this.ops[op].type(inputs, attributes);
    const id = this.#made.length;
    // The compiler cannot see that `op` and `attributes` belong to the same member of the union; the signature makes sure of it.
    const made = {
      id,
      op,
      inputs,
      attributes,
      attributesName: name,
      shape,
      dtype,
      origin: this.#origin,
    } as unknown as Node;
    alike.set(key, made);
    this.#made.push(made);
    return made;
  }

  /** Whether this builder made a node. */
  has(node: Node): boolean {
    return this.#made[node.id] === node;
  }

  /** Runs `make`; nodes made inside carry `origin`. A node that exists already keeps its own. */
  withOrigin<T>(origin: Span | null, make: () => T): T {
    const outer = this.#origin;
    this.#origin = origin;
    try {
      return make();
    } finally {
      this.#origin = outer;
    }
  }
}
