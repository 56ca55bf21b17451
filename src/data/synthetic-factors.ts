/** The true factors of a synthetic row, and its label. */
import { hash32 } from "../base/hash.ts";
import { RandomStream } from "../base/random.ts";

interface FactorOptions {
  readonly seed: number;
  readonly sharedFactors: number;
  readonly textFactors: number;
  readonly audioFactors: number;
  readonly visionFactors: number;
  readonly dependence: number;
  readonly viewNoise: number;
  readonly irony: number;
  readonly labelNoise: number;
}

interface RowFactors {
  /** Standard normal. */
  readonly shared: readonly number[];
  /** Mean 0, variance 1 each. */
  readonly privates: {
    readonly text: readonly number[];
    readonly audio: readonly number[];
    readonly vision: readonly number[];
  };
  /** 1 where audio and vision show the shared factors turned round, -1 elsewhere; null where no row is so. */
  readonly irony: number | null;
  /** What the sequences are made from: the shared factors as each modality sees them, then its own. */
  readonly shown: {
    readonly text: readonly number[];
    readonly audio: readonly number[];
    readonly vision: readonly number[];
  };
  /** In [-3, 3]. */
  readonly label: number;
}

export class FactorSource {
  private readonly options: FactorOptions;
  private readonly labelWeights: readonly number[];

  constructor(options: FactorOptions) {
    this.options = options;
    const random = new RandomStream(options.seed, hash32("synthetic/label"));
    // Weights of either sign with sizes from 0.6 to 1.2: every shared factor counts.
    this.labelWeights = Array.from({ length: options.sharedFactors }, (_, index) => {
      const size = 0.6 + 0.6 * random.uniform(2 * index);
      return random.uniform(2 * index + 1) < 0.5 ? -size : size;
    });
  }

  /** The factors of row number `row`, whatever else is drawn. */
  row(row: number): RowFactors {
    const { options } = this;
    const random = new RandomStream(options.seed, hash32(`synthetic/factors/${row}`));
    const shared = Array.from({ length: options.sharedFactors }, (_, index) => random.normal(index));
    let next = options.sharedFactors;
    const privates = (count: number) =>
      Array.from({ length: count }, (_, index) => this.private(shared, index, random.normal(next++)));
    const text = privates(options.textFactors);
    const audio = privates(options.audioFactors);
    const vision = privates(options.visionFactors);
    const noise = options.labelNoise * random.normal(next);
    const label = this.label(shared, [text[0] ?? 0, audio[0] ?? 0, vision[0] ?? 0], noise);
    // Of a stream of its own: with or without views, the factors are the same.
    const seen = new RandomStream(options.seed, hash32(`synthetic/views/${row}`));
    const irony = options.irony === 0 ? null : seen.uniform(0) < options.irony ? 1 : -1;
    const turn = irony === 1 ? -1 : 1;
    const view = (modality: number, sign: number) => {
      const first = 1 + modality * options.sharedFactors;
      return shared.map((value, index) => this.view(sign * value, seen.normal(first + index)));
    };
    const shown = {
      text: [...view(0, 1), ...text, ...(irony === null ? [] : [irony])],
      audio: [...view(1, turn), ...audio],
      vision: [...view(2, turn), ...vision],
    };
    return { shared, privates: { text, audio, vision }, irony, shown, label };
  }

  /** A shared factor as a modality sees it: with noise, at deviation 1 again. */
  private view(value: number, noise: number): number {
    const { viewNoise } = this.options;
    return (value + viewNoise * noise) / Math.sqrt(1 + viewNoise * viewNoise);
  }

  /**
   * sqrt(d) (s² − 1) / sqrt(2) + sqrt(1 − d) noise: mean 0, variance 1, and uncorrelated with every shared factor,
   * since the third moment of a normal variable is 0.
   */
  private private(shared: readonly number[], index: number, noise: number): number {
    const { dependence } = this.options;
    const source = shared[index % shared.length] ?? 0;
    return (Math.sqrt(dependence) * (source * source - 1)) / Math.SQRT2 + Math.sqrt(1 - dependence) * noise;
  }

  /** 3 tanh of a smooth function: mostly the shared factors, their product, and a little of each modality's first factor. */
  private label(shared: readonly number[], firstPrivates: readonly number[], noise: number): number {
    const linear = shared.reduce((sum, value, index) => sum + value * (this.labelWeights[index] ?? 0), 0);
    const product = (shared[0] ?? 0) * (shared[1] ?? shared[0] ?? 0);
    const own = firstPrivates.reduce((sum, value) => sum + Math.sin(value), 0);
    const score = (linear + 0.25 * Math.sin(product) + 0.25 * own) / Math.sqrt(shared.length + 0.2);
    return Math.max(-3, Math.min(3, 3 * Math.tanh(score) + noise));
  }
}
