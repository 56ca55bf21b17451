// How far estimators of mutual information are from the truth, on pairs of Gaussian vectors: over correlations and widths.
//
//     npx tsx examples/evidence/estimators/run.ts
import { join } from "node:path";
import { figure, gaussianInformation, gaussianPairs, train } from "mird";
import type { Experiment, Measurement } from "../experiment.ts";
import { isProgram, main, markdown, plusMinus, select, settingsOf, spreadOf } from "../experiment.ts";

interface Size {
  readonly correlations: readonly number[];
  readonly widths: readonly number[];
  readonly seeds: number;
  readonly rows: number;
  readonly epochs: number;
}

/** Variance e^-1 is the least that a Gaussian estimator of the library can say: its log-variance is a tanh. */
const LEAST_VARIANCE = Math.exp(-1);

/** What each estimator gives with the best network that it can have, per width, for as many rows as one likes; null where it has no closed form. */
const IDEALS: Readonly<Record<string, ((correlation: number) => number) | null>> = {
  // q(y | x) = N(ρx, v) with v = 1 − ρ² or, where that is less, the least variance.
  Club: (rho) => rho ** 2 / Math.max(1 - rho ** 2, LEAST_VARIANCE),
  ClubSample: (rho) => rho ** 2 / Math.max(1 - rho ** 2, LEAST_VARIANCE),
  // Unit variance.
  ClubMean: (rho) => rho ** 2,
  // KL of N(ρx, v) to N(0, 1).
  VarUb: (rho) => {
    const variance = Math.max(1 - rho ** 2, LEAST_VARIANCE);
    return (rho ** 2 + variance - 1 - Math.log(variance)) / 2;
  },
  L1Out: null,
  Mine: (rho) => gaussianInformation(1, rho),
  Nwj: (rho) => gaussianInformation(1, rho),
  InfoNce: null,
};
const ESTIMATORS = Object.keys(IDEALS);

export const experiment: Experiment<Size> = {
  name: "estimators",
  full: { correlations: [0, 0.5, 0.8, 0.9], widths: [1, 4, 16], seeds: 3, rows: 8192, epochs: 8 },

  async measure({ correlations, widths, seeds, rows, epochs }, folder, tell) {
    const measurements: Measurement[] = [];
    for (const width of widths)
      for (const correlation of correlations)
        for (let seed = 0; seed < seeds; seed++) {
          // Another seed means other rows and other initial values.
          const data = gaussianPairs({ seed, width, correlation, train: rows, valid: 256, test: rows });
          const run = await train({
            spec: "examples/evidence/estimators/estimators.mird",
            data,
            seed,
            epochs,
            device: "cpu",
            out: join(folder, `width-${width}-correlation-${correlation}-seed-${seed}`),
            force: true,
          });
          const losses = run.metrics().test?.losses ?? {};
          const values = Object.fromEntries(
            ESTIMATORS.map((name) => [name, losses[`${name}_bound`] ?? null]),
          );
          measurements.push({ settings: { width, correlation, seed }, values });
          const short = ESTIMATORS.map((name) => `${name} ${values[name]?.toFixed(2)}`).join(", ");
          tell(`width ${width}, correlation ${correlation}, seed ${seed}: ${short}`);
        }
    return measurements;
  },

  files: (measurements) => ({
    "table.md": tableOf(measurements),
    "estimates.svg": pictureOf(measurements),
  }),
};

function tableOf(measurements: readonly Measurement[]): string {
  const header = ["width", "correlation", "true MI", ...ESTIMATORS];
  const rows = cellsOf(measurements).flatMap(({ width, correlation }) => {
    const measured = ESTIMATORS.map((name) =>
      plusMinus(select(measurements, { width, correlation }, name), 2),
    );
    const ideal = ESTIMATORS.map((name) => {
      const one = IDEALS[name];
      return one == null ? "" : `(${(width * one(correlation)).toFixed(2)})`;
    });
    const truth = gaussianInformation(width, correlation).toFixed(2);
    return [
      [`${width}`, `${correlation}`, `**${truth}**`, ...measured],
      ["", "", "", ...ideal],
    ];
  });
  return markdown(header, rows);
}

/** Estimate over truth, where there is something to estimate. */
function pictureOf(measurements: readonly Measurement[]): string {
  const cells = cellsOf(measurements).filter(({ correlation }) => correlation !== 0);
  const panels = settingsOf(measurements, "width").map((width) => {
    const own = cells.filter((cell) => cell.width === width);
    const series = ESTIMATORS.map((name) => ({
      name,
      points: own.map(({ correlation }) => {
        const truth = gaussianInformation(Number(width), correlation);
        const { mean, deviation } = spreadOf(select(measurements, { width, correlation }, name));
        return { x: correlation, y: mean / truth, spread: deviation / truth };
      }),
    }));
    const truth = own.map(({ correlation }) => ({ x: correlation, y: 1 }));
    return {
      title: `width ${width}`,
      labels: { x: "correlation", y: "estimate / true MI" },
      series: [...series, { name: "true MI", points: truth, line: "dashed" as const }],
    };
  });
  return figure(panels);
}

function cellsOf(measurements: readonly Measurement[]) {
  return settingsOf(measurements, "width").flatMap((width) =>
    settingsOf(measurements, "correlation").map((correlation) => ({
      width: Number(width),
      correlation: Number(correlation),
    })),
  );
}

if (isProgram(import.meta.url)) await main(experiment);
