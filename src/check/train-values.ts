/** Numbers in a train block: known before training starts, and within their range. */
import type { Span } from "../diagnostics/source.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Checker } from "./checker.ts";
import { evaluate, type StaticValue } from "./evaluate.ts";
import type { ModelType } from "./model.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import type { Range } from "./training-table.ts";
import { describe } from "./values.ts";

/** What a train block is checked with. */
export interface Training {
  readonly checker: Checker;
  readonly model: ModelType;
  /** The names of the model, with the imports of the file that a place lies in. */
  readonly scopeAt: (place: Span) => Scope;
  /** A file with lines of the training has syntax errors, so lines may be missing without being mistakes of their own. */
  readonly incomplete: boolean;
  readonly settings: (name: string) => StaticValue | null;
}

export const counted: Range = {
  accepts: (value) => Number.isSafeInteger(value) && value >= 1,
  words: "a whole number, 1 or more",
};

/** The number of an expression, or null after a report. `what` begins a sentence: "The number of epochs". */
export function trainNumber(
  training: Training,
  expression: Expression,
  what: string,
  range: Range,
): number | null {
  const { checker } = training;
  const type = checker.infer(expression, training.scopeAt(expression.span));
  if (type.kind === "unknown") return null;
  if (type.kind !== "number") {
    report(checker.problems, expression.span, {
      code: "train-number",
      title: "A number is needed",
      label: `this is ${describe(type)}`,
      text: `${what} is a number that is known before training starts.`,
    });
    return null;
  }
  const value = trainValue(training, expression);
  if (typeof value !== "number") {
    reportNoValue(training, expression.span, what);
    return null;
  }
  if (range.accepts(value)) return value;
  reportRange(training, expression.span, value, what, range);
  return null;
}

export function reportRange(training: Training, span: Span, value: number, what: string, range: Range): void {
  report(training.checker.problems, span, {
    code: "number-range",
    title: "Number out of range",
    label: `this is ${value}`,
    text: `${what} is ${range.words}.`,
  });
}

/** The value of a static expression with the settings of the model; null when it has none yet. */
export function trainValue(training: Training, expression: Expression): StaticValue | null {
  const { checker, settings } = training;
  return evaluate(expression, { lookup: settings, operators: checker.operators, builtins: checker.builtins });
}

export function reportNoValue(training: Training, span: Span, what: string): void {
  report(training.checker.problems, span, {
    code: "train-number",
    title: "A number is needed",
    label: "has no value yet",
    text: `${what} must be known before a dataset is read, so it can use numbers and the settings of the model that have a default.`,
  });
}
