/** Names that are known in every body without a declaration; whoever defines one of them means something else by it. */
import { dimSymbol, makeSymbol } from "../types/dim.ts";
import type { AxisType } from "../types/tensor-type.ts";
import { axisOf, sameAxis } from "../types/tensor-type.ts";

export type PredefinedName = "Rows" | "training" | "epoch";

/** The number of rows of the dataset: one symbol, so that the axes of all states that have it agree. */
export const DATASET_ROWS = makeSymbol("Rows", null);

const rowsAxis = axisOf(dimSymbol(DATASET_ROWS));

/** Whether an axis is that of the rows of the dataset. */
export function isRowsAxis(axis: AxisType | undefined): boolean {
  return axis !== undefined && sameAxis(axis, rowsAxis);
}

/** What each name means, and what kind of value it is: a size, a flag known at compile time, or a number of the running training. */
export const predefined: ReadonlyMap<
  string,
  { readonly name: PredefinedName; readonly kind: "size" | "flag" | "tensor"; readonly doc: string }
> = new Map(
  (
    [
      [
        "Rows",
        "size",
        "The number of rows of the dataset: the first axis of a state that holds something for each row.",
      ],
      ["training", "flag", "`true` in training, `false` in evaluation."],
      [
        "epoch",
        "tensor",
        "`f32`: the number of the epoch, from 1; in evaluation that of the last epoch that the model was trained in.",
      ],
    ] as const
  ).map(([name, kind, doc]) => [name, { name, kind, doc }]),
);
