// Do rows without a label tighten the estimate of mutual information and lower the test error where labels are few?
//
//     npx tsx examples/evidence/unlabelled/run.ts
import { join } from "node:path";
import type { Dataset, Run, SplitPrediction } from "mird";
import { datasetFromArrays, figure, predict, synthesize, takeRows, train } from "mird";
import type { Experiment, Measurement, Value } from "../experiment.ts";
import { isProgram, main, markdown, plusMinus, select, settingsOf, spreadOf } from "../experiment.ts";
import { heldBy, meanOverPairs, measureLatents, numberOf, trainSmall } from "../models.ts";

interface Size {
  /** Numbers of labelled rows. */
  readonly labels: readonly number[];
  readonly seeds: number;
  readonly unlabelled: number;
  /** Gradient steps of the model, the same for every number of labels. */
  readonly steps: number;
  readonly test: number;
  /** Rows that no training sees: the estimators are fitted to them anew, and the probes for the true factors. */
  readonly fresh: number;
}

const VARIANTS = "examples/evidence/unlabelled/variants.mird";
/** What rows without a label enter, and the model that says so. */
const USES = {
  nothing: { spec: VARIANTS, model: "LabelledAlone" },
  "mutual information": { spec: VARIANTS, model: "InformationAlone" },
  "all but the task": { spec: "examples/quickstart/quickstart.mird", model: "Quickstart" },
} as const;
type Use = keyof typeof USES;
const ALONE: Use = "nothing";

/** Labelled rows of a batch in training. */
const BATCH = 32;
/** Rows of a batch in evaluation: CLUB compares rows, so that its value depends on it. */
const TOGETHER = 512;
const LATENTS = ["z_y", "z_l", "z_a", "z_v"];

export const experiment: Experiment<Size> = {
  name: "unlabelled",
  full: { labels: [32, 64, 128, 512], seeds: 3, unlabelled: 1024, steps: 320, test: 512, fresh: 1024 },

  async measure({ labels, seeds, unlabelled, steps, test, fresh }, folder, tell) {
    const most = Math.max(...labels);
    // Every seed has labelled rows of its own; the rest is the same for all.
    const world = synthesize({ train: seeds * most + fresh, unlabelled, valid: 128, test });
    const unseen = takeRows(world, { train: numbers(seeds * most, fresh) });
    const measurements: Measurement[] = [];
    for (const count of labels)
      for (const use of Object.keys(USES) as Use[])
        for (let seed = 0; seed < seeds; seed++) {
          const others = use === ALONE ? [] : numbers(seeds * most + fresh, unlabelled);
          const data = takeRows(world, { train: [...numbers(seed * most, count), ...others] });
          const epochs = steps / Math.ceil(count / BATCH);
          const name = `labels-${count}-${use}-seed-${seed}`;
          const run = await trainSmall({ data, seed, epochs, ...USES[use], folder, name });
          const values = await valuesOf(run, { data, unseen, seed });
          measurements.push({ settings: { labels: count, use, seed }, values });
          const told = Object.entries(values).map(([key, value]) => `${key} ${value?.toFixed(3)}`);
          tell(`${count} labels, unlabelled rows in ${use}, seed ${seed}: ${told.join(", ")}`);
        }
    return measurements;
  },

  files: (measurements) => ({ "table.md": tableOf(measurements), "unlabelled.svg": pictureOf(measurements) }),
};

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

interface Given {
  /** Of the run. */
  readonly data: Dataset;
  /** With other training rows. */
  readonly unseen: Dataset;
  readonly seed: number;
}

/** What is measured. Except for the error of the selected epoch, it is of the model after the last step. */
async function valuesOf(run: Run, { data, unseen, seed }: Given): Promise<Measurement["values"]> {
  const parameters = join(run.folder, "checkpoints", "last.safetensors");
  const last = { parameters, batch: TOGETHER, device: "cpu" } as const;
  const own = await predict(run, { ...last, data, splits: ["train", "test"] });
  const fresh = await predict(run, { ...last, data: unseen, splits: ["train"] });
  const latents = await measureLatents(run, unseen, parameters);
  const again = await refitted(run, { train: fresh.get("train"), test: own.get("test"), seed });
  const [train, test] = [own.get("train")?.losses, own.get("test")?.losses];
  return {
    selected: run.metrics().test?.metrics.mae ?? null,
    last: numberOf(own.get("test")?.metrics.get("mae") ?? Number.NaN),
    train: lossOf(train, "mi"),
    test: lossOf(test, "mi"),
    refitted: lossOf(again, "mi"),
    // `fit` is twice a negative log-likelihood.
    excess: numberOf(((lossOf(test, "fit") ?? Number.NaN) - (lossOf(again, "fit") ?? Number.NaN)) / 2),
    hsic: meanOverPairs(latents, "hsic"),
    ksg: meanOverPairs(latents, "ksg"),
    shared: heldBy(latents, "shared", "z_y"),
  };
}

