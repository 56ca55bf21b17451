/** A run's latents, measured: its selected model on a split, critics on the device of the run. */
import { suggest } from "../diagnostics/suggest.ts";
import { Critics } from "../driver/critic.ts";
import { latentDependence, streamOf } from "../driver/disentangle.ts";
import { probeFactors } from "../driver/factor-probes.ts";
import { chooseRows, latentError, latentOutputs, latentSample } from "../driver/latents.ts";
import type { Disentanglement } from "../report/disentanglement.ts";
import { readRun } from "../report/run-directory.ts";
import type { CompiledModel, RecordedOutput } from "../train/compiled.ts";
import type { GivenData } from "./dataset.ts";
import { dataName } from "./dataset.ts";
import type { DeviceFlags } from "./devices.ts";
import { chooseDevice } from "./devices.ts";
import { evaluateRun } from "./evaluate-run.ts";
import type { Run } from "./load.ts";
import type { DeviceOptions } from "./options.ts";
import { deviceOf } from "./options.ts";
import { diskLoader, shippedSpec } from "./sources.ts";
import { requireModel } from "./spec.ts";

/** What is measured where neither the command nor a program says otherwise. */
export const DISENTANGLE_DEFAULTS = { split: "test", rows: 1000, permutations: 499, seed: 0 } as const;

export interface DisentangleRequest {
  readonly run: string;
  readonly split: string;
  /** Null: the dataset of the run. */
  readonly data: GivenData | null;
  /** Empty: every output that predicts no label. */
  readonly names: readonly string[];
  readonly rows: number;
  readonly permutations: number;
  readonly seed: number;
  readonly critic: boolean;
  /** A safetensors file with other parameters than the selected ones. */
  readonly parameters?: string | undefined;
  readonly device: DeviceFlags;
}

export interface DisentangleOptions extends DeviceOptions {
  /** Default: the dataset of the run. */
  readonly data?: GivenData;
  /** The rows that are measured; default `test`. */
  readonly split?: string;
  /** Names of outputs; default: every output that predicts no label. */
  readonly latents?: readonly string[];
  /** Most rows of the split that are used; default 1000. */
  readonly rows?: number;
  /** Random pairings behind a p-value; default 499. */
  readonly permutations?: number;
  /** Of the sampled rows, pairings, probes and critics; default 0. */
  readonly seed?: number;
  /** Train critics too, which takes most of the time; default true. */
  readonly critic?: boolean;
  /** A safetensors file of parameters, a checkpoint of the run or an export, instead of the selected ones of the run. */
  readonly parameters?: string;
  readonly signal?: AbortSignal;
}

/**
 * What `mird disentangle` measures on a run: dependence of every pair of latents by statistics that training did not optimise and, where the dataset has fields
 * `factor.NAME`, what every latent tells about them. Throws a UserError where there is nothing to measure.
 */
export async function disentangle(
  run: Run | string,
  options: DisentangleOptions = {},
): Promise<Disentanglement> {
  const usual = DISENTANGLE_DEFAULTS;
  const { data = null, latents = [], split = usual.split, rows = usual.rows } = options;
  const { permutations = usual.permutations, seed = usual.seed } = options;
  const { critic = true, parameters, signal = new AbortController().signal } = options;
  const folder = typeof run === "string" ? run : run.folder;
  const device = deviceOf(options);
  const names = latents;
  return await measureDisentanglement(
    { run: folder, split, data, names, rows, permutations, seed, critic, parameters, device },
    signal,
  );
}

/** Measures. Throws a UserError where there is nothing to measure; what is left undone when the signal aborts is missing in the result. */
export async function measureDisentanglement(
  request: DisentangleRequest,
  signal: AbortSignal,
): Promise<Disentanglement> {
  const { run, data, split, seed, permutations } = request;
  const splits = split === "train" ? ["train"] : ["train", split];
  const { model, dataset, evaluations } = await evaluateRun({
    run,
    data,
    splits,
    parameters: request.parameters,
    device: request.device,
  });
  const outputs = chosenOutputs(run, model, request.names);
  const folder = data === null ? readRun(run).dataset.folder : dataName(data);
  const random = streamOf(seed, "rows");
  const rows = chooseRows({ folder, dataset, model, split, rows: request.rows, random });
  const latents = outputs.map((output) => latentSample(output, evaluations, rows));
  const factors = probeFactors(dataset, latents, rows, streamOf(seed, "probes"));
  const critics = request.critic ? await openCritics(request, signal) : null;
  try {
    const dependence = await latentDependence({
      latents,
      permutations,
      seed,
      critics: critics?.critics ?? null,
      signal,
    });
    const { fit, choose } = rows.train;
    return {
      split,
      rows: rows.test.length,
      incomplete: rows.incomplete,
      fitRows: fit.length + choose.length,
      permutations,
      seed,
      ...dependence,
      factors,
    };
  } finally {
    critics?.close();
  }
}

async function openCritics({ device, seed }: DisentangleRequest, signal: AbortSignal) {
  const entry = shippedSpec("critic");
  const { program } = requireModel({ entry, loadSource: diskLoader({}), settings: {}, model: null });
  const { backend, target } = await chooseDevice(device);
  const critics = new Critics({ program, backend, target, seed, signal });
  return {
    critics,
    close: () => {
      critics.dispose();
      backend.close();
    },
  };
}

function chosenOutputs(
  run: string,
  model: CompiledModel,
  names: readonly string[],
): readonly RecordedOutput[] {
  const known = model.evaluation.outputs.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = suggest(unknown, known);
    const hint = near === null ? undefined : `Did you mean \`${near}\`?`;
    const list = known.map((name) => `\`${name}\``).join(", ");
    throw latentError(`--latent ${unknown}`, `The model has no output of this name. It has ${list}.`, hint);
  }
  const chosen =
    names.length > 0
      ? model.evaluation.outputs.filter(({ name }) => names.includes(name))
      : latentOutputs(model);
  if (chosen.length >= 2) return chosen;
  const what = names.length > 0 ? "the command names" : "the spec of this run has";
  const found = chosen.length === 0 ? "none" : `one latent, \`${chosen[0]?.name}\``;
  throw latentError(
    run,
    `Dependence is between two latents, outputs that predict no label; ${what} ${found}.`,
    "Write the latents as outputs of the model, `output z_y, z_l`, and train again; or name outputs by `--latent`.",
  );
}
