/** The syntax tree of `train` declarations: phases, what they move, and how often. */
import type { Span } from "../diagnostics/source.ts";
import type { Call, CallArgument, Documented, Expression, Identifier } from "./ast.ts";

/** `train Mird { batch 48 labelled + 96 unlabelled  phase …  epochs 100  … }`, or `train Small with { epochs 10 }` */
export interface TrainDecl extends Documented {
  readonly kind: "train";
  readonly model: Identifier;
  /** Written with `with`: changes to the training of the model that this one varies. */
  readonly changes: boolean;
  readonly members: readonly TrainMember[];
}

export type TrainMember =
  | {
      readonly kind: "batch";
      readonly labelled: Expression;
      readonly unlabelled: Expression | null;
      readonly span: Span;
    }
  | { readonly kind: "epochs"; readonly count: Expression; readonly span: Span }
  /** `select min valid.mae` */
  | {
      readonly kind: "select";
      readonly direction: "min" | "max";
      readonly split: Identifier;
      readonly metric: Identifier;
      readonly span: Span;
    }
  | { readonly kind: "patience"; readonly count: Expression; readonly span: Span }
  | { readonly kind: "report"; readonly metrics: readonly Identifier[]; readonly span: Span }
  | Load
  | Phase;

/** What parameters start from: a checkpoint that the command line names, or the word vectors of a field. */
export interface Load {
  readonly kind: "load";
  readonly from:
    | { readonly kind: "checkpoint"; readonly name: Identifier; readonly weights: Identifier }
    | { readonly kind: "vectors"; readonly field: Identifier };
  readonly into: readonly SelectionPath[];
  readonly span: Span;
}

export interface Phase {
  readonly kind: "phase";
  readonly doc: string;
  readonly name: Identifier;
  readonly members: readonly PhaseMember[];
  readonly span: Span;
}

export type PhaseMember =
  | { readonly kind: "minimize" | "maximize"; readonly value: Expression; readonly span: Span }
  | { readonly kind: "updates"; readonly selection: Selection; readonly span: Span }
  /** `with AdamW(lr = 1e-3, weight_decay = 0.01)` */
  | { readonly kind: "with"; readonly optimizer: Call; readonly span: Span }
  /** `group z_l, joint.embedding (lr = 1e-5, weight_decay = 0)` */
  | {
      readonly kind: "group";
      readonly selection: Selection;
      readonly settings: readonly CallArgument[];
      readonly span: Span;
    }
  | { readonly kind: "repeat"; readonly count: Expression; readonly span: Span }
  /** `schedule warmup_linear(warmup = 0.1)` */
  | { readonly kind: "schedule"; readonly schedule: Call; readonly span: Span }
  /** `clip norm 1.0` or `clip value 0.8` */
  | { readonly kind: "clip"; readonly by: "norm" | "value"; readonly limit: Expression; readonly span: Span };

/** `all`, `all except penalty`, `z_l, joint.embedding` */
export interface Selection {
  readonly all: boolean;
  readonly include: readonly SelectionPath[];
  readonly except: readonly SelectionPath[];
  readonly span: Span;
}

/** `joint.embedding` */
export interface SelectionPath {
  readonly parts: readonly Identifier[];
  readonly span: Span;
}
