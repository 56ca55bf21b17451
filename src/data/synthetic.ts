/**
 * Datasets with known truth: every row has shared factors and private factors per modality, from which a text, an
 * audio and a vision sequence are made by fixed random networks. How well a model takes them apart can then be
 * measured, which no real dataset allows. Everything follows from the seed.
 */
import { hash32 } from "../base/hash.ts";
import { RandomStream } from "../base/random.ts";
import { DataProblems } from "./problem.ts";
import { type Dataset, emptyField, type Field, type FieldSpec, rowSize, type Split } from "./schema.ts";
import { FactorSource } from "./synthetic-factors.ts";
import { Mixer } from "./synthetic-mixing.ts";

export interface SyntheticOptions {
  readonly seed: number;
  /** Rows with a label in the training split. */
  readonly train: number;
  /** Further training rows without a label. */
  readonly unlabelled: number;
  readonly valid: number;
  readonly test: number;
  readonly sharedFactors: number;
  readonly textFactors: number;
  readonly audioFactors: number;
  readonly visionFactors: number;
  /**
   * Part of a private factor's variance, from 0 to 1, that is a function of the shared ones: their squares less the
   * mean, which are uncorrelated with them. A penalty on correlation cannot see it; mutual information can.
   */
  readonly dependence: number;
  /**
   * Standard deviation of what each modality adds to the shared factors (of deviation 1) of a row before it shows them: no
   * modality then tells all, and all together tell more.
   */
  readonly viewNoise: number;
  /**
   * Chance, from 0 to 1, that audio and vision show the shared factors of a row with the opposite sign. The text alone
   * says whether, as one more factor: `factor.irony`, 1 or -1. A shared factor is then told by two modalities together.
   */
  readonly irony: number;
  readonly textLength: number;
  readonly audioLength: number;
  readonly visionLength: number;
  readonly audioWidth: number;
  readonly visionWidth: number;
  /** Size of the vocabulary, with `<pad>` and `<unk>`. */
  readonly vocabulary: number;
  /** Standard deviation of the noise on features, which have deviation 1 themselves. */
  readonly featureNoise: number;
  /** Standard deviation of the noise on the label, which lies between -3 and 3. */
  readonly labelNoise: number;
  /** Chance, from 0 to below 1, that a row lacks a modality; one modality is always left. */
  readonly missing: number;
}

/** Sizes that train in a minute or two on two cores. */
export const SYNTHETIC_DEFAULTS: SyntheticOptions = {
  seed: 0,
  train: 384,
  unlabelled: 384,
  valid: 128,
  test: 256,
  sharedFactors: 2,
  textFactors: 2,
  audioFactors: 2,
  visionFactors: 2,
  dependence: 0,
  viewNoise: 0,
  irony: 0,
  textLength: 12,
  audioLength: 20,
  visionLength: 16,
  audioWidth: 12,
  visionWidth: 10,
  vocabulary: 64,
  featureNoise: 0.1,
  labelNoise: 0.2,
  missing: 0,
};

const MODALITIES = ["text", "audio", "vision"] as const;
type Modality = (typeof MODALITIES)[number];

/**
 * Makes a dataset with the fields `text` (tokens), `audio` and `vision` (sequences), `y` (score) and the true factors
 * `factor.shared`, `factor.text`, `factor.audio`, `factor.vision` (vectors), with irony `factor.irony` too. Impossible options are a UserError.
 */
export function synthesize(given: Partial<SyntheticOptions> = {}, command = ""): Dataset {
  const options = { ...SYNTHETIC_DEFAULTS, ...given };
  checkOptions(options);
  const world = new World(options);
  const fields = fieldSpecs(options);
  const splits: Record<string, Split> = {};
  let first = 0;
  for (const [name, labelled, unlabelled] of [
    ["train", options.train, options.unlabelled],
    ["valid", options.valid, 0],
    ["test", options.test, 0],
  ] as const) {
    splits[name] = makeSplit(world, fields, name, { first, labelled, rows: labelled + unlabelled });
    first += labelled + unlabelled;
  }
  return {
    name: "synthetic",
    fields,
    label: "y",
    splits,
    scaling: {},
    provenance: { command, sources: [], options },
    cleaned: [],
  };
}

function checkOptions(options: SyntheticOptions): void {
  const problems = new DataProblems();
  const refuse = (name: keyof SyntheticOptions, expected: string) => {
    const place = { file: "synthetic data", within: [`option "${name}"`] };
    problems.add("data-value", place, `\`${name}\` is ${options[name]}; it must be ${expected}.`);
  };
  const whole = (least: number, most: number, names: readonly (keyof SyntheticOptions)[]) => {
    for (const name of names) {
      const value = options[name];
      if (!Number.isInteger(value) || value < least || value > most)
        refuse(name, `a whole number from ${least} to ${most}`);
    }
  };
  whole(0, 2 ** 32 - 1, ["seed"]);
  whole(1, 1e7, ["train", "valid", "test"]);
  whole(0, 1e7, ["unlabelled"]);
  whole(1, 64, ["sharedFactors", "textFactors", "audioFactors", "visionFactors"]);
  whole(1, 4096, ["textLength", "audioLength", "visionLength", "audioWidth", "visionWidth"]);
  whole(3, 1e6, ["vocabulary"]);
  for (const name of ["dependence", "viewNoise", "irony", "featureNoise", "labelNoise", "missing"] as const) {
    const [most, text] =
      name === "dependence" || name === "irony"
        ? [1, "from 0 to 1"]
        : name === "missing"
          ? [0.99, "from 0 to 0.99"]
          : [100, "from 0 to 100"];
    if (!(options[name] >= 0 && options[name] <= most)) refuse(name, `a number ${text}`);
  }
  problems.throwIfAny();
}

