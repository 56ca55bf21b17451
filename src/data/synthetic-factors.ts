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
    return { shared, privates: { text, audio, vision }, label };
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
