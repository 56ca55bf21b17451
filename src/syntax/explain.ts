/** Turns a place where the grammar could not go on into a message: what is here, what belongs here, and the likely fix. */
import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Source, Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { commaRules, foreignKeywords, forms, lineStarts, ruleExpects, tokenExpects } from "./forms.ts";
import { badNumber, shown, spanOf, syntaxError } from "./messages.ts";
import * as t from "./tokens.ts";

/** One failure of the grammar, with all that the explanations look at. */
interface Failure {
  readonly source: Source;
  /** What could not be read; null at the end of a line or of the file. */
  readonly found: IToken | null;
  /** What was read last; null at the very beginning. */
  readonly before: IToken | null;
  /** What follows `found`. */
  readonly after: IToken | undefined;
  readonly rule: string;
  readonly rules: readonly string[];
  /** Name of the one token that would have fitted, or "" where there was a choice. */
  readonly wanted: string;
  readonly span: Span;
}

/** Explains why the grammar stopped in `tokens`. */
export function explain(source: Source, tokens: readonly IToken[], error: IRecognitionException): Diagnostic {
  const failure = failureOf(source, tokens, error);
  for (const explanation of explanations) {
    const problem = explanation(failure);
    if (problem !== null) return problem;
  }
  return unexpected(failure);
}

function failureOf(source: Source, tokens: readonly IToken[], error: IRecognitionException): Failure {
  const token = error.token;
  const atEnd = token.tokenType === EOF;
  const index = atEnd ? tokens.length : tokens.indexOf(token);
  const last = tokens[index - 1] ?? null;
  const before = last !== null && (t.is(last, t.LineBreak) || t.is(last, t.LBrace)) ? null : last;
  const isEnd = atEnd || t.is(token, t.LineBreak) || (t.is(token, t.RBrace) && last !== null);
  const end = last === null ? 0 : t.endOf(last);
  const span =
    isEnd && before !== null ? { source, start: end, end } : spanOf(source, atEnd ? (last ?? token) : token);
  const rules = error.context.ruleStack;
  const found = isEnd ? null : token;
  const innermost = rules.at(-1) ?? "";
  // A block asks for its end where no member begins; what went wrong is the member.
  const member = isEnd || before !== null ? undefined : memberOf[innermost];
  const rule = member ?? innermost;
  return {
    source,
    found,
    before,
    after: tokens[index + 1],
    rule,
    rules,
    wanted: member ? "" : error.message,
    span,
  };
}

const memberOf: Readonly<Record<string, string>> = {
  interfaceBlock: "methodSignature",
  moduleBlock: "moduleMember",
  methodBlock: "bodyStatement",
  modelBlock: "modelMember",
  trainBlock: "trainMember",
  weightsBlock: "weightsMember",
  phaseBlock: "phaseMember",
};

type Explanation = (failure: Failure) => Diagnostic | null;

const startOfNumber: Explanation = ({ source, found }) =>
  found !== null && t.is(found, t.DotNumber) ? badNumber(source, found) : null;

const reservedName: Explanation = ({ found, before, after, wanted, span }) => {
  const isWord = found !== null && /^[a-z]+$/.test(found.image) && !t.is(found, t.Name);
  const isNamed = before === null && t.is(after, t.Equals);
  if (!isWord || !(isNamed || wanted === "Name" || wanted === "Identifier")) return null;
  return syntaxError(span, {
    code: "syntax-reserved-word",
    title: "Word cannot be a name",
    label: "expected a name",
    text: `${shown(found)} has a fixed meaning everywhere, so nothing can be called that.`,
    hint: `Choose another name, such as \`${found.image}_\`.`,
  });
};

