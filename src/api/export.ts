/** A run's selected model as a file that other tools read. */
import { join } from "node:path";
import type { CheckedLoad } from "../check/checked.ts";
import { fieldContracts } from "../data/contract.ts";
import { writeFileAtomic } from "../data/files.ts";
import { writePretrainedFolder } from "../data/pretrained-folder.ts";
import type { Tensor } from "../data/safetensors.ts";
import { writeSafetensors } from "../data/safetensors.ts";
import type { Dataset } from "../data/schema.ts";
import { UserError } from "../diagnostics/problems.ts";
import { trainBlock } from "../driver/compile.ts";
import { inferenceGraph } from "../driver/inference.ts";
import { placeParameters } from "../driver/iteration.ts";
import { npz } from "../export/npz.ts";
import { onnxModel } from "../export/onnx.ts";
import { eventFile } from "../export/tensorboard.ts";
import { runError } from "../report/run-error.ts";
import { provenance } from "../report/run-info.ts";
import type { CheckpointLoad } from "../train/pretrained.ts";
import { exportedWeights } from "../train/weights-export.ts";
import { openDataset } from "./dataset.ts";
import type { Run } from "./load.ts";
import { load } from "./load.ts";
import type { DeviceOptions } from "./options.ts";
import { deviceOf } from "./options.ts";
import { REPORT_FILE, writeRunReport } from "./report.ts";
import { recordedSpec } from "./run.ts";
import { requireModel } from "./spec.ts";
import { boardEvents } from "./tensorboard.ts";
import { version } from "./version.ts";

