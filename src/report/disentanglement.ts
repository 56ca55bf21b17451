/** The result of measuring how far latents are taken apart: what `mird disentangle` prints and the report page draws. */
import type { DisentanglementScores } from "../statistics/disentanglement-scores.ts";

export interface LatentFacts {
  readonly name: string;
  /** Numbers per row. */
  readonly width: number;
  /** Of them, those that vary over the test rows. */
  readonly varying: number;
  /** Share of the (standardised) variance that the components behind `ksg` hold. */
  readonly componentShare: number;
}

/** All NaN where a latent does not vary at all. */
export interface PairDependence {
  readonly first: string;
  readonly second: string;
  /** Unbiased linear alignment: what correlation alone can see. */
  readonly linear: number;
  /** Unbiased normalised HSIC with Gaussian kernels, and its permutation p-value. */
  readonly hsic: number;
  readonly hsicP: number;
  /** Bias-corrected squared distance correlation, and its permutation p-value. */
  readonly dcor: number;
  readonly dcorP: number;
  /** Nats, between the leading components; a nearest-neighbour estimate. */
  readonly ksg: number;
  /** Nats, a lower bound; null when no critic was trained. */
  readonly critic: number | null;
}

/** R² on the test rows of one column of a factor, or of the label. */
export interface FactorRow {
  /** `shared[0]`, or the name of the label. */
  readonly name: string;
  /** The field; null for the label. */
  readonly group: string | null;
  /** By latent, in the order of the latents. */
  readonly linear: readonly number[];
  readonly nonlinear: readonly number[];
  /** From all latents together. */
  readonly linearAll: number;
  readonly nonlinearAll: number;
}

export interface FactorTable {
  readonly rows: readonly FactorRow[];
  /** Factors as fields: a latent is meant to hold one whole field. */
  readonly groups: readonly string[];
  /** Over `held[latent][group]`: the nonlinear R² averaged over the columns of the field. */
  readonly scores: DisentanglementScores;
  /** Nonlinear R² from all latents together, averaged over the factors. */
  readonly informativeness: number;
}

export interface Disentanglement {
  readonly split: string;
  /** Rows of the split that the results are for. */
  readonly rows: number;
  /** Rows of the split that lack an input, so that a latent says nothing about it. */
  readonly incomplete: number;
  /** Rows of the training split that probes and critics were fitted to, or chosen by. */
  readonly fitRows: number;
  readonly permutations: number;
  readonly seed: number;
  readonly latents: readonly LatentFacts[];
  readonly pairs: readonly PairDependence[];
  /** Null when the dataset has no factors. */
  readonly factors: FactorTable | null;
}
