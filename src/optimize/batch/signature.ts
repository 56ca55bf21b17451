/** Numbers for expressions that are equal for expressions of the same form: the same operations on operands of the same shapes. */
import type { Node } from "../../ir/graph.ts";

/** How a signature sees a node: what it looks no further into, by name; null for what it does look into. */
export type LeafName = (node: Node) => string | null;

const operations = new WeakMap<Node, string>();

/** Names the operation of a node, with attributes and type. Every kind of signature asks for it. */
function operationOf(node: Node): string {
  const known = operations.get(node);
  if (known !== undefined) return known;
  const name = `${node.op}${node.attributesName}${node.dtype}[${node.shape.join(",")}]`;
  operations.set(node, name);
  return name;
}

export class Signatures {
  readonly #leaf: LeafName;
  readonly #numbers = new Map<string, number>();
  readonly #known = new Map<Node, number>();

  constructor(leaf: LeafName) {
    this.#leaf = leaf;
  }

  /** Equal for nodes of the same form. Operands are looked at without recursion, since graphs may be deep. */
  of(root: Node): number {
    const stack: Node[] = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (this.#known.has(node)) {
        stack.pop();
        continue;
      }
      const leaf = this.#leaf(node);
      const missing = leaf === null ? node.inputs.filter((input) => !this.#known.has(input)) : [];
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      stack.pop();
      this.#known.set(node, this.#number(leaf ?? this.#formOf(node)));
    }
    return this.#known.get(root) ?? 0;
  }

  /** The operation of a node on the forms of its operands, which are known. */
  #formOf(node: Node): string {
    let form = operationOf(node);
    for (const input of node.inputs) form += `,${this.#known.get(input)}`;
    return form;
  }

  #number(key: string): number {
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}
