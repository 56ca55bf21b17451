/** Pairs of Gaussian vectors whose mutual information is known: what an estimator should find. Everything follows from the seed. */
import { hash32 } from "../base/hash.ts";
import { RandomStream } from "../base/random.ts";
import { DataProblems } from "./problem.ts";
import type { Dataset, FieldSpec, Split } from "./schema.ts";
import { emptyField } from "./schema.ts";

export interface GaussianPairsOptions {
  readonly seed: number;
  readonly train: number;
  readonly valid: number;
  readonly test: number;
  /** Numbers of x, and of y. */
  readonly width: number;
  /** Of every number of x with the number of y at the same place, from -1 to 1 without the ends. */
  readonly correlation: number;
}

export const GAUSSIAN_DEFAULTS: GaussianPairsOptions = {
  seed: 0,
  train: 8192,
  valid: 1024,
  test: 4096,
  width: 4,
  correlation: 0.6,
};

/** I(x; y) in nats of `width` independent pairs of normal numbers: −(width / 2) ln(1 − correlation²). */
export function gaussianInformation(width: number, correlation: number): number {
  return (-width / 2) * Math.log1p(-(correlation ** 2));
}

/**
 * A dataset with the vector fields `x` and `y`: standard normal numbers, independent but for `correlation` between the numbers at one place. A row depends on
 * the seed and its number alone, so that more training rows leave the first ones as they were. Impossible options are a UserError.
 */
export function gaussianPairs(given: Partial<GaussianPairsOptions> = {}, command = ""): Dataset {
  const options = { ...GAUSSIAN_DEFAULTS, ...given };
  checkOptions(options);
  const fields: FieldSpec[] = ["x", "y"].map((name) => ({
    name,
    kind: "vector",
    width: options.width,
    maxLength: 1,
  }));
  const splits = ["train", "valid", "test"] as const;
  return {
    name: "gaussian",
    fields,
    label: null,
    splits: Object.fromEntries(splits.map((name) => [name, makeSplit(options, fields, name)])),
    scaling: {},
    provenance: { command, sources: [], options },
    cleaned: [],
  };
}

function makeSplit(
  { seed, width, correlation, ...rows }: GaussianPairsOptions,
  specs: readonly FieldSpec[],
  name: "train" | "valid" | "test",
): Split {
  const count = rows[name];
  const [x, y] = specs.map((spec) => emptyField(spec, count));
  const random = new RandomStream(seed, hash32(`gaussian/${name}`));
  const rest = Math.sqrt(1 - correlation ** 2);
  for (let index = 0; index < count * width; index++) {
    const value = random.normal(2 * index);
    x?.data.fill(value, index, index + 1);
    y?.data.fill(correlation * value + rest * random.normal(2 * index + 1), index, index + 1);
  }
  const fields = [x, y].flatMap((field) => (field === undefined ? [] : [field]));
  for (const { present } of fields) present.fill(1);
  const ids = Array.from({ length: count }, (_, row) => `${name}_${row}`);
  return { name, rows: count, ids, fields: new Map(fields.map((field) => [field.spec.name, field])) };
}

function checkOptions(options: GaussianPairsOptions): void {
  const problems = new DataProblems();
  const refuse = (name: keyof GaussianPairsOptions, expected: string) => {
    const place = { file: "gaussian pairs", within: [`option "${name}"`] };
    problems.add("data-value", place, `\`${name}\` is ${options[name]}; it must be ${expected}.`);
  };
  const whole = (least: number, most: number, names: readonly (keyof GaussianPairsOptions)[]) => {
    for (const name of names)
      if (!Number.isInteger(options[name]) || options[name] < least || options[name] > most)
        refuse(name, `a whole number from ${least} to ${most}`);
  };
  whole(0, 2 ** 32 - 1, ["seed"]);
  whole(1, 1e7, ["train", "valid", "test"]);
  whole(1, 4096, ["width"]);
  if (!(Math.abs(options.correlation) < 1)) refuse("correlation", "a number between -1 and 1");
  problems.throwIfAny();
}
