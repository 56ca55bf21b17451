/** The numbers of an update that change from step to step: the learning rate's factor and Adam's bias corrections. */
import { invariant } from "../base/invariant.ts";
import type { UpdateSchedule } from "./compiled.ts";

/** Course of the learning rate over all updates of a phase; `warmup` is the share of them in which it rises. */
export type RateSchedule =
  | { readonly kind: "constant" }
  | { readonly kind: "warmup_linear"; readonly warmup: number }
  | { readonly kind: "cosine"; readonly warmup: number };

/** Updates in which the rate rises. The small subtraction keeps 0.1 * 30 from becoming 4 by rounding. */
export function warmupSteps(share: number, total: number): number {
  return Math.max(0, Math.ceil(share * total - 1e-9));
}

/**
 * Factor of the learning rate at update `step` = 0, 1, … of `total`. Warm-up rises from 0 (so the first update moves nothing but the moments);
 * then `warmup_linear` falls in a straight line, `cosine` in half a wave, to 0 at `total`.
 */
export function rateFactor(schedule: RateSchedule, step: number, total: number): number {
  invariant(step >= 0, "updates are counted from 0");
  if (schedule.kind === "constant") return 1;
  const warmup = warmupSteps(schedule.warmup, total);
  if (step < warmup) return step / warmup;
  if (step >= total) return 0;
  const left = (total - step) / (total - warmup);
  return schedule.kind === "warmup_linear" ? left : (1 - Math.cos(Math.PI * left)) / 2;
}

/** What an update step is scaled by to undo the start of a moving average at 0: 1 / (1 - beta^t), t = 1, 2, …; 1 without an average. */
export function biasCorrection(beta: number, t: number): number {
  return 1 / (1 - beta ** t);
}

interface ScheduleValues {
  readonly updates: readonly UpdateSchedule[];
  /** Schedule of a phase; phases that are not in the map have a constant rate. */
  readonly schedules: ReadonlyMap<string, RateSchedule>;
  /** Iterations of the whole run. */
  readonly iterations: number;
}

/** The contents of the arena `schedule` at an iteration (counted from 0). */
export function scheduleArena(values: ScheduleValues, iteration: number): Float32Array<ArrayBuffer> {
  const size = values.updates.reduce((most, update) => Math.max(most, update.offset + 3), 0);
  const arena = new Float32Array(size);
  for (const { phase, repeat, repeats, offset, beta1, beta2 } of values.updates) {
    const step = iteration * repeats + repeat;
    const schedule = values.schedules.get(phase) ?? { kind: "constant" };
    arena[offset] = rateFactor(schedule, step, values.iterations * repeats);
    arena[offset + 1] = biasCorrection(beta1, step + 1);
    arena[offset + 2] = biasCorrection(beta2, step + 1);
  }
  return arena;
}
