/** What parameters start from: the `load` lines of a train block. */
import type { Identifier } from "../syntax/ast.ts";
import type { Load, SelectionPath, TrainMember } from "../syntax/ast-train.ts";
import type { CheckedLoad } from "./checked.ts";
import { reportUnknownName, reportWrongKind } from "./names.ts";
import { report } from "./report.ts";
import { isWeights } from "./scope.ts";
import { checkPaths } from "./selection.ts";
import type { Training } from "./train-values.ts";
import { describe, quoteAll } from "./values.ts";

/** The loads of a training; null after a report. */
export function checkLoads(training: Training, members: readonly TrainMember[]): CheckedLoad[] | null {
  const loads = members.filter((member): member is Load => member.kind === "load");
  const checked = loads.map((load) => checkLoad(training, load));
  const taken = new Map<string, SelectionPath>();
  for (const path of loads.flatMap(({ into }) => into)) {
    const name = pathName(path);
    const earlier = taken.get(name);
    if (earlier === undefined) taken.set(name, path);
    else
      report(training.checker.problems, path.span, {
        code: "loaded-twice",
        title: "Loaded twice",
        label: "loaded again",
        related: [{ span: earlier.span, text: "here already" }],
        text: `\`${name}\` can start from one thing only.`,
      });
  }
  const good = checked.filter((load) => load !== null);
  return good.length === loads.length ? good : null;
}

/** The path as it is written. */
export function pathName(path: SelectionPath): string {
  return path.parts.map(({ name }) => name).join(".");
}

function checkLoad(training: Training, load: Load): CheckedLoad | null {
  checkPaths(training, load.into);
  const { from, into, span } = load;
  if (from.kind === "vectors")
    return checkField(training, from.field)
      ? { from: { kind: "vectors", field: from.field.name }, into, span }
      : null;
  const { checker } = training;
  const scope = training.scopeAt(load.span);
  const definition = scope.file.names.get(from.weights.name);
  if (definition === undefined) {
    const names = [...scope.file.names].flatMap(([name, { kind }]) => (kind === "weights" ? [name] : []));
    reportUnknownName(checker, from.weights.name, from.weights.span, scope, { what: "weights", names });
    return null;
  }
  if (!isWeights(definition)) {
    reportWrongKind(checker, definition, from.weights.span, "a table of weights");
    return null;
  }
  return { from: { kind: "checkpoint", name: from.name.name, weights: definition }, into, span };
}

function checkField({ checker, scopeAt, model }: Training, { name, span }: Identifier): boolean {
  const local = scopeAt(span).use(name);
  const isTokens = local?.kind === "input" && local.type.kind === "tensor" && local.type.element === "ids";
  if (isTokens) return true;
  const inputs = [...model.scope.visible].flatMap(([each, { kind, type }]) =>
    kind === "input" && type.kind === "tensor" && type.element === "ids" ? [each] : [],
  );
  report(checker.problems, span, {
    code: "vectors-field",
    title: "No field of words",
    label: local === null ? "not an input" : `this is ${describe(local.type)}`,
    text:
      inputs.length === 0
        ? "Word vectors belong to an input of token numbers, `ids[B, L~] < V`, and the model has none."
        : `Word vectors belong to an input of token numbers: ${quoteAll(inputs)}.`,
  });
  return false;
}
