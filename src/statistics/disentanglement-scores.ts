/** Scores over a matrix that says how much of each factor each latent holds. */
import { at } from "../base/invariant.ts";

export interface DisentanglementScores {
  /** Does each latent hold one factor? 1 − entropy of its row, averaged by how much each latent holds (Eastwood and Williams, ICLR 2018). */
  readonly disentanglement: number;
  /** Is each factor held by one latent? 1 − entropy of its column, averaged over the factors. */
  readonly completeness: number;
  /** Largest minus second largest of each factor's column, averaged over the factors: the gap of MIG (arXiv 1802.04942) with R² in place of normalised information, as in SAP (arXiv 1711.00848). */
  readonly gap: number;
}

/** `held[latent][factor]`: from 0 (nothing) to 1 (all); values below 0 count as 0. NaN where a score has nothing to go by: one latent, one factor, or nothing held. */
export function disentanglementScores(held: readonly (readonly number[])[]): DisentanglementScores {
  const shares = held.map((row) => row.map((value) => Math.max(0, value)));
  const factors = at(shares, 0).map((_, factor) => shares.map((row) => at(row, factor)));
  return {
    disentanglement: weightedPurity(shares),
    completeness: mean(factors.map(purity).filter((value) => !Number.isNaN(value))),
    gap: shares.length < 2 ? Number.NaN : mean(factors.map(topGap)),
  };
}

function weightedPurity(rows: readonly (readonly number[])[]): number {
  const weights = rows.map(sum);
  const total = sum(weights);
  return sum(
    rows.map((row, index) => (at(weights, index) > 0 ? (at(weights, index) / total) * purity(row) : 0)),
  );
}

/** 1 − entropy / log(count): 1 when everything is in one place, 0 when it is spread evenly. */
function purity(values: readonly number[]): number {
  const total = sum(values);
  if (values.length < 2 || total === 0) return Number.NaN;
  const entropy = sum(values.map((value) => (value > 0 ? -(value / total) * Math.log(value / total) : 0)));
  return 1 - entropy / Math.log(values.length);
}

function topGap(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => b - a);
  return at(sorted, 0) - at(sorted, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
