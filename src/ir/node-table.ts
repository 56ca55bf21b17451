/** The nodes of one graph under construction: infers shapes from the records, shares equal nodes, and notes which place in the spec asked for each. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "./graph.ts";
import type { Replacement } from "./graph-walk.ts";
import { keepsOperands, sameOperands, sameShape } from "./graph-walk.ts";
import type { OpRecords, TensorType } from "./op.ts";
import type { OpAttributes, OpName } from "./op-table.ts";
import { attributesName } from "./shapes.ts";

/** More nodes than a graph can have: two of their numbers fit into one. */
const MOST_NODES = 2 ** 26;

export class NodeTable {
  readonly ops: OpRecords;
  /** Nodes by their {@link #key}, for every operation. */
  readonly #nodes = new Map<OpName, Map<string | number, Node>>();
  /** Numbers for the names of attributes, 0 for none. */
  readonly #names = new Map([["", 0]]);
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
    let alike = this.#nodes.get(op);
    if (alike === undefined) {
      alike = new Map();
      this.#nodes.set(op, alike);
    }
    const key = this.#key(inputs, name);
    const known = alike.get(key);
    if (known !== undefined) return known;
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
    alike.set(key, made);
    this.#made.push(made);
    return made;
  }

  /** What is equal exactly for nodes of one operation with equal operands and attributes: where it can be, a number, which is found faster than a text. */
  #key(inputs: readonly Node[], name: string): string | number {
    if (inputs.length === 1) return this.#nameNumber(name) * MOST_NODES + at(inputs, 0).id;
    // No operation without attributes takes one operand here and two there, except `recompute`: its first operand is counted from 1.
    if (inputs.length === 2 && name === "") return (at(inputs, 0).id + 1) * MOST_NODES + at(inputs, 1).id;
    let key = name;
    for (let index = 0; index < inputs.length; index++) key += ` ${at(inputs, index).id}`;
    return key;
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
