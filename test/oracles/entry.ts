/** How a golden case is described: what the tables of cases hold. */
import type { Node } from "../../src/ir/graph.ts";
import type { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { CaseFile } from "./case-file.ts";
import type { Miss } from "./compare.ts";
import type { OracleDevice } from "./devices/device.ts";

/** A tensor of the file that an input of the model reads, when names differ or lengths are needed. */
export interface InputSource {
  /** Name after `in.`. */
  readonly from: string;
  /** Name after `in.` of the lengths i32[B], or of a mask bool[B, T] that says the same. Without it every row is full. */
  readonly lengths?: string;
  /** Rows with this value are absent. */
  readonly absent?: number;
}

/** A case that a model of `specs/` describes. Names of the file stand for the same names in the model unless something else is said. */
export interface ModelEntry {
  readonly kind: "model";
  readonly cases: RegExp;
  /** File in `specs/`, without its ending. */
  readonly spec: string;
  readonly model: string;
  readonly inputs?: Readonly<Record<string, InputSource | string>>;
  /** Names after `param.` (or `in.`, for tensors that do not belong to the batch) as parameter paths. */
  readonly parameter?: (name: string, file: CaseFile) => string;
  /** Sizes of the model that no input shows: an axis of a tensor, or a number. */
  readonly sizes?: Readonly<
    Record<string, readonly [tensor: string, axis: number] | ((file: CaseFile) => number)>
  >;
  /** Numbers and flags of the model from attributes of the file, or as they are. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Names after `out.` as names of the model. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** A case that is built from graph nodes, because the language has no words for it. */
export interface GraphEntry {
  readonly kind: "graph";
  readonly cases: RegExp;
  readonly why: string;
  /** `input` gives the node of a float tensor by its full name (`in.x`); the result holds the outputs by name. */
  readonly build: (
    g: GraphBuilder,
    input: (name: string) => Node,
    file: CaseFile,
  ) => Readonly<Record<string, Node>>;
}

/** A case with a procedure of its own. */
export interface ProcedureEntry {
  readonly kind: "procedure";
  readonly cases: RegExp;
  readonly run: (file: CaseFile, device: OracleDevice) => Promise<readonly Miss[]>;
}

export interface SkippedEntry {
  readonly kind: "skipped";
  readonly cases: RegExp;
  readonly why: string;
}

export type Entry = ModelEntry | GraphEntry | ProcedureEntry | SkippedEntry;
