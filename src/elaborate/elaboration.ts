/** State shared by the parts of one elaboration, and what it needs from outside. */
import { hash32 } from "../base/hash.ts";
import { at, invariant } from "../base/invariant.ts";
import type { BuildContext, TensorValue } from "../builtins/build-context.ts";
import { DATASET_ROWS } from "../builtins/predefined.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import { substitute } from "../ir/substitute.ts";
import type { Call, Expression, ModuleDecl } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import type { Scope } from "./scope.ts";
import type { SizeTable } from "./signature.ts";
import { sizeOf } from "./signature.ts";
import type { Value } from "./values.ts";

export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal"; readonly mean: number; readonly std: number }
  | { readonly kind: "orthogonal"; readonly gain: number };

/** A `param` or `state` that something reads or updates, as it is met. */
export interface ParameterRequest {
  readonly path: string;
  /** Optimisers move parameters; states become what `update` says. */
  readonly kind: "param" | "state";
  /** Its first axis is that of the rows of the dataset. */
  readonly perRow: boolean;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /** Slots that its module came from. */
  readonly slots: readonly string[];
  readonly span: Span;
}

/** What a state becomes, computed when a phase asks for it. */
export interface StateUpdate {
  readonly path: string;
  readonly span: Span;
  readonly value: () => Node;
}

/** An input or label of the model, with its axes named by the model's sizes. */
export interface InputRequest {
  readonly name: string;
  readonly label: boolean;
  readonly type: TensorValue["type"];
  readonly shape: readonly number[];
}

/** Whose work it is: the instance that evaluation is inside of. */
export interface Owner {
  readonly path: string;
  /** Slots that the instance came from. */
  readonly slots: readonly string[];
}

export interface InputNodes {
  readonly node: Node;
  /** bool[B], or null when every row is present. */
  readonly present: Node | null;
  /** i32[B] for a ragged axis. */
  readonly lengths: Node | null;
}

/** An instance of a module, with what its numbers and flags are set to. */
export interface MadeInstance {
  readonly path: string;
  readonly declaration: ModuleDecl;
  readonly settings: ReadonlyMap<string, number | boolean>;
}

/** What an elaboration asks of its surroundings. */
export interface ElaborationHost {
  readonly g: GraphBuilder;
  /** Dropout and sampling are active. */
  readonly training: boolean;
  /** Different streams draw different random numbers at the same place. */
  stream(owner: Owner): string;
  parameter(request: ParameterRequest): Node;
  input(request: InputRequest): InputNodes;
  /** i32[2] = (seed, iteration). */
  randomState(): Node;
  /** Rows of the dataset. */
  readonly rows: number;
  /** i32[B]: the rows of the batch; a negative number stands for an absent row. */
  batch(): Node;
  /** bool[B]: which places of the batch hold a row at all; null where all do. */
  filled(): Node | null;
  /** f32: the number of the epoch, from 1; asked for in training only. */
  epoch(): Node;
  /** Hears of every instance that is made. */
  made?(instance: MadeInstance): void;
}

export type Evaluator = (e: Elaboration, expression: Expression, scope: Scope) => Value;

export class Elaboration {
  readonly host: ElaborationHost;
  readonly sizes: SizeTable = new Map();
  /** Labels of the comprehensions around the expression that is evaluated. */
  labels: readonly string[] = [];

  /** Whether anything was chosen by the name `training`: evaluation may then ask for other parameters. */
  choosesByTraining = false;

  readonly #evaluate: Evaluator;
  #updates: StateUpdate[] = [];
  /** Which rows have an input, for every input. */
  readonly #presence = new Set<Node>();

  /** `evaluate` is handed in so that the parts of it can call one another through here. */
  constructor(host: ElaborationHost, evaluate: Evaluator) {
    this.host = host;
    this.#evaluate = evaluate;
    this.sizes.set(DATASET_ROWS.id, host.rows);
  }

  noteUpdate(update: StateUpdate): void {
    this.#updates.push(update);
  }

  /** The updates that calls have noted since the last time. */
  takeUpdates(): readonly StateUpdate[] {
    const taken = this.#updates;
    this.#updates = [];
    return taken;
  }

  /** Notes which rows have an input. */
  notePresence(present: Node): void {
    this.#presence.add(present);
  }

  /** See `BuildContext.ifComplete`: presence computed anew, with every place that holds a row in the place of the rows that have an input. */
  #ifComplete(present: Node): Node | null {
    const filled = this.host.filled();
    const ofInput = (node: Node) => this.#presence.has(node);
    if (filled === null) return topologicalOrder([present]).some(ofInput) ? null : present;
    const complete = substitute(this.host.g, [present], (node) => (ofInput(node) ? filled : null));
    return at(complete, 0);
  }

  evaluate(expression: Expression, scope: Scope): Value {
    return this.#evaluate(this, expression, scope);
  }

  /**
   * Names a call in the unrolled program, for random numbers: in which statement, the how-manieth call of it, in which turn of the
   * comprehensions around it. Statements go by their names and not by their place in the text, so that a comment, another layout or a new
   * statement before it leaves the numbers of a statement as they are.
   */
  callPath({ place, making }: Scope, call: Call): string {
    // The sizes of types and the first values of parameters stand in no statement's value; they draw nothing.
    const own = making === null ? "" : `${making.name}.${making.placeOf(call)}`;
    return `${place.calls}/${own}${this.labels.map((label) => `[${label}]`).join("")}`;
  }

  /** What builtin functions see of a call, which is null for an operator; `reject` reports what they find wrong. */
  buildContext(scope: Scope, call: Call | null, reject: BuildContext["reject"]): BuildContext {
    const { place } = scope;
    const { host, sizes } = this;
    let draws = 0;
    return {
      g: host.g,
      training: host.training,
      size: (dim: Dim) => sizeOf(dim, sizes),
      reject,
      randomState: () => place.step ?? host.randomState(),
      batch: () => host.batch(),
      ifComplete: (present) => this.#ifComplete(present),
      randomSite: () => {
        invariant(call !== null, "an operator that draws random numbers");
        return hash32([host.stream(place), place.path, this.callPath(scope, call), draws++].join("|"));
      },
    };
  }
}

/** Stops elaboration with one problem of the user's making. */
export function fail(
  problem: Omit<Diagnostic, "severity" | "related"> & { readonly related?: Diagnostic["related"] },
): never {
  throw new UserError([{ severity: "error", related: [], ...problem }]);
}
