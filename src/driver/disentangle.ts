/**
 * How far the latents of a model are taken apart: dependence of every pair by statistics that training did not optimise, and, where the dataset knows the
 * factors behind its rows, what every latent tells about every factor. Nothing is printed here.
 */
import { hash32 } from "../base/hash.ts";
import { at } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";
import type { Disentanglement, LatentFacts, PairDependence } from "../report/disentanglement.ts";
import {
  distanceSimilarity,
  gaussianSimilarity,
  linearSimilarity,
  permutationPValue,
  permutationsOf,
  similarityCorrelation,
} from "../statistics/centred-correlation.ts";
import { fitStandardiser, standardise, standardised } from "../statistics/matrix.ts";
import { nearestNeighbourInformation } from "../statistics/mutual-information.ts";
import { principalComponents } from "../statistics/principal-components.ts";
import type { Critics } from "./critic.ts";
import type { LatentSample } from "./latents.ts";

/** Leading components behind the nearest-neighbour estimate, which fails in many dimensions. */
const COMPONENTS = 3;

export interface PairRequest {
  readonly latents: readonly LatentSample[];
  readonly permutations: number;
  readonly seed: number;
  /** Null: none are trained. */
  readonly critics: Critics | null;
  readonly signal?: AbortSignal;
}

/** A random stream of a purpose, for this seed. */
export function streamOf(seed: number, purpose: string): RandomStream {
  return new RandomStream(seed, hash32(`disentangle/${purpose}`));
}

/** Dependence of every pair of latents on the test rows. */
export async function latentDependence(
  request: PairRequest,
): Promise<Pick<Disentanglement, "latents" | "pairs">> {
  const { latents, permutations, seed, critics } = request;
  const prepared = latents.map(prepareLatent);
  const rows = at(latents, 0).test.rows;
  const orders = permutationsOf(rows, permutations, (index) => streamOf(seed, `permutation/${index}`));
  const pairs: PairDependence[] = [];
  for (const [index, second] of prepared.entries())
    for (const first of prepared.slice(0, index)) {
      if (request.signal?.aborted === true) return { latents: prepared.map(({ facts }) => facts), pairs };
      const names = { first: first.facts.name, second: second.facts.name };
      const varies = first.facts.varying > 0 && second.facts.varying > 0;
      pairs.push({
        ...names,
        ...(varies ? dependence(first, second, orders) : UNDEFINED),
        critic:
          critics === null
            ? null
            : varies
              ? await critics.bound({ x: first.scaled, y: second.scaled })
              : Number.NaN,
      });
    }
  const order = (pair: PairDependence) => latents.findIndex(({ name }) => name === pair.first);
  return { latents: prepared.map(({ facts }) => facts), pairs: pairs.sort((a, b) => order(a) - order(b)) };
}

const { NaN: UNKNOWN } = Number;
const UNDEFINED = {
  linear: UNKNOWN,
  hsic: UNKNOWN,
  hsicP: UNKNOWN,
  dcor: UNKNOWN,
  dcorP: UNKNOWN,
  ksg: UNKNOWN,
};

/** Columns are standardised by the test rows, since HSIC and distances look at their scale; the critic's inputs by the rows it is fitted to. */
function prepareLatent(sample: LatentSample) {
  const scaled = standardised(sample.test);
  const components = principalComponents(scaled, COMPONENTS);
  const fitted = fitStandardiser(sample.fit);
  const share = components.shares.reduce((sum, value) => sum + value, 0);
  const facts: LatentFacts = {
    name: sample.name,
    width: sample.test.columns,
    varying: scaled.columns,
    componentShare: share,
  };
  return {
    facts,
    components: components.scores,
    linear: linearSimilarity(scaled),
    gaussian: gaussianSimilarity(scaled),
    distance: distanceSimilarity(scaled),
    scaled: {
      fit: standardise(sample.fit, fitted),
      choose: standardise(sample.choose, fitted),
      test: standardise(sample.test, fitted),
    },
  };
}

type PreparedLatent = ReturnType<typeof prepareLatent>;

function dependence(a: PreparedLatent, b: PreparedLatent, orders: readonly Uint32Array[]) {
  return {
    linear: similarityCorrelation(a.linear, b.linear),
    hsic: similarityCorrelation(a.gaussian, b.gaussian),
    hsicP: permutationPValue(a.gaussian, b.gaussian, orders),
    dcor: similarityCorrelation(a.distance, b.distance),
    dcorP: permutationPValue(a.distance, b.distance, orders),
    ksg: nearestNeighbourInformation(a.components, b.components),
  };
}