function fieldSpecs(options: SyntheticOptions): FieldSpec[] {
  const vector = (name: string, width: number): FieldSpec => ({
    name: `factor.${name}`,
    kind: "vector",
    width,
    maxLength: 1,
  });
  return [
    {
      name: "text",
      kind: "tokens",
      width: 1,
      maxLength: options.textLength,
      vocabularySize: options.vocabulary,
    },
    { name: "audio", kind: "sequence", width: options.audioWidth, maxLength: options.audioLength },
    { name: "vision", kind: "sequence", width: options.visionWidth, maxLength: options.visionLength },
    { name: "y", kind: "score", width: 1, maxLength: 1 },
    vector("shared", options.sharedFactors),
    vector("text", options.textFactors),
    vector("audio", options.audioFactors),
    vector("vision", options.visionFactors),
    ...(options.irony > 0 ? [{ name: "factor.irony", kind: "score", width: 1, maxLength: 1 } as const] : []),
  ];
}

/** The fixed random functions of one seed: factors to sequences, factors to label. */
class World {
  readonly options: SyntheticOptions;
  readonly factors: FactorSource;
  readonly mixers: Readonly<Record<Modality, Mixer>>;
  constructor(options: SyntheticOptions) {
    this.options = options;
    this.factors = new FactorSource(options);
    const mixer = (modality: Modality, own: number, out: number) =>
      new Mixer(options.seed, modality, options.sharedFactors + own, out);
    this.mixers = {
      // Two ids are reserved for `<pad>` and `<unk>`.
      text: mixer("text", options.textFactors + (options.irony > 0 ? 1 : 0), options.vocabulary - 2),
      audio: mixer("audio", options.audioFactors, options.audioWidth),
      vision: mixer("vision", options.visionFactors, options.visionWidth),
    };
  }
}

function makeSplit(
  world: World,
  specs: readonly FieldSpec[],
  name: string,
  { first, labelled, rows }: { first: number; labelled: number; rows: number },
): Split {
  const fields = new Map(specs.map((spec) => [spec.name, emptyField(spec, rows)]));
  const put = (field: string, row: number, values: ArrayLike<number>, steps: number) => {
    const target = fields.get(field);
    if (target !== undefined) putRow(target, row, values, steps);
  };
  for (let row = 0; row < rows; row++) {
    const factors = world.factors.row(first + row);
    put("factor.shared", row, factors.shared, 1);
    if (factors.irony !== null) put("factor.irony", row, [factors.irony], 1);
    if (row < labelled) put("y", row, [factors.label], 1);
    const random = new RandomStream(world.options.seed, hash32(`synthetic/row/${first + row}`));
    const kept = keptModalities(world.options.missing, random);
    for (const modality of MODALITIES) {
      put(`factor.${modality}`, row, factors.privates[modality], 1);
      if (!kept.includes(modality)) continue;
      const { values, steps } = observe(world, modality, factors.shown[modality], first + row);
      put(modality, row, values, steps);
    }
  }
  const ids = Array.from({ length: rows }, (_, row) => `synthetic_${first + row}`);
  return { name, rows, ids, fields };
}

function putRow(field: Field, row: number, values: ArrayLike<number>, steps: number): void {
  field.data.set(values, row * rowSize(field.spec));
  field.present[row] = 1;
  if (field.lengths !== null) field.lengths[row] = steps;
}

/** The modalities that a row has: each is dropped by chance, but never all. */
function keptModalities(missing: number, random: RandomStream): Modality[] {
  const kept = MODALITIES.filter((_, index) => random.uniform(index) >= missing);
  return kept.length > 0
    ? kept
    : MODALITIES.filter((_, index) => index === Math.floor(3 * random.uniform(3)));
}

/** One modality of one row: a length of its own (from half to all of the maximum), then a value or token per step. */
function observe(
  world: World,
  modality: Modality,
  factors: readonly number[],
  row: number,
): { values: number[]; steps: number } {
  const { options } = world;
  const random = new RandomStream(options.seed, hash32(`synthetic/${modality}/${row}`));
  const longest = { text: options.textLength, audio: options.audioLength, vision: options.visionLength }[
    modality
  ];
  const shortest = Math.ceil(longest / 2);
  const steps = shortest + Math.floor(random.uniform(0) * (longest - shortest + 1));
  const noise = options.featureNoise;
  const values: number[] = [];
  for (let step = 0; step < steps; step++) {
    const time = (step + 0.5) / steps;
    const output = world.mixers[modality].at(factors, time);
    if (modality === "text") values.push(2 + drawSoftmax(output, random.uniform(1 + step)));
    else
      values.push(
        ...output.map((value, column) => value + noise * random.normal(1 + step * output.length + column)),
      );
  }
  return { values, steps };
}

/** An index drawn with probability softmax(sharpness × scores); sharp enough that a text tells about its factors. */
function drawSoftmax(scores: readonly number[], uniform: number): number {
  const sharpness = 3;
  const highest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(sharpness * (score - highest)));
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return weights.length - 1;
}