type Losses = SplitPrediction["losses"] | undefined;

function lossOf(losses: Losses, name: string): Value {
  return numberOf(losses?.get(name) ?? Number.NaN);
}

interface Refit {
  readonly train: SplitPrediction | undefined;
  readonly test: SplitPrediction | undefined;
  readonly seed: number;
}

/** What the estimators say about the test rows once they are fitted to the latents of many other rows. */
async function refitted(run: Run, { train: fresh, test, seed }: Refit): Promise<Losses> {
  const width = fresh?.outputs.get("z_y")?.width ?? 0;
  const rowsOf = (split: SplitPrediction | undefined) =>
    Object.fromEntries(
      LATENTS.map((name) => {
        const values = split?.outputs.get(name)?.values ?? new Float32Array();
        const row = (index: number) => values.subarray(index * width, (index + 1) * width);
        return [name, numbers(0, split?.rows ?? 0).map(row)];
      }),
    );
  const data = datasetFromArrays({
    fields: Object.fromEntries(LATENTS.map((name) => [name, { kind: "vector", width }])),
    splits: { train: rowsOf(fresh), test: rowsOf(test) },
  });
  const spec = "examples/evidence/unlabelled/refit.mird";
  const again = await train({ spec, data, seed, device: "cpu", out: `${run.folder}-refit`, force: true });
  const judged = await predict(again, { data, splits: ["test"], batch: TOGETHER, device: "cpu" });
  return judged.get("test")?.losses;
}

/** What was measured with one number of labels and one use of the others: a value for every seed. */
type Cell = ReturnType<typeof cellOf>;

function cellOf(measurements: readonly Measurement[], labels: string | number, use: string | number) {
  const values = (key: string) =>
    select(measurements, { labels, use }, key).map((value) => value ?? Number.NaN);
  return {
    selected: values("selected"),
    last: values("last"),
    train: values("train"),
    test: values("test"),
    refitted: values("refitted"),
    excess: values("excess"),
    hsic: values("hsic"),
    ksg: values("ksg"),
    shared: values("shared"),
  };
}

/** Seed by seed. */
function less(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, seed) => value - (others[seed] ?? Number.NaN));
}

/** `alone`: the same without unlabelled rows. */
const COLUMNS: readonly (readonly [title: string, of: (cell: Cell, alone: Cell) => readonly number[]])[] = [
  ["test MAE, selected epoch", ({ selected }) => selected],
  ["less that alone", ({ selected }, alone) => less(selected, alone.selected)],
  ["test MAE, last step", ({ last }) => last],
  ["less that alone", ({ last }, alone) => less(last, alone.last)],
  ["MI, training rows", ({ train }) => train],
  ["MI, test rows", ({ test }) => test],
  ["training less test", ({ train, test }) => less(train, test)],
  ["MI, refitted", ({ refitted }) => refitted],
  ["excess (nats)", ({ excess }) => excess],
  ["nHSIC", ({ hsic }) => hsic],
  ["KSG (nats)", ({ ksg }) => ksg],
  ["R² shared, `z_y`", ({ shared }) => shared],
];

function tableOf(measurements: readonly Measurement[]): string {
  return markdown(
    ["labels", "unlabelled rows in", ...COLUMNS.map(([title]) => title)],
    settingsOf(measurements, "labels").flatMap((labels) => {
      const alone = cellOf(measurements, labels, ALONE);
      return settingsOf(measurements, "use").map((use) => {
        const cell = cellOf(measurements, labels, use);
        const shown = COLUMNS.map(([title, of]) =>
          use === ALONE && title === "less that alone" ? "" : plusMinus(of(cell, alone)),
        );
        return [`${labels}`, `${use}`, ...shown];
      });
    }),
  );
}

/** Over the number of labels: the test error, how much more the estimators say on training rows, how far they lag behind. */
function pictureOf(measurements: readonly Measurement[]): string {
  const labels = settingsOf(measurements, "labels");
  const panel = (title: string, y: string, of: (cell: Cell) => readonly number[]) => ({
    title,
    labels: { x: "labelled rows", y },
    names: labels.map(String),
    series: settingsOf(measurements, "use").map((use) => ({
      name: `unlabelled rows in ${use}`,
      points: labels.map((count, x) => {
        const { mean, deviation } = spreadOf(of(cellOf(measurements, count, use)));
        return { x, y: mean, spread: deviation };
      }),
    })),
  });
  const panels = [
    panel("test error, selected epoch", "MAE", ({ selected }) => selected),
    panel("test error, last step", "MAE", ({ last }) => last),
    panel("MI, training rows less test rows", "nats, six pairs", ({ train, test }) => less(train, test)),
    panel("excess of the estimators, test rows", "nats, six pairs", ({ excess }) => excess),
  ];
  return figure(panels, 2);
}

if (isProgram(import.meta.url)) await main(experiment);
