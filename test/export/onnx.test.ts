/** Exported ONNX models give in onnxruntime what the graph means in the reference interpreter. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diskLoader } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { at } from "../../src/base/invariant.ts";
import { RandomStream } from "../../src/base/random.ts";
import type { Tensor as FileTensor } from "../../src/data/safetensors.ts";
import { UserError } from "../../src/diagnostics/problems.ts";
import { inferenceGraph } from "../../src/driver/inference.ts";
import { inventData } from "../../src/driver/invented-data.ts";
import { BATCH_INPUTS, onnxModel } from "../../src/export/onnx.ts";
import type { Node, NodeOf } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { OpSample, Tensor } from "../../src/ir/op.ts";
import type { OpName } from "../../src/ir/op-table.ts";
import { substituteInputs } from "../../src/ir/substitute.ts";
import { ops } from "../../src/ops/index.ts";
import { interpret } from "../../src/runtime/reference/interpret.ts";
import type { Given } from "../support/onnx.ts";
import { runOnnx } from "../support/onnx.ts";
import { randomScans } from "../support/random-scan.ts";
import { inspectSpec, smallModel, specFiles } from "../support/specs.ts";
import { sampleTensor } from "../support/tensors.ts";

const ROWS = 3;
/** Inputs and random numbers are no operators. */
const NAMES = Object.values(ops)
  .map(({ name }) => name)
  .filter((name) => name !== "input" && name !== "random");
const joint = "SparseWordAttention(width = 4, layers = 1, heads = 2)";
/** Fewer layers where the default has many. */
const SMALL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "specs/mird.mird": { joint },
  "specs/mird_bert.mird": { layers: "1", heads: "2" },
  "specs/mag_bert.mird": { layers: "1", heads: "2" },
  "specs/misa_bert.mird": { layers: "1", bert_heads: "2" },
  "specs/mult.mird": { layers: "1", memory_layers: "1", heads: "2" },
  "specs/dmd.mird": { layers: "1", heads: "2" },
  "specs/mfm.mird": { layers: "1" },
  "specs/mib.mird": { layers: "1", heads: "2" },
};

interface Outputs {
  readonly outputs: readonly { readonly name: string; readonly node: Node }[];
  /** Values of the leaves, in float32. */
  readonly leaf: (node: NodeOf<"input">) => readonly number[];
}

/** The largest difference between onnxruntime and the interpreter, and the values of the latter by output. */
async function compare({ outputs, leaf }: Outputs): Promise<{ worst: number; expected: Tensor[] }> {
  const parameters = new Map<string, FileTensor>();
  const inputs: Record<string, Given> = {};
  const nodes = outputs.map((output) => output.node);
  const expected = interpret(nodes, (node) => {
    const { name, arena, shape, dtype } = node.attributes;
    const values = dtype === "f32" ? Float32Array.from(leaf(node)) : Int32Array.from(leaf(node));
    if (arena === "parameters") parameters.set(name, { dtype: "F32", shape, data: values });
    else inputs[name] = { type: dtype === "f32" ? "float32" : "int32", shape, data: values };
    return { shape, dtype, data: Float64Array.from(values) };
  });
  const file = onnxModel({ model: "test", outputs, parameters, version: "1", metadata: { a: "b" } });
  const found = await runOnnx(file.bytes, inputs);
  let worst = 0;
  for (const [index, { name }] of outputs.entries()) {
    const values = found.get(name) ?? new Float32Array();
    const wanted = at(expected, index).data;
    expect(values, name).toHaveLength(wanted.length);
    for (const [i, value] of wanted.entries())
      worst = Math.max(worst, Math.abs(value - at(values, i)) / Math.max(1, Math.abs(value)));
  }
  return { worst, expected };
}

/** Small numbers; whole ones in the range of the leaf. The last row has nothing of the field `vision`, and lengths differ. */
function leafValues(random: RandomStream, bound: number): (node: NodeOf<"input">) => number[] {
  let draws = 0;
  return ({ attributes: { name, shape, dtype } }) => {
    const count = elementCount(shape);
    const make = (value: (index: number) => number) => Array.from({ length: count }, (_, i) => value(i));
    if (name.endsWith(".present")) return make(() => 1);
    if (name.endsWith(".length"))
      return make((row) => (name.startsWith("vision") && row === ROWS - 1 ? 0 : 1 + row));
    if (dtype === "i32") return make((index) => (index * 5) % bound);
    // Biases are positive, so that no layer ends in zeros only.
    const sign = (value: number) => (shape.length === 1 ? Math.abs(value) : value);
    return make(() => sign(0.5 * random.normal(draws++)));
  };
}

describe("in onnxruntime", () => {
  it.each([...specFiles("mird"), ...specFiles("rivals"), ...specFiles("backbones")])(
    "%s gives the same outputs",
    async (path) => {
      const { model, types } = smallModel({
        path,
        model: at(inspectSpec(path).models, 0),
        settings: SMALL[path] ?? {},
      });
      const { sizes } = inventData({
        model,
        types,
        batch: { labelled: ROWS, unlabelled: 0 },
        batches: 1,
        seed: 1,
      });
      const outputs = inferenceGraph(model, new Map([...sizes, ["B", ROWS]]));
      const leaf = leafValues(new RandomStream(7, 2), sizes.get("V") ?? 2);
      if (outputs.length === 0) {
        const request = { model: model.name, outputs, parameters: new Map(), version: "1", metadata: {} };
        expect(() => onnxModel(request)).toThrow("export-nothing");
        return;
      }
      const { worst, expected } = await compare({ outputs, leaf });
      expect(worst).toBeLessThan(1e-4);
      expect(Math.max(...expected.map(({ data }) => new Set(data).size))).toBeGreaterThan(1);
    },
  );

  it.each(NAMES)("the primitive %s means the same, or never is in a model", async (op) => {
    for (const sample of ops[op].samples) {
      try {
        expect(await sampleError(op, sample)).toBeLessThan(1e-5);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.problems[0]?.code).toBe("export-operator");
        expect(LOSSES_ONLY).toContain(op);
      }
    }
  });
});

