/** A model's outputs as an ONNX file, which other runtimes execute. */
import type { Tensor } from "../data/safetensors.ts";
import { UserError } from "../diagnostics/problems.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Node } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import type { OnnxValue } from "./onnx-format.ts";
import { encodeModel } from "./onnx-format.ts";
import { translate } from "./onnx-operators.ts";
import { OnnxWriter } from "./onnx-writer.ts";

export interface OnnxExport {
  readonly model: string;
  readonly outputs: readonly { readonly name: string; readonly node: Node }[];
  /** Values of the nodes that read the arena `parameters`, by name. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface OnnxFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * The bytes of an ONNX model (operator set 17, static shapes). What the caller hands in are inputs. Throws a UserError when an output draws
 * random numbers in evaluation.
 */
export function onnxModel(request: OnnxExport): OnnxFile {
  const w = new OnnxWriter();
  const names = new Map<Node, string>();
  const inputs = new Map<string, OnnxValue>();
  for (const node of topologicalOrder(request.outputs.map((output) => output.node))) {
    w.origin = node.origin === null ? undefined : describePlace(node.origin);
    names.set(node, add(w, node, names, request, inputs));
  }
  w.origin = undefined;
  const outputs = request.outputs.map(({ name, node }): OnnxValue => {
    w.rename(names.get(node) ?? "", name);
    return { name, type: node.dtype, shape: node.shape };
  });
  const graph = w.graph(request.model, [...inputs.values()], outputs);
  const bytes = encodeModel(graph, { name: "mird", version: request.version }, request.metadata);
  return { bytes, inputs: [...inputs.values()], outputs };
}

function add(
  w: OnnxWriter,
  node: Node,
  names: ReadonlyMap<Node, string>,
  request: OnnxExport,
  inputs: Map<string, OnnxValue>,
): string {
  if (node.op === "random") throw drawsRandomly(node);
  if (node.op !== "input")
    return translate(
      w,
      node,
      node.inputs.map((input) => names.get(input) ?? ""),
    );
  const { name, arena, shape, dtype } = node.attributes;
  if (arena === "parameters") {
    const tensor = request.parameters.get(name);
    return w.tensor({ name, type: "f32", shape, data: Float32Array.from(tensor?.data ?? [], Number) });
  }
  inputs.set(name, { name, type: dtype, shape });
  return name;
}

function drawsRandomly(node: Node): UserError {
  return new UserError([
    {
      code: "export-random",
      severity: "error",
      title: "Output draws random numbers",
      primary: node.origin === null ? null : { span: node.origin, text: "drawn here, in evaluation too" },
      related: [],
      text: "An exported model gives the same outputs for the same inputs; this one would not.",
      hint: "Leave what is drawn out of the outputs of the spec, or export to safetensors.",
    },
  ]);
}
