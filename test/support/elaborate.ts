/** Elaborates models from their text on given numbers, and evaluates them with the reference interpreter. */
import { gradient } from "../../src/autodiff/gradient.ts";
import { at, invariant } from "../../src/base/invariant.ts";
import { RandomStream } from "../../src/base/random.ts";
import type { InputNodes, InputRequest, Owner, ParameterRequest } from "../../src/elaborate/elaboration.ts";
import { ElaboratedModel } from "../../src/elaborate/model.ts";
import type { DType, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { interpret } from "../../src/runtime/reference/interpret.ts";
import type { Given } from "./check.ts";
import { check } from "./check.ts";

interface Fed {
  readonly values: readonly number[];
  /** All rows when left out. */
  readonly present?: readonly boolean[];
  readonly lengths?: readonly number[];
}

interface Setting {
  readonly sizes?: Readonly<Record<string, number>>;
  readonly inputs?: Readonly<Record<string, Fed>>;
  /** By path; random numbers where nothing is given. */
  readonly parameters?: Readonly<Record<string, readonly number[]>>;
  readonly training?: boolean;
  /** Rows of the dataset, and those of the batch. */
  readonly rows?: number;
  readonly batch?: readonly number[];
  /** Places of the batch that hold a row; all of them when left out. */
  readonly filled?: readonly boolean[];
  readonly stream?: (owner: Owner) => string;
}

export class TestModel {
  readonly model: ElaboratedModel;
  readonly g = new GraphBuilder(ops);
  /** Parameters by path, in the order in which they are met. */
  readonly requests = new Map<string, ParameterRequest>();
  readonly #setting: Setting;
  readonly #nodes = new Map<string, Node>();
  readonly #contents = new Map<string, readonly number[]>([
    ["random", [7, 3]],
    ["epoch", [2]],
  ]);

  constructor(given: Given | string, setting: Setting = {}) {
    this.#setting = setting;
    const { filled } = setting;
    this.#contents.set("batch", setting.batch ?? []);
    this.#contents.set("filled", (filled ?? []).map(Number));
    const { program, problems, messages } = check(given);
    const errors = problems.filter(({ severity }) => severity === "error");
    invariant(errors.length === 0 && program.chosen !== null, messages);
    this.model = new ElaboratedModel(program.chosen, new Map(Object.entries(setting.sizes ?? {})), {
      g: this.g,
      training: setting.training ?? false,
      stream: setting.stream ?? (() => "test"),
      parameter: (request) => this.#parameter(request),
      input: (request) => this.#input(request),
      randomState: () => this.#leaf("random", [2], "i32"),
      rows: setting.rows ?? 0,
      batch: () => this.#leaf("batch", [(setting.batch ?? []).length], "i32"),
      filled: () =>
        filled === undefined ? null : this.g.notEqual(this.#leaf("filled", [filled.length], "i32"), 0),
      epoch: () => this.#leaf("epoch", [], "f32"),
    });
  }

  /** The numbers of a value of the model. */
  values(name: string): number[] {
    return this.evaluate(this.model.value(name).node);
  }

  shape(name: string): readonly number[] {
    return this.model.value(name).node.shape;
  }

  paths(...names: readonly string[]): string[] {
    for (const name of names) this.model.value(name);
    return [...this.requests.keys()];
  }

  /** The gradient of a scalar with respect to an input or a parameter. */
  gradient(name: string, leaf: string): number[] {
    const loss = this.model.value(name).node;
    const node = this.#nodes.get(leaf);
    invariant(node !== undefined, `nothing has read ${leaf}`);
    return this.evaluate(at(gradient(this.g, ops, loss, [node]), 0));
  }

  evaluate(node: Node): number[] {
    const [result] = interpret([node], ({ attributes, shape, dtype }) => {
      const values = this.#contents.get(attributes.arena) ?? [];
      return { shape, dtype, data: Float64Array.from(values) };
    });
    // Whether a zero has a sign does not matter.
    return Array.from(result?.data ?? [], (value) => value + 0);
  }

  #leaf(name: string, shape: readonly number[], dtype: DType): Node {
    return this.g.input({ name, arena: name, offset: 0, version: 0, shape, dtype });
  }

  #parameter(request: ParameterRequest): Node {
    const { path, shape } = request;
    const stream = new RandomStream(5, this.requests.size + 1);
    const random = Array.from({ length: elementCount(shape) }, (_, index) => stream.uniform(index) - 0.5);
    this.#contents.set(path, this.#setting.parameters?.[path] ?? this.#contents.get(path) ?? random);
    this.requests.set(path, request);
    const node = this.#leaf(path, shape, "f32");
    this.#nodes.set(path, node);
    return node;
  }

  #input({ name, shape, type }: InputRequest): InputNodes {
    const fed = this.#setting.inputs?.[name];
    invariant(fed !== undefined, `nothing for the input ${name}`);
    this.#contents.set(name, fed.values);
    const node = this.#leaf(name, shape, type.element === "f32" ? "f32" : "i32");
    this.#nodes.set(name, node);
    const rows = at(shape, 0);
    const flags = (suffix: string, values: readonly number[]): Node => {
      this.#contents.set(`${name}.${suffix}`, values);
      return this.#leaf(`${name}.${suffix}`, [rows], "i32");
    };
    const { present, lengths } = fed;
    return {
      node: type.element === "bool" ? this.g.notEqual(node, 0) : node,
      present: present === undefined ? null : this.g.notEqual(flags("present", present.map(Number)), 0),
      lengths: lengths === undefined ? null : flags("lengths", lengths),
    };
  }
}
