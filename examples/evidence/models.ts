/** Trainings of the quickstart's model on generated data, and what the experiments measure on them. */
import { join } from "node:path";
import type { Dataset, Disentanglement, Run } from "mird";
import { disentangle, train } from "mird";
import type { Value } from "./experiment.ts";

export interface TrainingRequest {
  /** The quickstart's where none is given. */
  readonly spec?: string;
  readonly data: Dataset;
  readonly seed: number;
  readonly epochs: number;
  /** Default: the first one of the spec. */
  readonly model?: string;
  /** As behind `--set`. */
  readonly set?: Readonly<Record<string, string | number>>;
  /** Of all runs of the experiment. */
  readonly folder: string;
  /** Of this run. */
  readonly name: string;
}

/** One training on the CPU. */
export function trainSmall(request: TrainingRequest): Promise<Run> {
  const { data, seed, epochs, set = {}, folder, name } = request;
  const { spec = "examples/quickstart/quickstart.mird", model } = request;
  return train({
    spec,
    ...(model === undefined ? {} : { model }),
    data,
    seed,
    epochs,
    set,
    device: "cpu",
    out: join(folder, name.replaceAll(/[^\w.-]+/g, "-")),
    force: true,
  });
}

/** What `mird disentangle` measures, without critics and with few pairings: the p-values are not used. `parameters`: a file of others than the selected ones. */
export function measureLatents(run: Run, data: Dataset, parameters?: string): Promise<Disentanglement> {
  const given = parameters === undefined ? {} : { parameters };
  return disentangle(run, { data, critic: false, permutations: 19, device: "cpu", ...given });
}

/** A statistic of the pairs of latents, averaged over all pairs; null where it is undefined. */
export function meanOverPairs(
  { pairs }: Disentanglement,
  statistic: "linear" | "hsic" | "dcor" | "ksg",
): Value {
  const values = pairs.map((pair) => pair[statistic]);
  return numberOf(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** R² of a factor field from one latent (or from all together), averaged over the columns of the field. */
export function heldBy(
  { latents, factors }: Disentanglement,
  field: string,
  latent: string | null,
  kind: "linear" | "nonlinear" = "nonlinear",
): Value {
  const rows = (factors?.rows ?? []).filter(({ group }) => group === `factor.${field}`);
  const index = latents.findIndex(({ name }) => name === latent);
  const all = kind === "linear" ? "linearAll" : "nonlinearAll";
  const values = rows.map((row) => (latent === null ? row[all] : (row[kind][index] ?? Number.NaN)));
  return numberOf(values.reduce((sum, value) => sum + value, 0) / values.length);
}

/** JSON has no NaN. */
export function numberOf(value: number): Value {
  return Number.isFinite(value) ? value : null;
}
