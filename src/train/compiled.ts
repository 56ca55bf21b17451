/** What a model looks like once it is compiled for training and evaluation: the contract between the compiler driver and the training loop. */
import type { Initialiser } from "../elaborate/elaboration.ts";
import type { Program } from "../ir/program.ts";

import type { LabelKind } from "../statistics/metrics.ts";

/** One tensor that is trained, or kept as a state: a range of the arena `parameters` (f32). */
export interface ParameterEntry {
  /** Path in the spec, the name in checkpoints: `z_l.embedding.weight`. */
  readonly path: string;
  readonly shape: readonly number[];
  /** First element in the arena. */
  readonly offset: number;
  readonly initialiser: Initialiser;
  /** Optimisers move parameters; states become what the spec says. */
  readonly kind: "param" | "state";
  /** Its first axis counts the rows of the dataset. */
  readonly perRow: boolean;
}

/** Where a phase keeps its optimiser state; arenas hold f32. */
export interface OptimizerState {
  readonly phase: string;
  /** `parameters`-shaped moments: arena names `moment1.PHASE`, `moment2.PHASE`, one element for each of the phase's parameter elements. */
  readonly arenas: readonly { readonly name: string; readonly elements: number }[];
}

/** A field of the dataset as a program reads it: rows of all splits behind one another, or of one batch where the model is streamed. */
export interface DataArena {
  readonly field: string;
  /** `data.FIELD`: values; `length.FIELD`: i32 lengths; `present.FIELD`: i32 0/1. */
  readonly arena: string;
  readonly content: "values" | "lengths" | "present";
  readonly dtype: "f32" | "i32";
  /** Elements per row. */
  readonly rowElements: number;
}

/**
 * The scalars that change from step to step. Arena `random`: i32 (seed, iteration). Arena `epoch`: f32, from 1. Arena `schedule`: f32, for every update segment in program
 * order three numbers at `offset`: rate factor of the schedule, 1 / (1 - beta1^t), 1 / (1 - beta2^t).
 */
export interface UpdateSchedule {
  readonly phase: string;
  readonly repeat: number;
  readonly repeats: number;
  readonly offset: number;
  readonly beta1: number;
  readonly beta2: number;
}

/** A scalar written to the arena `losses` in every iteration (or evaluation batch). */
export interface RecordedLoss {
  /** `task`, `mi`, `mi[z_l,z_a]`, `estimators.objective`. */
  readonly name: string;
  readonly offset: number;
}

/** A tensor written to the arena `outputs` by the evaluation program: one row per row of the evaluation batch. */
export interface RecordedOutput {
  readonly name: string;
  readonly offset: number;
  readonly rowElements: number;
  readonly predicts: string | null;
  /** Fields of the dataset without which a row has no such output. */
  readonly needs: readonly string[];
}

/** What is run on a device, and what it reads of the dataset. */
export interface CompiledProgram {
  readonly program: Program;
  /** The fields of the dataset that it reads. */
  readonly data: readonly DataArena[];
}

/** One iteration of training: all phases, their optimisers included. */
export interface CompiledIteration extends CompiledProgram {
  readonly updates: readonly UpdateSchedule[];
  readonly losses: readonly RecordedLoss[];
}

/** One batch that is evaluated: no gradients, no dropout. */
export interface CompiledEvaluation extends CompiledProgram {
  /** Of a batch. */
  readonly rows: number;
  /** Besides each loss, `weight` is the offset of the number of rows that it averages over. */
  readonly losses: readonly (RecordedLoss & { readonly weight: number })[];
  readonly outputs: readonly RecordedOutput[];
}

/** What both programs agree about. */
export interface ModelLayout {
  readonly name: string;
  /** Sizes by name as they were resolved: settings, data sizes and `B`. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly parameters: readonly ParameterEntry[];
  readonly parameterElements: number;
  readonly optimizerStates: readonly OptimizerState[];
  /** Data arenas hold the rows of one batch, which are brought before every run, instead of the whole dataset. */
  readonly streamed: boolean;
  /** Label name and its kind, when the model has one; a kind of null is compared by no metric. */
  readonly label: { readonly name: string; readonly kind: LabelKind | null } | null;
  /** Rows of the arena `batch` (i32 row numbers, -1 for none): labelled rows first. */
  readonly batch: { readonly labelled: number; readonly unlabelled: number };
}

/** A program is compiled when it is first read: training begins before its evaluation is compiled, and an evaluation needs no gradients. */
export interface CompiledModel extends ModelLayout {
  readonly iteration: CompiledIteration;
  readonly evaluation: CompiledEvaluation;
}