/** Outputs of a model that is written here. */
function outputsOf(text: string, sizes: Readonly<Record<string, number>>) {
  const request = { entry: { path: "m.mird", text }, loadSource: diskLoader({}), settings: {}, model: null };
  return inferenceGraph(requireModel(request).model, new Map([...Object.entries(sizes), ["B", ROWS]]));
}

describe("a cell of one's own", () => {
  const cell = `
import std.nn (Linear)

module Cell(width: size) {
  (x: f32[B, D], h: f32[B, width], c: f32[B, width]) -> (h: f32[B, width], c: f32[B, width], gate: f32[B, width]) {
    gate = sigmoid(Linear(width)(concat(x, h)))
    kept = gate * c + (1 - gate) * tanh(Linear(width)(x))
    return h = tanh(kept), c = kept, gate
  }
}
`;
  const rows = "input vision : f32[B, T~, D]";
  it.each([
    ["of rows of their own lengths", rows, ""],
    ["in reverse", rows, ", reverse = true"],
    ["of rows of one length", "input vision : f32[B, T, D]", ""],
    ["of rows of one length, in reverse", "input vision : f32[B, T, D]", ", reverse = true"],
  ])("%s", async (_, input, more) => {
    const text = `${cell}
model M {
  ${input}
  r = scan(Cell(4), vision, axis = T${more})
  last = r.last_h
  cells = r.c
  gates = r.gate
  output last, cells, gates
}
`;
    const leaf = leafValues(new RandomStream(5, 2), 2);
    const { worst, expected } = await compare({ outputs: outputsOf(text, { T: 4, D: 3 }), leaf });
    expect(worst).toBeLessThan(1e-5);
    expect(new Set(at(expected, 0).data).size).toBeGreaterThan(ROWS);
  });

  it("of any kind: random steps with and without initial states, sequences and constants", async () => {
    let compared = 0;
    for (const { g, scanned, values } of fc.sample(randomScans(6), { numRuns: 16, seed: 3 })) {
      const nodes = substituteInputs(g, scanned, ({ attributes }) =>
        g.input({ ...attributes, arena: BATCH_INPUTS }),
      );
      const outputs = nodes.map((node, index) => ({ name: `y${index}`, node }));
      const leaf = (node: NodeOf<"input">) => Array.from(values.get(node.attributes.name)?.data ?? []);
      try {
        expect((await compare({ outputs, leaf })).worst).toBeLessThan(1e-4);
        compared++;
      } catch (error) {
        // Some draw an operation that ONNX does not have.
        if (!(error instanceof UserError)) throw error;
        expect(error.problems[0]?.code).toBe("export-operator");
      }
    }
    expect(compared).toBeGreaterThan(8);
  });
});

describe("states", () => {
  it("are constants: batch normalisation divides by what training found", async () => {
    const text = `
import std.nn (BatchNorm)

model M {
  input x : f32[B, D]
  y = BatchNorm()(x)
  output y
}
`;
    const outputs = outputsOf(text, { D: 3 });
    const leaf = leafValues(new RandomStream(9, 2), 2);
    const read: string[] = [];
    const { worst } = await compare({
      outputs,
      leaf: (node) => {
        read.push(node.attributes.name);
        return leaf(node);
      },
    });
    expect(worst).toBeLessThan(1e-5);
    expect(read.sort()).toEqual(["x", "y.running_mean", "y.running_variance", "y.scale", "y.shift"]);
  });
});

describe("refused", () => {
  const refusal = (statement: string) => {
    const text = `model M {\n  size D = 2\n  input x : f32[B, D]\n${statement}\n  output z\n}\n`;
    const outputs = outputsOf(text, {});
    return () => onnxModel({ model: "M", outputs, parameters: new Map(), version: "1", metadata: {} });
  };

  it("outputs that are drawn in evaluation too", () => {
    expect(refusal("  z = shuffle(x)")).toThrow("export-random: An exported model gives the same outputs");
  });

  it("outputs that read what is kept for rows of the dataset", () => {
    const seen = refusal("  state seen : f32[Rows, D]\n  z = x + rows(seen, x)");
    expect(seen).toThrow("export-rows: An exported model knows nothing of the rows");
  });
});

/** Derivatives, and what only losses need. */
const LOSSES_ONLY: readonly OpName[] = [
  "after",
  "cholesky",
  "gru_backward",
  "lstm_backward",
  "occurrences",
  "scatter_add",
  "triangular_inverse",
];

/** The error of one sample of a primitive. */
async function sampleError(op: OpName, sample: OpSample<OpName>): Promise<number> {
  const g = new GraphBuilder(ops);
  const values = new Map<string, readonly number[]>();
  const operands = sample.inputs.map((operand, index) => {
    const { shape, dtype } = operand;
    const name = `x${index}`;
    values.set(name, Array.from(sampleTensor(operand, index).data));
    const kind = dtype === "bool" ? "i32" : dtype;
    const input = g.input({ name, arena: BATCH_INPUTS, offset: 0, version: 0, shape, dtype: kind });
    return dtype === "bool" ? g.notEqual(input, 0) : input;
  });
  const result = g.node(op, operands, sample.attributes);
  const node = result.dtype === "f32" ? result : g.cast(result, "f32");
  const leaf = (input: NodeOf<"input">) => values.get(input.attributes.name) ?? [];
  return (await compare({ outputs: [{ name: "result", node }], leaf })).worst;
}
