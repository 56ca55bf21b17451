/** Tensors for tests: from numbers, and at random from the samples of a record. */
import { RandomStream } from "../../src/base/random.ts";
import type { DType, Node, NodeOf } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import type { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { OperandSample, Tensor } from "../../src/ir/op.ts";
import { interpret } from "../../src/runtime/reference/interpret.ts";

export function tensor(shape: readonly number[], values: readonly number[], dtype: DType = "f32"): Tensor {
  return { shape, dtype, data: Float64Array.from(values) };
}

/** Values for an operand; `key` makes different operands different. Floats are exact in f32, so that a device sees the same numbers. */
export function sampleTensor(sample: OperandSample, key: number): Tensor {
  const { shape, dtype, low, high, values } = sample;
  const stream = new RandomStream(20240917, key);
  const draw = (index: number) => {
    const uniform = stream.uniform(index);
    return dtype === "f32"
      ? Math.fround(low + (high - low) * uniform)
      : low + Math.floor((high - low + 1) * uniform);
  };
  return tensor(
    shape,
    values ?? Array.from({ length: elementCount(shape) }, (_, index) => draw(index)),
    dtype,
  );
}

export type InputValues = ReadonlyMap<string, Tensor>;

/** An input node called `name`, in an arena of its own. */
export function inputNode(
  g: GraphBuilder,
  name: string,
  shape: readonly number[],
  dtype: DType = "f32",
): Node {
  return g.input({ name, arena: name, offset: 0, version: 0, shape, dtype });
}

/** Interprets with inputs found by name. */
export function run(nodes: readonly Node[], values: InputValues): Tensor[] {
  return interpret(nodes, (node: NodeOf<"input">) => {
    const value = values.get(node.attributes.name);
    if (value === undefined) throw new Error(`no value for ${node.attributes.name}`);
    return value;
  });
}

/** Interprets one node without inputs, or with the given ones, and lists its elements. */
export function valuesOf(node: Node, values: InputValues = new Map()): number[] {
  const [result] = run([node], values);
  return Array.from(result?.data ?? []);
}
