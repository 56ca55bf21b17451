/** Counts of (true class, predicted class) and the F1 scores that follow from them. */
import { at } from "../base/invariant.ts";

interface Classes {
  readonly predicted: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
}

/** `matrix[t][p]`: rows of true class t that were predicted as p; as many classes as occur, or `classes` if that is more. */
export function confusionMatrix({ predicted, truth }: Classes, classes = 0): number[][] {
  let count = classes;
  for (let row = 0; row < truth.length; row++)
    count = Math.max(count, at(truth, row) + 1, at(predicted, row) + 1);
  const matrix = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let row = 0; row < truth.length; row++) {
    const line = at(matrix, at(truth, row));
    line[at(predicted, row)] = at(line, at(predicted, row)) + 1;
  }
  return matrix;
}

/** Counts of a split with the names of the classes. */
export interface Confusion {
  readonly classes: readonly string[];
  /** `counts[t][p]`: rows of class t that were predicted as p. */
  readonly counts: readonly (readonly number[])[];
}

/** The confusions with the names of the classes; a class without a name is called after its number. */
export function namedConfusion(pairs: Classes, names: readonly string[]): Confusion {
  const counts = confusionMatrix(pairs, names.length);
  return { classes: counts.map((_, index) => names[index] ?? `class ${index}`), counts };
}

interface ClassScore {
  readonly f1: number;
  readonly trueCount: number;
  readonly predictedCount: number;
}

/** F1 of each class: 2 TP / (true count + predicted count), 0 where both are 0. */
export function classF1(matrix: readonly (readonly number[])[]): ClassScore[] {
  return matrix.map((line, index) => {
    const trueCount = line.reduce((sum, count) => sum + count, 0);
    const predictedCount = matrix.reduce((sum, other) => sum + at(other, index), 0);
    const hits = at(line, index);
    return { f1: hits === 0 ? 0 : (2 * hits) / (trueCount + predictedCount), trueCount, predictedCount };
  });
}

/** F1 of each class averaged by its true count; NaN without rows. */
export function weightedF1(classes: Classes): number {
  const scores = classF1(confusionMatrix(classes));
  return scores.reduce((sum, { f1, trueCount }) => sum + f1 * trueCount, 0) / classes.truth.length;
}
