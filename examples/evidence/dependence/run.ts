// Does an orthogonality penalty leave dependence that CLUB removes, where private factors depend on shared ones through their squares?
//
//     npx tsx examples/evidence/dependence/run.ts
import type { Disentanglement, Run } from "mird";
import { figure, synthesize } from "mird";
import type { Experiment, Measurement } from "../experiment.ts";
import { isProgram, main, markdown, plusMinus, select, settingsOf, spreadOf } from "../experiment.ts";
import { heldBy, meanOverPairs, measureLatents, numberOf, trainSmall } from "../models.ts";

interface Variant {
  /** Part of the variance of private factors that follows from the shared ones. */
  readonly dependence: number;
  readonly penalty: string;
  readonly weight: number;
}

interface Size {
  readonly variants: readonly Variant[];
  readonly seeds: number;
  readonly rows: number;
  readonly epochs: number;
}

const CLUB = "Club(hidden = 16)";
// Weights are in units of each penalty, so none of them is the fair one: each penalty gets several.
const WEIGHTS: readonly (readonly [dependence: number, penalty: string, weights: readonly number[]])[] = [
  [0.5, "None()", [1]],
  [0.5, "Orthogonal()", [0.01, 0.1, 1]],
  [0.5, CLUB, [0.1, 0.3, 1]],
];

/** What is measured, with its name in the table. */
const COLUMNS = [
  ["mae", "test MAE"],
  ["linear", "linear CKA"],
  ["hsic", "nHSIC"],
  ["dcor", "dCor²"],
  ["ksg", "KSG (nats)"],
  ["shared", "R² shared, all latents"],
  ["private", "R² private, all latents"],
] as const;

export const experiment: Experiment<Size> = {
  name: "dependence",
  full: {
    variants: WEIGHTS.flatMap(([dependence, penalty, weights]) =>
      weights.map((weight) => ({ dependence, penalty, weight })),
    ),
    seeds: 3,
    rows: 384,
    epochs: 20,
  },

  async measure({ variants, seeds, rows, epochs }, folder, tell) {
    const measurements: Measurement[] = [];
    for (const { dependence, penalty, weight } of variants) {
      const data = synthesize({ train: rows, unlabelled: rows, valid: 128, test: 512, dependence });
      for (let seed = 0; seed < seeds; seed++) {
        const set = { penalty, mi_weight: weight };
        const name = `dependence-${dependence}-${penalty}-${weight}-seed-${seed}`;
        const run = await trainSmall({ data, seed, epochs, set, folder, name });
        const values = valuesOf(run, await measureLatents(run, data));
        measurements.push({ settings: { dependence, penalty, weight, seed }, values });
        const told = COLUMNS.map(([key, title]) => `${title} ${values[key]?.toFixed(3)}`).join(", ");
        tell(`dependence ${dependence}, ${penalty}, weight ${weight}, seed ${seed}: ${told}`);
      }
    }
    return measurements;
  },

  files: (measurements) => ({
    "table.md": tableOf(measurements),
    "dependence.svg": pictureOf(measurements),
  }),
};

function valuesOf(run: Run, latents: Disentanglement): Measurement["values"] {
  const privates = ["text", "audio", "vision"].map((field) => heldBy(latents, field, null) ?? Number.NaN);
  return {
    mae: run.metrics().test?.metrics.mae ?? null,
    linear: meanOverPairs(latents, "linear"),
    hsic: meanOverPairs(latents, "hsic"),
    dcor: meanOverPairs(latents, "dcor"),
    ksg: meanOverPairs(latents, "ksg"),
    shared: heldBy(latents, "shared", null),
    private: numberOf(privates.reduce((sum, value) => sum + value, 0) / privates.length),
  };
}

/** The penalties and weights that were tried at a dependence. */
function variantsOf(measurements: readonly Measurement[], dependence: string | number) {
  const names = measurements
    .filter(({ settings }) => settings.dependence === dependence)
    .map(({ settings }) => JSON.stringify([settings.penalty, settings.weight]));
  return [...new Set(names)].map((name): [string, number] => JSON.parse(name));
}

function tableOf(measurements: readonly Measurement[]): string {
  return markdown(
    ["dependence", "penalty", "weight", ...COLUMNS.map(([, title]) => title)],
    settingsOf(measurements, "dependence").flatMap((dependence) =>
      variantsOf(measurements, dependence).map(([penalty, weight]) => [
        `${dependence}`,
        `\`${penalty}\``,
        penalty === "None()" ? "" : `${weight}`,
        ...COLUMNS.map(([key]) => plusMinus(select(measurements, { dependence, penalty, weight }, key))),
      ]),
    ),
  );
}

/** What is left of the dependence against the test error: every penalty a line from weight to weight. */
function pictureOf(measurements: readonly Measurement[]): string {
  const panel = (dependence: string | number, key: string, title: string) => ({
    title: `${title}, dependence ${dependence}`,
    labels: { x: "test MAE", y: `${title} between latents` },
    series: settingsOf(measurements, "penalty").map((penalty) => ({
      name: `${penalty}`,
      line: penalty === "None()" ? ("none" as const) : ("solid" as const),
      points: variantsOf(measurements, dependence)
        .filter(([name]) => name === penalty)
        .map(([, weight]) => {
          const of = (name: string) => spreadOf(select(measurements, { dependence, penalty, weight }, name));
          return { x: of("mae").mean, y: of(key).mean, spread: of(key).deviation };
        }),
    })),
  });
  const dependences = settingsOf(measurements, "dependence");
  const statistics = [
    ["linear", "linear CKA"],
    ["hsic", "nHSIC"],
    ["ksg", "KSG"],
  ] as const;
  const panels = dependences.flatMap((dependence) =>
    statistics.map(([key, title]) => panel(dependence, key, title)),
  );
  return figure(panels, statistics.length);
}

if (isProgram(import.meta.url)) await main(experiment);
