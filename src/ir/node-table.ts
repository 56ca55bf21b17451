/** The nodes of one graph under construction: infers shapes from the records, shares equal nodes, and notes which place in the spec asked for each. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "./graph.ts";
import type { Replacement } from "./graph-walk.ts";
import { keepsOperands, sameOperands, sameShape } from "./graph-walk.ts";
import type { OpRecords, TensorType } from "./op.ts";
import type { OpAttributes, OpName } from "./op-table.ts";
import { attributesName } from "./shapes.ts";

export class NodeTable {
  readonly ops: OpRecords;
  /** Nodes by their {@link #place} or, where another node was there first, the next free one behind it: small numbers are found faster than texts. */
  readonly #nodes = new Map<number, Node>();
  /** Numbers for operations and for the names of attributes. */
  readonly #names = new Map<string, number>();
  /** Nodes by their numbers. */
  readonly #made: Node[] = [];
  #origin: Span | null = null;

  constructor(ops: OpRecords) {
    this.ops = ops;
  }

  /** The node with these operands and attributes; the same object when it was made before. Throws CompilerBug when the operands do not fit. */
  node<Op extends OpName>(op: Op, inputs: readonly Node[], attributes: OpAttributes[Op]): Node {
    return this.#node(op, inputs, attributes, attributesName(attributes), null);
  }

  /** The operation of a node, which may be of another builder, on other operands; the node itself where it is of this one and has these operands. */
  remade(node: Node, inputs: readonly Node[]): Node {
    if (this.has(node) && sameOperands(node, inputs)) return node;
    return this.#node(node.op, inputs, node.attributes, node.attributesName, node);
  }

  /** The operation of a node on what stands for its operands, as {@link remade}. */
  moved(node: Node, replacement: Replacement): Node {
    if (this.has(node) && keepsOperands(node, replacement)) return node;
    return this.remade(node, node.inputs.map(replacement));
  }

  /** `like`: a node with the same operation and attributes on other operands. */
  #node<Op extends OpName>(
    op: Op,
    inputs: readonly Node[],
    attributes: OpAttributes[Op],
    name: string,
    like: Node | null,
  ): Node {
    // Numbers of nodes are unique in one builder only, so a foreign operand could be taken for another node.
    for (let index = 0; index < inputs.length; index++)
      if (!this.has(at(inputs, index)))
        throw new CompilerBug(`an operand of ${op} belongs to another builder`);
    let place = this.#place(op, inputs, name);
    for (let known = this.#nodes.get(place); known !== undefined; known = this.#nodes.get(++place))
      if (known.op === op && known.attributesName === name && sameOperands(known, inputs)) return known;
    const { shape, dtype }: TensorType =
      like !== null && sameTypes(like.inputs, inputs) ? like : this.ops[op].type(inputs, attributes);
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
    this.#nodes.set(place, made);
    this.#made.push(made);
    return made;
  }

  /** Equal for nodes with equal operations, operands and attributes, and seldom for others. */
  #place(op: OpName, inputs: readonly Node[], name: string): number {
    let place = this.#nameNumber(op) ^ (this.#nameNumber(name) << 8);
    for (let index = 0; index < inputs.length; index++)
      place = Math.imul(place, 0x01000193) ^ at(inputs, index).id;
    return place & 0x3fffffff;
  }

  #nameNumber(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = this.#names.size;
    this.#names.set(name, number);
    return number;
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

  /** Looks at nodes one after the other; what `visit` makes carries the origin of the node that it is given. */
  visit(nodes: readonly Node[], visit: (node: Node) => void): void {
    this.withOrigin(null, () => {
      for (let index = 0; index < nodes.length; index++) {
        const node = at(nodes, index);
        this.#origin = node.origin;
        visit(node);
      }
    });
  }
}

function sameTypes(a: readonly Node[], b: readonly Node[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    const [first, second] = [at(a, index), at(b, index)];
    if (first.dtype !== second.dtype || !sameShape(first.shape, second.shape)) return false;
  }
  return true;
}
