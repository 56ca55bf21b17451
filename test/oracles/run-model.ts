/** A case that a model of `specs/` describes: elaborated on the tensors of the file, differentiated, run and compared. */
import { at } from "../../src/base/invariant.ts";
import type { CheckedModel } from "../../src/check/checked.ts";
import type { InputNodes, InputRequest, ParameterRequest } from "../../src/elaborate/elaboration.ts";
import { ElaboratedModel } from "../../src/elaborate/model.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import type { ModelMember, TensorTypeExpr } from "../../src/syntax/ast.ts";
import type { CaseFile } from "./case-file.ts";
import { named, numberOf, tensorOf } from "./case-file.ts";
import type { Miss, Values } from "./compare.ts";
import type { OracleDevice } from "./devices/device.ts";
import type { InputSource, ModelEntry } from "./entry.ts";
import { computeResults, FileInputs, missesOf } from "./run-graph.ts";
import { specModel } from "./spec-models.ts";

type InputMember = Extract<ModelMember, { readonly type: TensorTypeExpr }>;

export async function runModelEntry(
  entry: ModelEntry,
  file: CaseFile,
  device: OracleDevice,
): Promise<readonly Miss[]> {
  return missesOf(file, await modelResults(entry, file, device));
}

/** What the model of a case computes from the tensors of a file. */
export function modelResults(
  entry: ModelEntry,
  file: CaseFile,
  device: OracleDevice,
): Promise<ReadonlyMap<string, Values>> {
  const g = new GraphBuilder(ops);
  const model = specModel(entry.spec, entry.model, settingsOf(entry, file));
  const inputs = new FileInputs(g, file);
  const host = new CaseHost(g, entry, file, inputs);
  const elaborated = new ElaboratedModel(model, sizesOf(model, entry, file), {
    g,
    training: false,
    stream: () => "case",
    parameter: (request) => host.parameter(request),
    input: (request) => host.input(request),
    randomState: () => {
      throw new Error(`${file.name} draws random numbers`);
    },
    rows: 0,
    batch: () => {
      throw new Error(`${file.name} has no dataset`);
    },
    filled: () => null,
    epoch: () => {
      throw new Error(`${file.name} is not trained`);
    },
  });
  const outputs = new Map<string, Node>();
  for (const name of named(file, "out.")) {
    const renamed = entry.outputs?.[name];
    if (renamed === undefined && !file.tensors.has(`cot.${name}`)) continue;
    const { node } = elaborated.value(renamed ?? name);
    outputs.set(name, g.reshape(node, tensorOf(file, `out.${name}`).shape));
  }
  host.requireAll();
  return computeResults(g, file, inputs, outputs, device);
}

/** Numbers and flags of the case, as they would be typed after `--set`. */
function settingsOf(entry: ModelEntry, file: CaseFile): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entry.settings ?? {}).map(([name, setting]) => [
      name,
      String(typeof setting === "string" ? numberOf(file, setting) : setting),
    ]),
  );
}

/** Sizes by name: from the axes of the inputs, and from what the table says. */
function sizesOf(model: CheckedModel, entry: ModelEntry, file: CaseFile): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, source] of Object.entries(entry.sizes ?? {}))
    sizes.set(
      name,
      typeof source === "function" ? source(file) : at(tensorOf(file, source[0]).shape, source[1]),
    );
  for (const member of model.declaration.members) {
    if (member.kind !== "input" && member.kind !== "label") continue;
    const source = sourceOf(entry, member.name.name);
    for (const [name, extent] of axisSizes(member, tensorOf(file, `in.${source.from}`).shape)) {
      const known = sizes.get(name);
      if (known !== undefined && known !== extent)
        throw new Error(`${file.name}: ${name} is ${known} and ${extent}`);
      sizes.set(name, extent);
    }
  }
  return sizes;
}

function sourceOf(entry: ModelEntry, name: string): InputSource {
  const source = entry.inputs?.[name] ?? name;
  return typeof source === "string" ? { from: source } : source;
}

/** The shape in which an input of fewer axes sees a tensor: its leading axes are rows. */
function mergedShape(shape: readonly number[], rank: number): number[] {
  const leading = shape.length - rank + 1;
  return [elementCount(shape.slice(0, leading)), ...shape.slice(leading)];
}

function axisSizes(member: InputMember, shape: readonly number[]): [string, number][] {
  const merged = mergedShape(shape, member.type.axes.length);
  return member.type.axes.flatMap((axis, place): [string, number][] =>
    axis.kind === "axis" && axis.size.kind === "name" ? [[axis.size.name, at(merged, place)]] : [],
  );
}

/** Gives the elaboration the tensors of the file. */
class CaseHost {
  readonly #g: GraphBuilder;
  readonly #entry: ModelEntry;
  readonly #file: CaseFile;
  readonly #inputs: FileInputs;
  /** Tensor of the file by parameter path. */
  readonly #tensors: ReadonlyMap<string, string>;
  readonly #read = new Set<string>();

  constructor(g: GraphBuilder, entry: ModelEntry, file: CaseFile, inputs: FileInputs) {
    this.#g = g;
    this.#entry = entry;
    this.#file = file;
    this.#inputs = inputs;
    const path = (name: string) => entry.parameter?.(name, file) ?? name;
    this.#tensors = new Map([
      ...named(file, "in.").map((name): [string, string] => [path(name), `in.${name}`]),
      ...named(file, "param.").map((name): [string, string] => [path(name), `param.${name}`]),
    ]);
  }

  parameter({ path, shape }: ParameterRequest): Node {
    const tensor = this.#tensors.get(path);
    if (tensor === undefined)
      throw new Error(`${this.#file.name}: nothing for the parameter ${path} [${shape.join(", ")}]`);
    this.#read.add(tensor);
    const { shape: stored } = tensorOf(this.#file, tensor);
    if (elementCount(stored) !== elementCount(shape))
      throw new Error(
        `${this.#file.name}: ${path} is [${shape.join(", ")}], ${tensor} [${stored.join(", ")}]`,
      );
    return this.#inputs.node(tensor, shape);
  }

  input({ name, shape, type }: InputRequest): InputNodes {
    const source = sourceOf(this.#entry, name);
    this.#read.add(`in.${source.from}`);
    const node = this.#inputs.node(`in.${source.from}`, shape);
    const ragged = type.axes.findIndex((axis) => axis.kind === "axis" && axis.ragged);
    const g = this.#g;
    if (source.absent !== undefined) {
      const present = g.notEqual(node, source.absent);
      return { node: g.where(present, node, g.zerosLike(node)), present, lengths: null };
    }
    if (ragged < 0) return { node, present: null, lengths: null };
    return { node, present: null, lengths: this.#lengths(source, at(shape, 0), at(shape, ragged)) };
  }

  #lengths({ lengths }: InputSource, rows: number, steps: number): Node {
    const g = this.#g;
    if (lengths === undefined) return g.full([rows], steps, "i32");
    const node = this.#inputs.node(`in.${lengths}`);
    return node.dtype === "bool" ? g.cast(g.sum(g.cast(node, "f32"), [1]), "i32") : node;
  }

  /** A parameter of the file that the model does not have is a mistake of the table, unless its gradient is 0 as well. */
  requireAll(): void {
    for (const tensor of this.#tensors.values())
      if (tensor.startsWith("param.") && !this.#read.has(tensor)) {
        const gradient = this.#file.tensors.get(`grad.${tensor}`);
        if (gradient?.data.some((value) => Number(value) !== 0))
          throw new Error(`${this.#file.name}: the model has no parameter for ${tensor}`);
      }
  }
}
