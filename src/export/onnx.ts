/** A model's outputs as an ONNX file, which other runtimes execute. */
import type { Tensor } from "../data/safetensors.ts";
import { UserError } from "../diagnostics/problems.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import type { OnnxValue } from "./onnx-format.ts";
import { encodeModel } from "./onnx-format.ts";
import { hasOperator, translate } from "./onnx-operators.ts";
import { scanLoop } from "./onnx-scan.ts";
import { OnnxWriter } from "./onnx-writer.ts";

/** The arena of what the caller hands in; parameters are inputs of the arena `parameters` under their path. */
export const BATCH_INPUTS = "inputs";

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
 * The bytes of an ONNX model (operator set 17, static shapes). What the caller hands in are inputs. Throws a UserError when there is no
 * output, or when one cannot be said in ONNX: it draws random numbers, reads what is kept for rows of the dataset, or needs an operator that is not there.
 */
export function onnxModel(request: OnnxExport): OnnxFile {
  if (request.outputs.length === 0) throw nothing(request.model);
  const w = new OnnxWriter();
  const inputs = new Map<string, OnnxValue>();
  const names = addNodes(
    w,
    request.outputs.map((output) => output.node),
    (node) => leaf(w, node, request, inputs),
  );
  w.origin = undefined;
  const outputs = request.outputs.map(({ name, node }): OnnxValue => {
    w.rename(names.get(node) ?? "", name);
    return { name, type: node.dtype, shape: node.shape };
  });
  const graph = w.graph(request.model, [...inputs.values()], outputs);
  const bytes = encodeModel(graph, { name: "mird", version: request.version }, request.metadata);
  return { bytes, inputs: [...inputs.values()], outputs };
}

/** Adds all that the roots need; `name` gives the inputs. */
function addNodes(
  w: OnnxWriter,
  roots: readonly Node[],
  name: (input: NodeOf<"input">) => string,
): Map<Node, string> {
  const names = new Map<Node, string>();
  for (const node of topologicalOrder(roots)) {
    if (node.op === "random") throw refused(node, RANDOM);
    if (!hasOperator(node.op)) throw refused(node, OPERATOR);
    w.origin = node.origin === null ? undefined : describePlace(node.origin);
    const inputs = node.inputs.map((input) => names.get(input) ?? "");
    if (node.op === "input") names.set(node, name(node));
    else if (node.op === "scan") names.set(node, scanLoop({ w, node, inputs }, addNodes));
    else names.set(node, translate(w, node, inputs));
  }
  return names;
}

/** An input of the model or a constant. */
function leaf(
  w: OnnxWriter,
  node: NodeOf<"input">,
  request: OnnxExport,
  inputs: Map<string, OnnxValue>,
): string {
  const { name, arena, shape, dtype } = node.attributes;
  // What draws from it is refused, where it stands in the spec.
  if (arena === "random") return name;
  if (arena !== "parameters" && arena !== BATCH_INPUTS) throw refused(node, ROWS);
  if (arena === "parameters") {
    const tensor = request.parameters.get(name);
    // The graph counts one row of the dataset, so that what is kept for each of them has another size.
    if (tensor === undefined || tensor.data.length !== elementCount(shape)) throw refused(node, ROWS);
    return w.tensor({ name, type: "f32", shape, data: Float32Array.from(tensor.data, Number) });
  }
  inputs.set(name, { name, type: dtype, shape });
  return name;
}

interface Refusal {
  readonly code: string;
  readonly title: string;
  readonly mark: string;
  readonly text: string;
  readonly hint: string;
}

const RANDOM: Refusal = {
  code: "export-random",
  title: "Output draws random numbers",
  mark: "drawn here, in evaluation too",
  text: "An exported model gives the same outputs for the same inputs; this one would not.",
  hint: "Leave what is drawn out of the outputs of the spec, or export to safetensors.",
};

const ROWS: Refusal = {
  code: "export-rows",
  title: "Output reads what is kept for rows of the dataset",
  mark: "read here",
  text: "An exported model knows nothing of the rows that it was trained on.",
  hint: "Leave what depends on it out of the outputs of the spec, or export to safetensors.",
};

const OPERATOR: Refusal = {
  code: "export-operator",
  title: "Output needs an operation that is not exported",
  mark: "computed here",
  text: "Cholesky factors and inverses of triangular matrices are not written to ONNX.",
  hint: "Leave what needs them out of the outputs of the spec, or export to safetensors.",
};

function refused(node: Node, { code, title, mark, text, hint }: Refusal): UserError {
  const primary = node.origin === null ? null : { span: node.origin, text: mark };
  return new UserError([{ code, severity: "error", title, primary, related: [], text, hint }]);
}

function nothing(model: string): UserError {
  const text = `\`${model}\` declares no \`output\`, so there is nothing that an exported model would give.`;
  const hint = "Name what it should give, for example `output score predicts y`.";
  const title = "Model has no outputs";
  return new UserError([
    { code: "export-nothing", severity: "error", title, primary: null, related: [], text, hint },
  ]);
}
