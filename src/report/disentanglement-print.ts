/** A measurement of latents for people and programs: terminal text with heat maps, JSON. */
import { at } from "../base/invariant.ts";
import type { Disentanglement, FactorRow, FactorTable, PairDependence } from "./disentanglement.ts";
import type { HeatMap } from "./heat-map.ts";
import { heatMapText } from "./heat-map.ts";
import { alignColumns, formatNumber } from "./tables.ts";

/** Everything, with null in place of what is not defined, as JSON has no NaN. */
export function disentanglementJson(result: Disentanglement): string {
  return `${JSON.stringify(result, null, 1)}\n`;
}

/** Terminal text. */
export function disentanglementText(result: Disentanglement): string {
  const parts = [head(result), pairsText(result), mapText(result), legend(result)];
  if (result.factors !== null) parts.push(factorsText(result, result.factors));
  else parts.push("The dataset has no fields `factor.…`, so there are no true factors to probe for.\n");
  return parts.join("\n");
}

/** Normalised HSIC of every pair, as a triangle. */
export function dependenceMap({ latents, pairs }: Pick<Disentanglement, "latents" | "pairs">): HeatMap {
  const names = latents.map(({ name }) => name);
  return {
    rows: names.slice(1),
    columns: names.slice(0, -1),
    values: names.slice(1).map((second) =>
      names.slice(0, -1).map((first) => {
        const pair = pairs.find((one) => one.first === first && one.second === second);
        return pair === undefined ? null : pair.hsic;
      }),
    ),
  };
}

/** Nonlinear (or linear) R² of every factor from every latent. */
export function factorMap(
  names: readonly string[],
  factors: FactorTable,
  kind: "linear" | "nonlinear",
): HeatMap {
  const all: keyof FactorRow = kind === "linear" ? "linearAll" : "nonlinearAll";
  return {
    rows: factors.rows.map(({ name }) => name),
    columns: [...names, "all"],
    values: factors.rows.map((row) => [...row[kind], row[all]]),
  };
}

function head({ latents, rows, split, incomplete, fitRows }: Disentanglement): string {
  const left = incomplete === 0 ? "" : `, without ${incomplete} that lack an input`;
  const widths = latents.map(({ name, width, varying }) =>
    varying === width ? `${name} [${width}]` : `${name} [${width}, ${width - varying} constant]`,
  );
  return `${widths.join(", ")}: ${rows} rows of ${split}${left}; probes and critics fitted to ${fitRows} rows of train\n`;
}

function pairsText({ pairs }: Disentanglement): string {
  const withCritic = pairs.some(({ critic }) => critic !== null);
  const header = ["pair", "linear", "nHSIC", "p", "dCor²", "p", "KSG", ...(withCritic ? ["critic"] : [])];
  const line = (pair: PairDependence) => [
    `${pair.first}, ${pair.second}`,
    formatNumber(pair.linear),
    formatNumber(pair.hsic),
    pValue(pair.hsicP),
    formatNumber(pair.dcor),
    pValue(pair.dcorP),
    formatNumber(pair.ksg),
    ...(withCritic ? [formatNumber(pair.critic ?? undefined)] : []),
  ];
  return alignColumns([header, ...pairs.map(line)]);
}

function mapText(result: Disentanglement): string {
  return `nHSIC, 0 independent, 1 the same\n\n${heatMapText(dependenceMap(result))}`;
}

function legend({ permutations, latents, pairs }: Disentanglement): string {
  const least = Math.min(...latents.map(({ componentShare }) => componentShare));
  const lines = [
    `p: share of ${permutations + 1} pairings of the rows, the true one among them, that depend at least as much`,
    `KSG: nats, nearest neighbours between the 3 leading components of each latent (at least ${(100 * least).toFixed(0)} % of its variance)`,
  ];
  if (pairs.some(({ critic }) => critic !== null))
    lines.push(
      "critic: nats, InfoNCE on rows that the critic was not fitted to; a lower bound, below 0 where it found nothing",
    );
  return `${lines.join("\n")}\n`;
}

function factorsText({ latents }: Disentanglement, factors: FactorTable): string {
  const names = latents.map(({ name }) => name);
  const { scores } = factors;
  const table = alignColumns([
    ["disentanglement (DCI)", formatNumber(scores.disentanglement)],
    ["completeness (DCI)", formatNumber(scores.completeness)],
    ["informativeness (DCI)", formatNumber(factors.informativeness)],
    ["gap (MIG-style, R²)", formatNumber(scores.gap)],
  ]);
  const map = (kind: "linear" | "nonlinear") => heatMapText(factorMap(names, factors, kind));
  const what = `R² of every factor${labelOf(factors)} from every latent`;
  return `${what}, nonlinear probe\n\n${map("nonlinear")}\n${what}, linear probe\n\n${map("linear")}\n${table}`;
}

function labelOf({ rows }: FactorTable): string {
  const last = at(rows, rows.length - 1);
  return last.group === null ? ` and of the label ${last.name}` : "";
}

function pValue(value: number): string {
  return Number.isNaN(value) ? "undefined" : value.toFixed(3);
}
