/** Outputs and gradients of a case, computed on the device and compared. */
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import type { CaseFile } from "./case-file.ts";
import { deviceValues, named, tensorOf } from "./case-file.ts";
import type { Miss, Values } from "./compare.ts";
import { compareTensor } from "./compare.ts";
import type { Contents, OracleDevice } from "./devices/device.ts";
import { compute } from "./devices/device.ts";
import type { GraphEntry } from "./entry.ts";

/** Tensors of the file as graph nodes, and what lies in their arenas. */
export class FileInputs {
  readonly #g: GraphBuilder;
  readonly #file: CaseFile;
  /** Float nodes by the tensor's full name. */
  readonly nodes = new Map<string, Node>();
  readonly arenas = new Map<string, Contents>();

  constructor(g: GraphBuilder, file: CaseFile) {
    this.#g = g;
    this.#file = file;
  }

  /** The node of a tensor in the given shape (same elements, its own shape if left out); truth values are compared with 0. */
  node(name: string, shape?: readonly number[]): Node {
    const tensor = tensorOf(this.#file, name);
    this.arenas.set(name, deviceValues(tensor));
    const dtype = tensor.dtype === "F32" ? "f32" : "i32";
    const node = this.#g.input({
      name,
      arena: name,
      offset: 0,
      version: 0,
      shape: tensor.shape,
      dtype,
    });
    if (dtype === "f32") this.nodes.set(name, node);
    const shaped = shape === undefined ? node : this.#g.reshape(node, shape);
    return tensor.dtype === "BOOL" ? this.#g.notEqual(shaped, 0) : shaped;
  }
}

/** The computed outputs and the gradients of `sum(out * cot)`, by the names of the tensors that they are compared with. */
export async function computeResults(
  g: GraphBuilder,
  file: CaseFile,
  inputs: FileInputs,
  outputs: ReadonlyMap<string, Node>,
  device: OracleDevice,
): Promise<ReadonlyMap<string, Values>> {
  const wanted: { readonly name: string; readonly node: Node }[] = [];
  let loss = g.constant(0);
  for (const [name, node] of outputs) {
    wanted.push({ name: `out.${name}`, node });
    if (file.tensors.has(`cot.${name}`)) {
      const cotangent = inputs.node(`cot.${name}`, node.shape);
      loss = g.add(loss, g.sum(g.mul(node, cotangent)));
    }
  }
  const missing = named(file, "cot.").filter((name) => !outputs.has(name));
  if (missing.length > 0) throw new Error(`${file.name}: no output ${missing.join(", ")}`);
  const gradients = named(file, "grad.");
  const known = gradients.filter((name) => inputs.nodes.has(name));
  const nodes = known.map((name) => inputs.nodes.get(name) ?? loss);
  const derived = gradient(g, ops, loss, nodes);
  for (const [index, name] of known.entries())
    wanted.push({ name: `grad.${name}`, node: at(derived, index) });
  const values = await compute(
    device,
    wanted.map(({ node }) => node),
    inputs.arenas,
  );
  const results = new Map(wanted.map(({ name }, index): [string, Values] => [name, at(values, index)]));
  // What the model never reads has a gradient of zeros.
  for (const name of gradients)
    if (!inputs.nodes.has(name))
      results.set(`grad.${name}`, new Float64Array(elementCount(tensorOf(file, `grad.${name}`).shape)));
  return results;
}

/** Where results and the tensors of the case disagree. */
export function missesOf(file: CaseFile, results: ReadonlyMap<string, Values>): readonly Miss[] {
  return [...results]
    .map(([name, values]) => compareTensor(file, name, values))
    .filter((miss) => miss !== null);
}

/** A case that the table builds from nodes. */
export async function runGraphEntry(
  entry: GraphEntry,
  file: CaseFile,
  device: OracleDevice,
): Promise<readonly Miss[]> {
  const g = new GraphBuilder(ops);
  const inputs = new FileInputs(g, file);
  const outputs = entry.build(g, (name) => inputs.node(name), file);
  return missesOf(file, await computeResults(g, file, inputs, new Map(Object.entries(outputs)), device));
}
