/** The result of checking: what the elaborator and the training loop start from. */
import type { Source, Span } from "../diagnostics/source.ts";
import type { Expression, ModelDecl, ModelMember, WeightsDecl } from "../syntax/ast.ts";
import type { Selection, SelectionPath } from "../syntax/ast-train.ts";
import type { Definition, FileScope } from "./scope.ts";
import type { OptimizerKind, ScheduleKind } from "./training-table.ts";
import type { ValueType } from "./values.ts";

/** A setting given from outside: `--set penalty=Orthogonal`. */
export interface CommandLineOverride {
  readonly name: string;
  readonly value: Expression;
  readonly source: Source;
}

export interface CheckOptions {
  /** The model that is trained; the first one when left out. */
  readonly model?: string;
  readonly overrides: readonly CommandLineOverride[];
}

export interface CheckedProgram {
  /** The entry file. */
  readonly scope: FileScope;
  /** Models and variants that the entry file declares, in source order. */
  readonly models: readonly CheckedModel[];
  /** The model that `--model` names, or the first one; null when there is none. */
  readonly chosen: CheckedModel | null;
  /** Types of statements, members and outputs, by their nodes. */
  readonly types: ReadonlyMap<object, ValueType>;
  /** Result types of functions and of methods, by their signatures. */
  readonly results: ReadonlyMap<object, ValueType>;
}

export interface CheckedModel {
  readonly name: string;
  /** The model at the end of the chain of variants, with what they add. */
  readonly declaration: ModelDecl;
  readonly scope: FileScope;
  /** The files of members that variants have added; all others stand in that of the model. */
  readonly homes: ReadonlyMap<ModelMember, FileScope>;
  /** Settings and slots with other values; the scope is that of the file where the value is written. */
  readonly overrides: ReadonlyMap<string, Override>;
  /** Null when no train block belongs to the model; a variant without its own has its base's. */
  readonly train: CheckedTrain | null;
}

export interface Override {
  readonly value: Expression;
  readonly scope: FileScope;
  /** The variant that gives the value, and where; null where the command line does. */
  readonly variant: { readonly name: string; readonly span: Span } | null;
}

/** A train block with numbers for everything. */
export interface CheckedTrain {
  readonly batch: { readonly labelled: number; readonly unlabelled: number };
  readonly phases: readonly CheckedPhase[];
  readonly epochs: number;
  /** Null: the last epoch is kept. `metric` is a metric or a loss of the model. */
  readonly select: { readonly direction: "min" | "max"; readonly metric: string } | null;
  /** Epochs without improvement after which training ends; null: never early. */
  readonly patience: number | null;
  readonly report: readonly string[];
  readonly loads: readonly CheckedLoad[];
}

/** What some parameters start from instead of drawn numbers. */
export interface CheckedLoad {
  readonly from: /** A folder that `--pretrained NAME=DIR` names, read by a table of weights. */
    | { readonly kind: "checkpoint"; readonly name: string; readonly weights: Definition<WeightsDecl> }
    /** The word vectors that the dataset has for an input. */
    | { readonly kind: "vectors"; readonly field: string };
  /** Instances (checkpoint) or parameters (vectors). */
  readonly into: readonly SelectionPath[];
  readonly span: Expression["span"];
}

export type OptimizerSettings = Readonly<Record<string, number | boolean | string>>;

export interface CheckedPhase {
  readonly name: string;
  /** 1 where the objective is minimised, -1 where it is maximised. */
  readonly sign: 1 | -1;
  readonly objective: Expression;
  /** The file in which the objective is written. */
  readonly scope: FileScope;
  readonly updates: Selection;
  readonly optimizer: { readonly kind: OptimizerKind; readonly settings: OptimizerSettings };
  /** Settings that differ for some parameters; the first group that selects a parameter decides. */
  readonly groups: readonly { readonly selection: Selection; readonly settings: OptimizerSettings }[];
  readonly repeat: number;
  readonly schedule: { readonly kind: ScheduleKind; readonly warmup: number };
  readonly clip: { readonly by: "norm" | "value"; readonly limit: number } | null;
  readonly span: Expression["span"];
}
