// Does one joint encoder find the shared factors better than one encoder for each modality?
//
//     npx tsx examples/evidence/joint/run.ts
import type { Disentanglement, Run, SyntheticOptions } from "mird";
import { figure, synthesize } from "mird";
import type { Experiment, Measurement, Value } from "../experiment.ts";
import { isProgram, main, markdown, plusMinus, select, settingsOf, spreadOf } from "../experiment.ts";
import { heldBy, measureLatents, numberOf, trainSmall } from "../models.ts";

interface Size {
  /** What the slot `joint` gets. */
  readonly encoders: readonly string[];
  /** How the modalities show the shared factors. */
  readonly views: Readonly<Record<string, Partial<SyntheticOptions>>>;
  readonly seeds: number;
  readonly rows: number;
  readonly epochs: number;
}

const SPEC = "examples/evidence/joint/joint.mird";

/** What is measured, with its name in the table. */
const COLUMNS = [
  ["linear", "R² shared, z_y, linear"],
  ["shared", "R² shared, z_y"],
  ["leak", "R² private, z_y"],
  ["privates", "R² shared, z_l z_a z_v"],
  ["all", "R² shared, all latents"],
  ["mae", "test MAE"],
] as const;

export const experiment: Experiment<Size> = {
  name: "joint",
  full: {
    // Units such that each has between 19,500 and 19,800 parameters.
    encoders: [
      "SparseWordAttention(width = 32, layers = 1, heads = 2)",
      "AveragedWords(width = 32, layers = 1, heads = 2, units = 16)",
      "FusedEncoders(embedding = 32, units = 25)",
      "AveragedEncoders(embedding = 32, units = 28)",
      "SeparateEncoders(embedding = 32, units = 29)",
    ],
    views: { clear: {}, noisy: { viewNoise: 1 }, ironic: { irony: 0.5 } },
    seeds: 3,
    rows: 512,
    epochs: 20,
  },

  async measure({ encoders, views, seeds, rows, epochs }, folder, tell) {
    const measurements: Measurement[] = [];
    for (const [view, options] of Object.entries(views))
      for (let seed = 0; seed < seeds; seed++) {
        // The data of a seed are drawn anew too, hence the paired differences.
        const data = synthesize({ seed, train: rows, unlabelled: rows, valid: 128, test: 512, ...options });
        for (const joint of encoders) {
          const name = `${view}-${joint}-seed-${seed}`;
          const run = await trainSmall({ spec: SPEC, data, seed, epochs, set: { joint }, folder, name });
          const values = valuesOf(run, await measureLatents(run, data));
          measurements.push({ settings: { view, joint, seed }, values });
          const told = COLUMNS.map(([key, title]) => `${title} ${values[key]?.toFixed(3)}`).join(", ");
          tell(`${view}, ${joint}, seed ${seed}: ${told}`);
        }
      }
    return measurements;
  },

  files: (measurements) => ({
    "table.md": tableOf(measurements),
    "shared.svg": pictureOf(measurements),
  }),
};

function valuesOf(run: Run, latents: Disentanglement): Measurement["values"] {
  const meanOf = (values: readonly Value[]) =>
    numberOf(values.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0) / values.length);
  return {
    linear: heldBy(latents, "shared", "z_y", "linear"),
    shared: heldBy(latents, "shared", "z_y"),
    leak: meanOf(["text", "audio", "vision"].map((field) => heldBy(latents, field, "z_y"))),
    privates: meanOf(["z_l", "z_a", "z_v"].map((latent) => heldBy(latents, "shared", latent))),
    all: heldBy(latents, "shared", null),
    mae: run.metrics().test?.metrics.mae ?? null,
  };
}

/** Name of a module without its arguments. */
const nameOf = (joint: string | number) => `${joint}`.replace(/\(.*/, "");

/** What is subtracted from what, at the same seed. Both of each of the first two pairs read the words alike: they differ in whether anything meets before the representation. */
const DIFFERENCES = [
  ["SparseWordAttention", "AveragedWords"],
  ["FusedEncoders", "AveragedEncoders"],
  ["SparseWordAttention", "AveragedEncoders"],
  ["SeparateEncoders", "AveragedEncoders"],
] as const;

/** A row of every encoder, then the differences. */
function tableOf(measurements: readonly Measurement[]): string {
  const views = settingsOf(measurements, "view");
  const encoders = settingsOf(measurements, "joint");
  const header = COLUMNS.map(([, title]) => title);
  const of = (view: string | number, name: string, key: string) => {
    const joint = encoders.find((encoder) => nameOf(encoder) === name) ?? "";
    return select(measurements, { view, joint }, key);
  };
  const difference = (view: string | number, [one, other]: (typeof DIFFERENCES)[number], key: string) => {
    const others = of(view, other, key);
    return of(view, one, key).map((value, seed) => {
      const compared = others[seed] ?? null;
      return value === null || compared === null ? null : value - compared;
    });
  };
  const means = views.flatMap((view) =>
    encoders.map((joint) => [
      `${view}`,
      `\`${joint}\``,
      ...COLUMNS.map(([key]) => plusMinus(select(measurements, { view, joint }, key))),
    ]),
  );
  const differences = views.flatMap((view) =>
    DIFFERENCES.map((pair) => [
      `${view}`,
      pair.map((name) => `\`${name}\``).join(" − "),
      ...COLUMNS.map(([key]) => plusMinus(difference(view, pair, key))),
    ]),
  );
  const second = markdown(["views", "difference at the same seed", ...header], differences);
  return `${markdown(["views", "`joint`", ...header], means)}\n${second}`;
}

/** Five names of full length do not fit below a panel. */
const SHORT: Readonly<Record<string, string>> = {
  SparseWordAttention: "Sparse",
  AveragedWords: "Words",
  FusedEncoders: "Fused",
  AveragedEncoders: "Mean",
  SeparateEncoders: "Apart",
};

/** For each way of showing the factors: every seed as a point, the mean with its spread beside them. */
function pictureOf(measurements: readonly Measurement[]): string {
  const encoders = settingsOf(measurements, "joint");
  const keys = ["shared", "leak", "mae"] as const;
  const panels = settingsOf(measurements, "view").flatMap((view) =>
    keys.map((key) => ({
      title: `${COLUMNS.find(([name]) => name === key)?.[1] ?? key}, ${view}`,
      labels: { x: "", y: key === "mae" ? "test MAE" : "R²" },
      names: encoders.map((joint) => SHORT[nameOf(joint)] ?? ""),
      series: encoders.map((joint, index) => {
        const values = select(measurements, { view, joint }, key);
        const { mean, deviation } = spreadOf(values);
        return {
          name: nameOf(joint),
          line: "none" as const,
          points: [
            ...values.map((value) => ({ x: index - 0.15, y: value ?? Number.NaN })),
            { x: index + 0.1, y: mean, spread: deviation },
          ],
        };
      }),
    })),
  );
  return figure(panels, keys.length);
}

if (isProgram(import.meta.url)) await main(experiment);