export const EXPORT_FORMATS = ["safetensors", "npz", "onnx", "huggingface", "tensorboard", "html"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions extends DeviceOptions {
  readonly to: ExportFormat;
  /**
   * The file to write, of `huggingface` and `tensorboard` the folder; what is there of the same name is replaced. Default, in the run's folder:
   * `model.FORMAT`, `huggingface`, `tensorboard`, `report.html`.
   */
  readonly out?: string;
  /** Rows of a batch of the ONNX model, whose shapes are fixed; default 1. */
  readonly batch?: number;
  /** Where the dataset is now, for the description of the inputs and for the page; default: where it was. */
  readonly data?: string;
}

/** What was written. */
export interface Exported {
  /** The file or folder. */
  readonly file: string;
  /** Of tensors, or of inputs and outputs of an ONNX model: name, type and shape. */
  readonly contents: readonly string[];
  /** What the files do not have, in sentences: the description of the inputs when the dataset was not found. */
  readonly missing: readonly string[];
}

/** One export: the run, its selected parameters, the dataset where it is to be found, and what every file says of itself. */
interface Source {
  readonly run: Run;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly dataset: Dataset | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly out: string;
}

/**
 * Exports the selected parameters (`safetensors`, `npz`; `huggingface`: those that were loaded from such a folder, under their names there), the model
 * as a function of its inputs (`onnx`), the curves of the run (`tensorboard`), or the run as a page (`html`, as `mird report` writes it). Metadata say which spec, sizes and data it belongs to, and how
 * each input was scaled. Throws a UserError when the run has no parameters yet, or nothing of what is asked for.
 */
export async function exportRun(from: Run | string, options: ExportOptions): Promise<Exported> {
  const run = typeof from === "string" ? load(from) : from;
  const { to, data, out = join(run.folder, defaultName(to)) } = options;
  if (to === "html")
    return {
      file: await writeRunReport(run.folder, data ?? null, deviceOf(options, "cpu"), out),
      contents: [],
      missing: [],
    };
  if (to === "tensorboard") return exportBoard(run, out);
  const parameters = run.parameters();
  const dataset = findDataset(data ?? run.info.dataset.folder);
  const described = dataset === null ? {} : { "mird.inputs": JSON.stringify(fieldContracts(dataset)) };
  const source = { run, parameters, dataset, metadata: { ...provenance(run.info), ...described }, out };
  const missing = dataset === null && to !== "huggingface" ? [UNDESCRIBED] : [];
  switch (to) {
    case "safetensors":
      writeSafetensors(out, parameters, source.metadata);
      return { file: out, contents: tensorLines(parameters), missing };
    case "npz":
      writeFileAtomic(out, [npz(withMetadata(parameters, source.metadata))]);
      return { file: out, contents: tensorLines(parameters), missing };
    case "onnx":
      return { file: out, contents: exportOnnx(source, options.batch ?? 1), missing };
    case "huggingface":
      return { file: out, ...exportPretrained(source) };
  }
}

const UNDESCRIBED =
  "The dataset of the run was not found, so the file does not say how its inputs were scaled; --data names it.";

function defaultName(to: ExportFormat): string {
  if (to === "huggingface" || to === "tensorboard") return to;
  return to === "html" ? REPORT_FILE : `model.${to}`;
}

/** The file has the name that the run's start gives it: writing it again replaces it, so that TensorBoard never sees two of one run. */
function exportBoard(run: Run, out: string): Exported {
  const { started, events } = boardEvents(run);
  const file = join(out, `events.out.tfevents.${Math.floor(started)}.mird`);
  writeFileAtomic(file, [eventFile(started, events)]);
  const tags = new Set(events.flatMap(({ values }) => values.map(({ tag }) => tag)));
  return { file, contents: [`${tags.size} tags, ${events.length} events`], missing: [] };
}

function exportOnnx({ run, parameters, metadata, out }: Source, batch: number): string[] {
  const { model } = requireModel(recordedSpec(run.info));
  const sizes = new Map([...Object.entries(run.info.sizes), ["B", batch]]);
  const outputs = inferenceGraph(model, sizes);
  const made = onnxModel({ model: run.info.model, outputs, parameters, version: version(), metadata });
  writeFileAtomic(out, [made.bytes]);
  const line = (way: string) => (value: (typeof made.inputs)[number]) =>
    `${way} ${value.name} ${value.type}[${value.shape.join(", ")}]`;
  return [...made.inputs.map(line("input")), ...made.outputs.map(line("output"))];
}

/** A folder for each instance that starts from weights, since several of them have learnt different numbers. */
function exportPretrained({
  run,
  parameters,
  dataset,
  metadata,
  out,
}: Source): Pick<Exported, "contents" | "missing"> {
  const { model } = requireModel(recordedSpec(run.info));
  const train = trainBlock(model);
  const rows = train.batch.labelled + train.batch.unlabelled;
  const sizes = new Map([...Object.entries(run.info.sizes), ["B", rows]]);
  const { instances } = placeParameters({ model, train, sizes, dataRows: 1 });
  const loads = train.loads.filter(
    (each): each is CheckedLoad & CheckpointLoad => each.from.kind === "checkpoint",
  );
  const found = loads.flatMap((each) =>
    exportedWeights({ load: each, instances, parameters, loaded: run.info.loaded.weights }),
  );
  if (found.length === 0)
    throw runError(
      "export-nothing",
      run.folder,
      "No part of the model has a layout of Hugging Face: the spec has no line `load … as … into …` for weights.",
      "`--to safetensors` writes all parameters under their paths in the spec.",
    );
  const words = onlyVocabulary(dataset);
  for (const { path, config, tensors } of found)
    writePretrainedFolder(join(out, path), {
      config: words === null ? config : { ...config, vocab_size: words.length },
      tensors,
      metadata,
      words,
    });
  const contents = found.map(({ path, tensors }) => `${join(out, path)}: ${tensors.size} tensors`);
  const missing = found
    .flatMap(({ unnamed }) => unnamed)
    .map((path) => `\`${path}\` has no name in the table of weights and is not in the folder.`);
  if (words === null)
    missing.push(
      "There is no vocab.txt: the dataset of the run was not found or has not one vocabulary; --data names it.",
    );
  return { contents, missing };
}

/** The words of the token field, where the dataset has one such field. */
function onlyVocabulary(dataset: Dataset | null): readonly string[] | null {
  const known = (dataset?.fields ?? []).flatMap(({ vocabulary }) =>
    vocabulary === undefined ? [] : [vocabulary],
  );
  return known.length === 1 ? (known[0] ?? null) : null;
}

/** Null when the dataset is not to be found, which an export can do without. */
function findDataset(folder: string): Dataset | null {
  try {
    return openDataset(folder);
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
