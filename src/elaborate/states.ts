/** `update` statements: what a state becomes, in the shape of the state, for the phase that writes it. */
import { invariant } from "../base/invariant.ts";
import type { TensorValue } from "../builtins/build-context.ts";
import { isRowsAxis } from "../builtins/predefined.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { sameShape } from "../ir/graph-walk.ts";
import type { Statement } from "../syntax/ast.ts";
import { scalarType } from "../types/tensor-type.ts";
import { asTensor } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { fail } from "./elaboration.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** The state that holds the number of the epoch; a path of the spec has no colon. */
export const EPOCH_STATE = "run:epoch";

/** Hands an update on, to be computed when a phase asks for what states become. Evaluation only reads. */
export function noteUpdate(
  e: Elaboration,
  statement: Extract<Statement, { kind: "update" }>,
  scope: Scope,
): void {
  if (scope.place.step !== null) refuseInStep(statement.span);
  if (!e.host.training) return;
  const { target, value, span } = statement;
  const { path } = scope.place;
  e.noteUpdate({
    path: path === "" ? target.name : `${path}.${target.name}`,
    span,
    value: () => {
      const state = scope.lookup(target.name);
      invariant(state?.kind === "tensor", `the state ${target.name} is a tensor`);
      const given = e.evaluate(value, scope.inStatement(target.name, value));
      return newContents(e, state, asTensor(e, given), span);
    },
  });
}

function refuseInStep(span: Span): never {
  return fail({
    code: "update-in-scan",
    title: "Update in the step of a scan",
    primary: { span, text: "runs in every step" },
    text: "A state is written once per iteration, and each step of a `scan` would give it another value.",
    hint: "Return what it should become from the step, and update the state behind the `scan`.",
  });
}

function newContents(e: Elaboration, state: TensorValue, given: TensorValue, span: Span): Node {
  if (isRowsAxis(state.type.axes[0]) && !isRowsAxis(given.type.axes[0]))
    return inRowsOfBatch(e, state, given, span);
  if ([...given.presence.values()].some((nodes) => nodes.size > 0))
    return fail({
      code: "state-batch-axis",
      title: "State has the axis of the batch",
      primary: { span, text: "has rows of the batch" },
      text: "The rows of a batch are other rows of the dataset in every iteration, and some of them may be absent, so nothing can be kept for the places of a batch.",
      hint: "Give the state the axis `Rows`, to keep something for each row of the dataset, or keep a mean over the batch.",
    });
  invariant(sameShape(state.node.shape, given.node.shape), "a state and its update differ in shape");
  return given.node;
}

/**
 * The state with the rows of the batch replaced, those left out in which something is absent that the new value reads. Each row of the dataset
 * looks up the first place of the batch that names it: no two places write to one row, whatever a batch holds.
 */
function inRowsOfBatch(e: Elaboration, state: TensorValue, given: TensorValue, span: Span): Node {
  const { g } = e.host;
  const [, ...rest] = state.node.shape;
  const all = e.host.rows;
  const present = presenceOfRows(g, given) ?? notOfBatch(span);
  const batch = e.host.batch();
  // What is absent goes to a row behind the last one.
  const places = g.where(present, g.maximum(batch, 0), all);
  const heads = g.slice(g.node("occurrences", [places], { rows: all + 1 }), [0], [all]);
  const chosen = g.take(given.node, g.maximum(heads, 0));
  const written = g.reshape(g.greaterEqual(heads, 0), [all, ...rest.map(() => 1)]);
  return g.where(g.broadcastTo(written, state.node.shape), chosen, state.node);
}

/** bool[B]: which rows of the first axis are there, when it is the axis of the batch; otherwise null. */
function presenceOfRows(g: GraphBuilder, { type, presence }: TensorValue): Node | null {
  const [first] = type.axes;
  const nodes = first?.kind === "axis" ? [...(presence.get(first.dim.key) ?? [])] : [];
  return nodes.length === 0 ? null : nodes.reduce((all, node) => g.and(all, node));
}

function notOfBatch(span: Span): never {
  return fail({
    code: "not-batch-rows",
    title: "Not the rows of the batch",
    primary: { span, text: "its first axis is not that of the batch" },
    text: "A state with the axis `Rows` is updated in the rows of the batch, so the first axis of the new value must be the batch axis of the inputs.",
  });
}

/** `epoch`: the number of the epoch. The last one of training is a state, which evaluation reads. */
export function epochValue(e: Elaboration, span: Span): Value {
  const state = e.host.parameter({
    path: EPOCH_STATE,
    kind: "state",
    perRow: false,
    shape: [],
    initialiser: { kind: "constant", value: 0 },
    slots: [],
    span,
  });
  const now = e.host.training ? e.host.epoch() : state;
  if (e.host.training) e.noteUpdate({ path: EPOCH_STATE, span, value: () => now });
  return { kind: "tensor", type: scalarType, node: now, presence: new Map(), ragged: new Map() };
}

/** Two calls of one instance would each give its state a new value. */
export function updatedTwice(path: string, first: Span, second: Span): UserError {
  const owner = path.split(".").slice(0, -1).join(".");
  const same = first.source === second.source && first.start === second.start;
  return new UserError([
    {
      code: "updated-twice",
      severity: "error",
      title: "State gets two new values",
      primary: { span: second, text: same ? "runs for every call of the instance" : "the second update" },
      related: same ? [] : [{ span: first, text: "the first update" }],
      text: `\`${owner}\` is called several times in one iteration, and each call gives its state \`${path}\` another value.`,
      hint: "Make an instance for each call, or call it once on all values together.",
    },
  ]);
}
