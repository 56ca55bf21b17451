/** Golden cases with procedures of their own: metrics, optimisers, whole models. */
import type { Entry } from "../entry.ts";
import { runMetricsCase } from "../procedures/metrics.ts";
import { runTinyCase, runTrajectoryCase } from "../procedures/mird.ts";
import { runOptimizerCase, runScheduleCase } from "../procedures/optimizers.ts";

export const procedureEntries: readonly Entry[] = [
  { kind: "procedure", cases: /^metrics\//, run: runMetricsCase },
  { kind: "procedure", cases: /^optimizers\/schedule_/, run: runScheduleCase },
  { kind: "procedure", cases: /^optimizers\//, run: runOptimizerCase },
  { kind: "procedure", cases: /^mird\/tiny(_ragged)?$/, run: runTinyCase },
  { kind: "procedure", cases: /^mird\/tiny_train$/, run: runTrajectoryCase },
];
