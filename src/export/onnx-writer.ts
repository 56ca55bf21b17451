/** Builds an ONNX graph node by node: names, constants and the scope that loops nest in. */
import { at } from "../base/invariant.ts";
import type { DType } from "../ir/graph.ts";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from "./onnx-format.ts";

export const int = (value: number): OnnxAttribute => ({ kind: "int", value });
export const ints = (value: readonly number[]): OnnxAttribute => ({ kind: "ints", value });

/** Counts names over a graph and the loop bodies in it, which may see its values. */
export class Names {
  #next = 0;

  fresh(prefix: string): string {
    return `${prefix}_${this.#next++}`;
  }
}

export class OnnxWriter {
  readonly names: Names;
  readonly #nodes: OnnxNode[] = [];
  readonly #tensors: OnnxTensor[] = [];
  readonly #constants = new Map<string, string>();
  /** What the nodes that follow come from. */
  origin: string | undefined;

  constructor(names = new Names()) {
    this.names = names;
  }

  /** Adds an operator with one result; returns the name of the result. */
  add(op: string, inputs: readonly string[], attributes?: OnnxNode["attributes"]): string {
    return at(this.addMany(op, inputs, 1, attributes), 0);
  }

  /** Adds an operator with several results. */
  addMany(
    op: string,
    inputs: readonly string[],
    results: number,
    attributes?: OnnxNode["attributes"],
  ): string[] {
    const outputs = Array.from({ length: results }, () => this.names.fresh(op.toLowerCase()));
    this.#nodes.push({
      op,
      inputs,
      outputs,
      ...(attributes === undefined ? {} : { attributes }),
      ...(this.origin === undefined ? {} : { doc: this.origin }),
    });
    return outputs;
  }

  /** Gives a value the name that it has outside. */
  rename(value: string, name: string): void {
    this.#nodes.push({ op: "Identity", inputs: [value], outputs: [name] });
  }

  tensor(tensor: OnnxTensor): string {
    this.#tensors.push(tensor);
    return tensor.name;
  }

  scalar(value: number, dtype: DType | "i64"): string {
    return this.#constant(dtype, [], [value]);
  }

  /** A list of 64-bit whole numbers: shapes, axes, positions. */
  list(values: readonly number[]): string {
    return this.#constant("i64", [values.length], values);
  }

  values(type: OnnxType, shape: readonly number[], values: readonly number[]): string {
    return this.#constant(type, shape, values);
  }

  #constant(type: OnnxType, shape: readonly number[], values: readonly number[]): string {
    const key = `${type}|${shape}|${values}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.names.fresh("constant");
    this.#constants.set(key, name);
    this.#tensors.push({ name, type, shape, data: typed(type, values) });
    return name;
  }

  graph(name: string, inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    return { name, nodes: this.#nodes, tensors: this.#tensors, inputs, outputs };
  }
}

function typed(type: OnnxType, values: readonly number[]): OnnxTensor["data"] {
  switch (type) {
    case "f32":
      return Float32Array.from(values);
    case "i32":
      return Int32Array.from(values);
    case "i64":
      return BigInt64Array.from(values, BigInt);
    case "bool":
      return Uint8Array.from(values);
  }
}
