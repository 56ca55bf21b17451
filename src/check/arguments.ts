/** Which argument of a call belongs to which parameter. */
import { at } from "../base/invariant.ts";
import { joinSpans, type Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Call, CallArgument } from "../syntax/ast.ts";
import type { Checker } from "./checker.ts";
import { report } from "./report.ts";
import { quoteAll } from "./values.ts";

/** What a call may be given. */
export interface Accepted {
  readonly name: string;
  readonly optional: boolean;
  /** Where the parameter is declared; null for builtin functions. */
  readonly span: Span | null;
}

export interface Callee {
  /** For messages, with backticks: "`Linear`". */
  readonly title: string;
  readonly accepts: readonly Accepted[];
  /** How a call looks; only where it says more than the names. */
  readonly usage: string | null;
  /** What to do with arguments that are too many. */
  readonly hint?: string;
}

/** Arguments by parameter name, or null after a report. */
export function bindArguments(
  checker: Checker,
  call: Call,
  callee: Callee,
): ReadonlyMap<string, CallArgument> | null {
  const bound = new Map<string, CallArgument>();
  let failed = false;
  let position = 0;
  let named: CallArgument | null = null;
  for (const argument of call.arguments) {
    const name = argument.name?.name ?? callee.accepts[position]?.name;
    if (argument.name === null) {
      position++;
      if (named !== null) {
        reportOrder(checker, argument, named);
        failed = true;
        continue;
      }
    } else named = argument;
    if (name === undefined) {
      reportTooMany(checker, call, callee);
      return null;
    }
    const earlier = bound.get(name);
    if (!callee.accepts.some((accepted) => accepted.name === name)) {
      reportUnknownArgument(checker, argument, name, callee, bound);
      failed = true;
    } else if (earlier !== undefined) {
      reportTwice(checker, argument, earlier, name);
      failed = true;
    } else bound.set(name, argument);
  }
  if (!failed && reportMissing(checker, call, callee, bound)) failed = true;
  return failed ? null : bound;
}

function reportOrder(checker: Checker, argument: CallArgument, named: CallArgument): void {
  report(checker.problems, argument.span, {
    code: "argument-order",
    title: "Argument without a name",
    label: "which one is this?",
    related: [{ span: named.name?.span ?? named.span, text: "named from here on" }],
    text: "Arguments without names come first, in the order of the declaration; behind a named one every argument needs its name.",
  });
}

function reportTooMany(checker: Checker, call: Call, callee: Callee): void {
  const given = call.arguments.filter((argument) => argument.name === null);
  const count = callee.accepts.length;
  const extra = given.slice(count);
  report(checker.problems, joinSpans(at(extra, 0).span, at(extra, -1).span), {
    code: "too-many-arguments",
    title: "Too many arguments",
    label: extra.length === 1 ? "not accepted" : `${extra.length} more than accepted`,
    related: declarations(callee, []),
    text: acceptsText(callee),
    hint: callee.hint,
  });
}

function reportUnknownArgument(
  checker: Checker,
  argument: CallArgument,
  name: string,
  callee: Callee,
  bound: ReadonlyMap<string, CallArgument>,
): void {
  const free = callee.accepts
    .filter((accepted) => !bound.has(accepted.name))
    .map((accepted) => accepted.name);
  const near = suggest(name, free) ?? (free.length === 1 ? at(free, 0) : null);
  report(checker.problems, argument.name?.span ?? argument.span, {
    code: "unknown-argument",
    title: "Unknown argument",
    label: near === null ? "not accepted" : `Did you mean \`${near}\`?`,
    related: declarations(callee, near === null ? [] : [near]),
    text: acceptsText(callee),
  });
}

function reportTwice(checker: Checker, argument: CallArgument, earlier: CallArgument, name: string): void {
  report(checker.problems, argument.name?.span ?? argument.span, {
    code: "duplicate-argument",
    title: "Argument given twice",
    label: `\`${name}\` again`,
    related: [{ span: earlier.span, text: `\`${name}\` is given here` }],
    text: `A call gives every argument once.${earlier.name === null ? ` The ${ordinal(earlier, argument)} argument without a name is \`${name}\`.` : ""}`,
  });
}

function ordinal(earlier: CallArgument, later: CallArgument): string {
  return earlier.span.start < later.span.start ? "earlier" : "later";
}

function reportMissing(
  checker: Checker,
  call: Call,
  callee: Callee,
  bound: ReadonlyMap<string, CallArgument>,
): boolean {
  const missing = callee.accepts.filter((accepted) => !accepted.optional && !bound.has(accepted.name));
  if (missing.length === 0) return false;
  const names = missing.map((accepted) => accepted.name);
  const end = call.span.end;
  const inside: Span =
    call.arguments.length === 0
      ? { ...call.span, start: Math.max(call.callee.span.end, call.span.start) }
      : { ...call.span, start: end - 1 };
  report(checker.problems, inside, {
    code: "missing-argument",
    title: missing.length === 1 ? "Missing argument" : "Missing arguments",
    label: `${quoteAll(names)} ${names.length === 1 ? "is" : "are"} missing`,
    related: declarations(callee, names),
    text: acceptsText(callee),
  });
  return true;
}

function declarations(callee: Callee, names: readonly string[]) {
  return callee.accepts.flatMap(({ name, span }) =>
    span !== null && names.includes(name) ? [{ span, text: `\`${name}\` is declared here` }] : [],
  );
}

/** What the callee accepts, as a sentence. */
function acceptsText(callee: Callee): string {
  const { accepts, title, usage } = callee;
  if (usage !== null) return `It is called as \`${usage}\`.`;
  if (accepts.length === 0) return `${title} accepts no arguments.`;
  const required = accepts.filter((accepted) => !accepted.optional).map((accepted) => accepted.name);
  const optional = accepts.filter((accepted) => accepted.optional).map((accepted) => accepted.name);
  if (required.length === 0) return `${title} accepts ${quoteAll(optional)}, all with a default.`;
  if (optional.length === 0) return `${title} accepts ${quoteAll(required)}.`;
  return `${title} accepts ${quoteAll(required)}, and with a default ${quoteAll(optional)}.`;
}