/** A line that starts with what can only stand inside of one. */
const brokenLine: Explanation = ({ found, before, rule, span }) => {
  if (found === null || before !== null || !(rule in lineStarts)) return null;
  const inner = [t.BinaryOperator, t.Dot, t.Comma, t.Arrow, t.Colon, t.Equals];
  const words = [t.reserved.then, t.reserved.else, t.reserved.for, t.reserved.in];
  if (![...inner, ...words].some((type) => t.is(found, type))) return null;
  return syntaxError(span, {
    code: "syntax-line-start",
    title: "Line starts in the middle",
    label: "cannot start a line",
    text: `A line cannot start with ${shown(found)}: the line above it was complete.`,
    hint: t.is(found, t.Dot)
      ? "Put it at the end of the line above."
      : `Put ${shown(found)} at the end of the line above, or put parentheses around the whole value.`,
  });
};

/** A line whose first word opens nothing here. */
const unknownLine: Explanation = ({ found, before, after, rule, span }) => {
  const place = lineStarts[rule];
  if (found === null || before !== null || place === undefined) return null;
  const named = place.text.includes("y = …");
  const words = {
    code: "syntax-unexpected",
    title: "Line cannot be read",
    label: "cannot start a line here",
  };
  const { text } = place;
  if (named && foreignKeywords.has(found.image)) {
    return syntaxError(span, {
      ...words,
      text,
      hint: `Leave out ${shown(found)}: \`${after?.image ?? "y"} = …\`.`,
    });
  }
  if (found.image === "return") {
    const hint = "Put it inside a method: `(x: f32[..]) { return x }`.";
    return syntaxError(span, {
      ...words,
      title: "Nothing to return from",
      text: "`return` belongs in a function or method.",
      hint,
    });
  }
  const elsewhere = Object.values(lineStarts).find((other) => other.words.includes(found.image));
  if (elsewhere !== undefined && !place.words.includes(found.image))
    return syntaxError(span, {
      ...words,
      text,
      hint: `${shown(found)} starts a line ${elsewhere.place}.`,
    });
  const meant = t.is(found, t.Name) ? suggest(found.image, place.words) : null;
  if (meant !== null && meant !== found.image)
    return syntaxError(span, { ...words, text, hint: `Did you mean \`${meant}\`?` });
  if (meant !== null) {
    const form = Object.values(forms).find((entry) => entry.form.startsWith(`${meant} `));
    const like = form === undefined ? "" : `\n\n    ${form.form.replaceAll("\n", "\n    ")}`;
    return syntaxError(span, {
      ...words,
      label: "not complete",
      text: `\`${meant}\` opens a line of this form:${like}`,
    });
  }
  if (named && t.is(after, t.LParen)) {
    return syntaxError(span, { ...words, text, hint: `Give the value a name: \`y = ${found.image}(…)\`.` });
  }
  return syntaxError(span, { ...words, text });
};

const singleEquals: Explanation = ({ found, rules, span }) => {
  if (found === null || !t.is(found, t.Equals)) return null;
  if (!rules.some((rule) => ["choice", "grouping", "list", "arguments"].includes(rule))) return null;
  const named = rules.at(-1) === "arguments";
  return syntaxError(span, {
    code: "syntax-unexpected",
    title: "`=` inside a value",
    label: named ? "only a single name can stand before `=`" : "does not compare",
    text: "`=` gives a name to a value, in a statement or in an argument such as `axis = D`.",
    hint: "Write `==` to compare.",
  });
};

const typeRules: ReadonlySet<string> = new Set(["argument", "tensorType", "staticType", "resultType"]);

const unknownType: Explanation = ({ found, before, rule, wanted, source, span }) => {
  if (found === null || before === null) return null;
  const isName = typeRules.has(rule) && wanted === "" && t.is(found, t.Name);
  // `x: float[B]` reads `float` as the name of an interface, and stops at its axes.
  const hasAxes = ["signature", "parameters"].includes(rule) && t.is(found, t.LBracket);
  if (!isName && !hasAxes) return null;
  return syntaxError(hasAxes ? spanOf(source, before) : span, {
    code: "syntax-unknown-type",
    title: "Unknown type",
    label: "not a type of tensors",
    text: "Tensors are made of `f32`, `ids`, `class` or `bool`: `f32[B, D]`.",
  });
};

