/** A run's selected model as a file that other tools read. */
import { fieldContracts } from "../data/contract.ts";
import { writeFileAtomic } from "../data/files.ts";
import type { Tensor } from "../data/safetensors.ts";
import { writeSafetensors } from "../data/safetensors.ts";
import { UserError } from "../diagnostics/problems.ts";
import { inferenceGraph } from "../driver/inference.ts";
import { npz } from "../export/npz.ts";
import { onnxModel } from "../export/onnx.ts";
import { provenance } from "../report/run-info.ts";
import { openDataset } from "./dataset.ts";
import type { Run } from "./load.ts";
import { load } from "./load.ts";
import { recordedSpec } from "./run.ts";
import { requireModel } from "./spec.ts";
import { version } from "./version.ts";

export const EXPORT_FORMATS = ["safetensors", "npz", "onnx"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly to: ExportFormat;
  /** The file to write; an existing one is replaced. */
  readonly out: string;
  /** Rows of a batch of the ONNX model, whose shapes are fixed; default 1. */
  readonly batch?: number;
  /** Where the dataset is now, for the description of the inputs; default: where it was. */
  readonly data?: string;
}

/** What was written. */
export interface Exported {
  readonly file: string;
  /** Of tensors, or of inputs and outputs of an ONNX model: name, type and shape. */
  readonly contents: readonly string[];
  /** Whether the file describes what its inputs must look like: not when the dataset was not found. */
  readonly describesInputs: boolean;
}

/**
 * Exports the selected parameters (`safetensors`, `npz`) or the model as a function of its inputs (`onnx`). Metadata say which spec, sizes
 * and data it belongs to, and how each input was scaled. Throws a UserError when the run has no parameters yet.
 */
export function exportRun(from: Run | string, options: ExportOptions): Exported {
  const run = typeof from === "string" ? load(from) : from;
  const { to, out: file } = options;
  const parameters = run.parameters();
  const inputs = describeInputs(options.data ?? run.info.dataset.folder);
  const metadata = { ...provenance(run.info), ...(inputs === null ? {} : { "mird.inputs": inputs }) };
  const describesInputs = inputs !== null;
  switch (to) {
    case "safetensors":
      writeSafetensors(file, parameters, metadata);
      return { file, contents: tensorLines(parameters), describesInputs };
    case "npz":
      writeFileAtomic(file, [npz(withMetadata(parameters, metadata))]);
      return { file, contents: tensorLines(parameters), describesInputs };
    case "onnx": {
      const { model } = requireModel(recordedSpec(run.info));
      const sizes = new Map([...Object.entries(run.info.sizes), ["B", options.batch ?? 1]]);
      const outputs = inferenceGraph(model, sizes);
      const made = onnxModel({ model: run.info.model, outputs, parameters, version: version(), metadata });
      writeFileAtomic(file, [made.bytes]);
      const line = (way: string) => (value: (typeof made.inputs)[number]) =>
        `${way} ${value.name} ${value.type}[${value.shape.join(", ")}]`;
      const contents = [...made.inputs.map(line("input")), ...made.outputs.map(line("output"))];
      return { file, contents, describesInputs };
    }
  }
}

/** The fields of the dataset as JSON; null when it is not to be found, which an export can do without. */
function describeInputs(folder: string): string | null {
  try {
    return JSON.stringify(fieldContracts(openDataset(folder)));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** NumPy archives have no metadata: they become an array of bytes with JSON. */
function withMetadata(
  parameters: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Map<string, Tensor> {
  const data = new TextEncoder().encode(JSON.stringify(metadata));
  return new Map([...parameters, ["mird.metadata", { dtype: "U8", shape: [data.length], data }]]);
}

function tensorLines(tensors: ReadonlyMap<string, Tensor>): string[] {
  return [...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype}[${shape.join(", ")}]`);
}
