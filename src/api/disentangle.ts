/** A run's latents, measured: its selected model on a split, critics on the device of the run. */
import { suggest } from "../diagnostics/suggest.ts";
import { Critics } from "../driver/critic.ts";
import { latentDependence, streamOf } from "../driver/disentangle.ts";
import { probeFactors } from "../driver/factor-probes.ts";
import { chooseRows, latentError, latentSample } from "../driver/latents.ts";
import type { Disentanglement } from "../report/disentanglement.ts";
import { readRun } from "../report/run-directory.ts";
import type { RecordedOutput } from "../train/compiled.ts";
import type { DeviceFlags } from "./devices.ts";
import { chooseDevice } from "./devices.ts";
import { evaluateRun } from "./evaluate-run.ts";
import { diskLoader, shippedSpec } from "./sources.ts";
import { requireModel } from "./spec.ts";

export interface DisentangleRequest {
  readonly run: string;
  readonly split: string;
  /** Null: the dataset of the run. */
  readonly data: string | null;
  /** Empty: every output that predicts no label. */
  readonly names: readonly string[];
  readonly rows: number;
  readonly permutations: number;
  readonly seed: number;
  readonly critic: boolean;
  readonly device: DeviceFlags;
}

/** Measures. Throws a UserError where there is nothing to measure; what is left undone when the signal aborts is missing in the result. */
export async function measureDisentanglement(
  request: DisentangleRequest,
  signal: AbortSignal,
): Promise<Disentanglement> {
  const { run, data, split, seed, permutations } = request;
  const splits = split === "train" ? ["train"] : ["train", split];
  const { model, dataset, evaluations, inputs } = await evaluateRun({
    run,
    data,
    splits,
    device: request.device,
  });
  const outputs = chosenOutputs(run, model.outputs, request.names);
  const folder = data ?? readRun(run).dataset.folder;
  const random = streamOf(seed, "rows");
  const rows = chooseRows({ folder, dataset, inputs, split, rows: request.rows, random });
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
  outputs: readonly RecordedOutput[],
  names: readonly string[],
): RecordedOutput[] {
  const known = outputs.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = suggest(unknown, known);
    const hint = near === null ? undefined : `Did you mean \`${near}\`?`;
    const list = known.map((name) => `\`${name}\``).join(", ");
    throw latentError(`--latent ${unknown}`, `The model has no output of this name. It has ${list}.`, hint);
  }
  const chosen = outputs.filter(({ name, predicts }) =>
    names.length > 0 ? names.includes(name) : predicts === null,
  );
  if (chosen.length >= 2) return chosen;
  const what = names.length > 0 ? "the command names" : "the spec of this run has";
  const found = chosen.length === 0 ? "none" : `one latent, \`${chosen[0]?.name}\``;
  throw latentError(
    run,
    `Dependence is between two latents, outputs that predict no label; ${what} ${found}.`,
    "Write the latents as outputs of the model, `output z_y, z_l`, and train again; or name outputs by `--latent`.",
  );
}
