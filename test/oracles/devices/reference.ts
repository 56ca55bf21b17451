/** The device `reference`: the float64 interpreter, on the optimised graph, segment by segment. */
import { at, invariant } from "../../../src/base/invariant.ts";
import type { ArenaRange, Graph, Node, NodeOf } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import { topologicalOrder } from "../../../src/ir/graph-walk.ts";
import type { Tensor } from "../../../src/ir/op.ts";
import { optimize } from "../../../src/optimize/pipeline.ts";
import { interpret } from "../../../src/runtime/reference/interpret.ts";
import type { Contents, OracleDevice, Session } from "./device.ts";

export function referenceDevice(): OracleDevice {
  return {
    description: "reference (float64 interpreter)",
    open: (graph) => Promise.resolve(new ReferenceSession(optimize(graph, { verify: true }))),
    close: () => {},
  };
}

class ReferenceSession implements Session {
  readonly #graph: Graph;
  readonly #arenas = new Map<string, Float64Array>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const { outputs } of graph.segments) {
      for (const { node, target } of outputs) this.#reserve(target, elementCount(node.shape));
      for (const node of topologicalOrder(outputs.map((output) => output.node)))
        if (node.op === "input") this.#reserve(node.attributes, elementCount(node.shape));
    }
  }

  #reserve({ arena, offset }: ArenaRange, elements: number): void {
    const held = this.#arenas.get(arena);
    if (held === undefined || held.length < offset + elements)
      this.#arenas.set(arena, new Float64Array(offset + elements));
  }

  #arena(name: string): Float64Array {
    const arena = this.#arenas.get(name);
    invariant(arena !== undefined, `the graph has no arena ${name}`);
    return arena;
  }

  write(arena: string, values: Contents): void {
    const held = this.#arenas.get(arena);
    held?.set(values.length <= held.length ? values : values.subarray(0, held.length));
  }

  /** An input is what its arena holds in the first segment that needs it; everything else follows from the inputs. */
  run(): void {
    const inputs = new Map<Node, Tensor>();
    const input = (node: NodeOf<"input">): Tensor => {
      const value = inputs.get(node) ?? this.#input(node);
      inputs.set(node, value);
      return value;
    };
    for (const { outputs } of this.#graph.segments) {
      const values = interpret(
        outputs.map((output) => output.node),
        input,
      );
      for (const [index, { target }] of outputs.entries())
        this.#arena(target.arena).set(at(values, index).data, target.offset);
    }
  }

  #input({ attributes, shape, dtype }: NodeOf<"input">): Tensor {
    const { arena, offset } = attributes;
    return { shape, dtype, data: this.#arena(arena).slice(offset, offset + elementCount(shape)) };
  }

  read({ arena, offset }: ArenaRange, elements: number): Promise<Float64Array> {
    return Promise.resolve(this.#arena(arena).slice(offset, offset + elements));
  }

  dispose(): void {
    this.#arenas.clear();
  }
}