const indexing: Explanation = ({ found, before, span }) => {
  if (found === null || before === null || !t.is(found, t.LBracket)) return null;
  if (![t.Name, t.RParen, t.RBracket].some((type) => t.is(before, type))) return null;
  return syntaxError(span, {
    code: "syntax-unexpected",
    title: "Values have no index",
    label: "`[` cannot follow a value",
    text: "`[` starts a list, or the axes of a type. Parts of a value are reached by name: `value.part`.",
  });
};

const missingElse: Explanation = ({ wanted, span }) => {
  if (wanted !== "else" && wanted !== "then") return null;
  return syntaxError(span, {
    code: "syntax-unexpected",
    title: "`if` is not complete",
    label: `expected \`${wanted}\``,
    text: "`if` always has both sides, and chooses between them at compile time:\n\n    if bias then y + offset else y",
    hint: "A line may go on after `then` and `else`, not before them.",
  });
};

const missingComma: Explanation = ({ found, before, rule, wanted, span }) => {
  if (found === null || before === null || !commaRules.has(rule)) return null;
  if (!["RParen", "RBracket"].includes(wanted)) return null;
  const starts = [t.Name, t.NumberLiteral, t.LBracket, t.LParen, t.reserved.if, t.reserved.not];
  if (!starts.some((type) => t.is(found, type))) return null;
  return syntaxError(span, {
    code: "syntax-missing-comma",
    title: "A comma is missing",
    label: `expected \`,\` or \`${wanted === "RParen" ? ")" : "]"}\``,
    text: `${shown(before)} and ${shown(found)} stand side by side with nothing between them.`,
    hint: "Put a comma between the two.",
  });
};

/** More text after a complete statement. */
const tooMuch: Explanation = ({ found, before, wanted, rules, span }) => {
  if (found === null || before === null || !["RBrace", ""].includes(wanted)) return null;
  const isBlock = /Block$/.test(rules.at(-1) ?? "") || (wanted === "" && rules.length <= 1);
  if (!isBlock) return null;
  const commas = ["trainBlock", "phaseBlock", "variantBlock"].includes(rules.at(-1) ?? "");
  return syntaxError(span, {
    code: "syntax-unexpected",
    title: "Line should end here",
    label: "one thing too many",
    text: `The line is complete before ${shown(found)}, and a statement ends at the end of its line.`,
    hint: t.is(found, t.Comma)
      ? "Remove the comma and put each statement on a line of its own."
      : `Put ${shown(found)} on a line of its own${commas ? ", or a comma before it" : ""}.`,
  });
};

const explanations: readonly Explanation[] = [
  startOfNumber,
  reservedName,
  brokenLine,
  unknownLine,
  singleEquals,
  unknownType,
  indexing,
  missingElse,
  missingComma,
  tooMuch,
];

/** The general message: what was expected, and how the line that surrounds it is written. */
function unexpected({ found, before, rule, wanted, span }: Failure): Diagnostic {
  const expected = expectation(rule, wanted);
  const form = forms[rule];
  const here =
    found === null
      ? "the line ends here"
      : `here is ${t.is(found, t.QuotedText) ? "quoted text" : shown(found)}`;
  const sentence = `${before === null ? "This line needs" : `After ${shown(before)} comes`} ${expected}, but ${here}.`;
  const shape =
    form === undefined
      ? ""
      : `\n\n${form.what} is written like this:\n\n    ${form.form.replaceAll("\n", "\n    ")}`;
  return syntaxError(span, {
    code: found === null ? "syntax-incomplete" : "syntax-unexpected",
    title: found === null ? "Line is not complete" : "Something else belongs here",
    label: `expected ${expected}`,
    text: sentence + shape,
  });
}

function expectation(rule: string, wanted: string): string {
  if (wanted === "") return ruleExpects[rule] ?? "something else";
  const closes = wanted === "RParen" ? ")" : wanted === "RBracket" ? "]" : null;
  if (closes !== null && commaRules.has(rule)) return `\`,\` or \`${closes}\``;
  return tokenExpects[wanted] ?? `\`${wanted}\``;
}
