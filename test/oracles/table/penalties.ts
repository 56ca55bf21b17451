/** Golden cases of penalties and estimators. */
import { at } from "../../../src/base/invariant.ts";
import type { CaseFile } from "../case-file.ts";
import { numberOf, tensorOf } from "../case-file.ts";
import type { Entry, ModelEntry } from "../entry.ts";
import { linear, rewriting, sequential } from "./paths.ts";

function model(cases: RegExp, name: string, more: Partial<ModelEntry> = {}): ModelEntry {
  return { kind: "model", cases, spec: "penalties", model: name, ...more };
}

/** Estimators with a Gaussian q(y | x): two networks of half the published hidden size. */
const gaussian: Partial<ModelEntry> = {
  sizes: { hidden: (file) => 2 * at(tensorOf(file, "param.p_mu.0.weight").shape, 0) },
  parameter: rewriting([/^p_/, "estimate.head."], ...sequential, linear),
};

/** Estimators with a critic of x and y. */
function critic(name: string): Partial<ModelEntry> {
  return {
    sizes: { hidden: [`param.${name}.0.weight`, 0] },
    parameter: rewriting([new RegExp(`^${name}`), "estimate.critic.network"], ...sequential, linear),
  };
}

/** Statements that make one of two layers number them: 1 the affine map (no hidden units), 2 the network. */
function affine(name: string, statement: string): Partial<ModelEntry> {
  return {
    sizes: { hidden: () => 0 },
    parameter: rewriting([new RegExp(`^${name}`), `estimate.${statement}.1`], linear),
  };
}

function network(name: string, statement: string): Partial<ModelEntry> {
  return {
    sizes: { hidden: [`param.${name}.0.weight`, 0] },
    parameter: rewriting([new RegExp(`^${name}`), `estimate.${statement}.2`], ...sequential, linear),
  };
}

function categorical(cases: RegExp, layer: Partial<ModelEntry>): ModelEntry {
  const sizes = { ...layer.sizes, C: (file: CaseFile) => numberOf(file, "classes") };
  return model(cases, "PairClubCategorical", { ...layer, sizes });
}

/** Partners by number; \`y\` is also the pool that they come from. */
function partners(shared: Partial<ModelEntry>, from: string): Partial<ModelEntry> {
  return {
    ...shared,
    inputs: { partner: { from } },
    sizes: { ...shared.sizes, R: ["in.y", 0] },
    parameter: (name, file) => (name === "y" ? "pool" : (shared.parameter?.(name, file) ?? name)),
  };
}

const bound = { outputs: { penalty: "bound" } };

export const penaltyEntries: readonly Entry[] = [
  model(/^penalties\/club_(bound|fit)$/, "Pair", gaussian),
  model(/^penalties\/club_sample_/, "PairPartnerClub", partners(gaussian, "perm")),
  model(/^penalties\/club_mean_linear_/, "PairClubMean", affine("p_mu", "mu")),
  model(/^penalties\/club_mean_/, "PairClubMean", network("p_mu", "mu")),
  categorical(/^penalties\/club_categorical_linear_/, affine("variational_net", "scores")),
  categorical(/^penalties\/club_categorical_/, network("variational_net", "scores")),
  model(/^penalties\/l1out_(bound|fit)$/, "PairL1Out", {
    ...gaussian,
    outputs: { bound_hard: "bound" },
  }),
  // What the reference code computes under this name leaves nothing out: up to 1e-9 it is the CLUB bound.
  model(/^penalties\/l1out_as_run_bound$/, "Pair", gaussian),
  model(/^penalties\/var_ub_/, "PairVarUb", gaussian),
  model(/^penalties\/mine_/, "PairPartnerMine", partners(critic("T_func"), "index")),
  model(/^penalties\/nwj_/, "PairNwj", critic("F_func")),
  model(/^penalties\/infonce_/, "PairInfoNce", critic("F_func")),
  model(/^penalties\/orthogonality$/, "PairOrthogonal", { ...bound, settings: { fixed_length: false } }),
  model(/^penalties\/orthogonality_stop_norm$/, "PairOrthogonal", bound),
  model(/^penalties\/cross_correlation$/, "PairCrossCorrelation", bound),
  model(/^penalties\/cross_covariance$/, "PairCrossCovariance", bound),
  model(/^penalties\/hsic_rbf$/, "PairHsic", {
    ...bound,
    settings: { width_x: "sigma_x", width_y: "sigma_y" },
  }),
  model(/^penalties\/distance_correlation$/, "PairDistanceCorrelation", bound),
  model(/^penalties\/distance_correlation_squared$/, "PairDistanceCorrelation", {
    ...bound,
    settings: { squared: true },
  }),
  model(/^penalties\/cmd5$/, "PairCmd", {
    outputs: { penalty: "raw" },
    sizes: { moments: (file) => numberOf(file, "moments") },
  }),
  model(/^penalties\/cmd5_sigmoid$/, "PairCmd", {
    outputs: { penalty: "squashed" },
    sizes: { moments: (file) => numberOf(file, "moments") },
  }),
  model(/^penalties\/gradient_reversal$/, "Reversal", {
    sizes: { C: ["param.discriminator.bias", 0] },
    settings: { weight: "weight" },
    parameter: rewriting([/^discriminator/, "adversary.scores.1"], linear),
    outputs: { loss: "adversarial" },
  }),
];
