/** What a `train` block says about a run. */
import type { CheckedTrain } from "../check/checked.ts";
import type { RateSchedule } from "./schedule.ts";

export interface TrainSettings {
  readonly epochs: number;
  /** Metric or loss of the validation split by which the best epoch is chosen; null: the last epoch. */
  readonly selection: { readonly direction: "min" | "max"; readonly metric: string } | null;
  /** Epochs without a better value after which training ends; null: never. */
  readonly patience: number | null;
  /** Metrics that the tables show, in this order. */
  readonly report: readonly string[];
  /** Learning-rate schedule of each phase; constant where there is none. */
  readonly schedules: ReadonlyMap<string, RateSchedule>;
}

/** The settings of a train block; `epochs` replaces its own number. */
export function trainSettings(train: CheckedTrain, epochs: number | null): TrainSettings {
  const { select: selection, patience, report } = train;
  const schedules = new Map(train.phases.map(({ name, schedule }) => [name, schedule]));
  return { epochs: epochs ?? train.epochs, selection, patience, report, schedules };
}
