/** Words for mistakes found beside the grammar: brackets, characters, numbers, depth, and forms that parse but mean nothing. */
import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Source, Span } from "../diagnostics/source.ts";
import { BadNumber, DotNumber, endOf, is, LBrace, LBracket, UnclosedText, UnknownText } from "./tokens.ts";

/** Takes a problem; the parser decides how many it passes on. */
export type Report = (problem: Diagnostic) => void;

interface Words {
  readonly code: string;
  readonly title: string;
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
  readonly related?: Diagnostic["related"];
}

/** An error at `span`. */
export function syntaxError(span: Span, words: Words): Diagnostic {
  const { code, title, label, text, hint, related } = words;
  const primary = { span, text: label };
  const base = { code, severity: "error" as const, title, primary, related: related ?? [], text };
  return hint === undefined ? base : { ...base, hint };
}

export function spanOf(source: Source, token: IToken): Span {
  return { source, start: token.startOffset, end: endOf(token) };
}

const closerOf = (open: IToken): string => (is(open, LBrace) ? "}" : is(open, LBracket) ? "]" : ")");

export function unclosedBracket(source: Source, open: IToken): Diagnostic {
  return syntaxError(spanOf(source, open), {
    code: "syntax-unclosed",
    title: "Bracket is never closed",
    label: "opened here",
    text: is(open, LBrace)
      ? "This `{` needs a `}` of its own before the next declaration, or before the end of the file."
      : `This \`${open.image}\` needs a \`${closerOf(open)}\` before its statement ends.`,
    hint: `Add the missing \`${closerOf(open)}\`.`,
  });
}

export function strayBracket(source: Source, close: IToken): Diagnostic {
  return syntaxError(spanOf(source, close), {
    code: "syntax-unopened",
    title: "Bracket was never opened",
    label: "nothing to close",
    text: `No bracket that fits \`${close.image}\` is open here.`,
    hint: `Remove this \`${close.image}\`.`,
  });
}

export function bracesTooDeep(source: Source, brace: IToken): Diagnostic {
  return syntaxError(spanOf(source, brace), {
    code: "syntax-too-deep",
    title: "Braces are nested too deep",
    label: "one brace too many",
    text: "A declaration holds methods or phases, and those hold statements. Nothing goes deeper than that.",
  });
}

export function valueTooDeep(source: Source, token: IToken): Diagnostic {
  return syntaxError(spanOf(source, token), {
    code: "syntax-too-deep",
    title: "Value is nested too deep",
    label: "too many steps inside each other",
    text: "This value has more brackets and operators inside each other than mird reads in one piece.",
    hint: "Give parts of it a name in statements of their own.",
  });
}

/** What to write for signs of other languages and for characters that only look like ours. */
const replacements: Readonly<Record<string, string>> = {
  "**": "Write `^` for a power.",
  "/*": "Start each line of a comment with `//`.",
  "=>": "Write `->` before a result type.",
  ":=": "Write `=` to name a value.",
  "+=": "Give the new value a name of its own: names never change.",
  "-=": "Give the new value a name of its own: names never change.",
  "*=": "Give the new value a name of its own: names never change.",
  "/=": "Give the new value a name of its own: names never change.",
  "&": "Write `and`.",
  "&&": "Write `and`.",
  "|": "Write `or`.",
  "||": "Write `or`.",
  "!": "Write `not`.",
  "#": "Start a comment with `//`.",
  ";": "Remove it: a statement ends at the end of its line.",
  "'": 'Write `"` around a path.',
  "@": "Write `dot(a, b, axis = D)` for a product along an axis.",
  "\u2212": "Write `-`.",
  "\u2013": "Write `-`.",
  "\u00d7": "Write `*`.",
  "\u00b7": "Write `*`.",
  "\u00f7": "Write `/`.",
  "\u2192": "Write `->`.",
  "\u2026": "Write `..`.",
  "\u2264": "Write `<=`.",
  "\u2265": "Write `>=`.",
  "\u2260": "Write `!=`.",
  "\u201c": 'Write `"`.',
  "\u201d": 'Write `"`.',
};

/** How many characters of a token a message repeats. */
const SHOWN = 20;

/** A token as a message shows it, in backticks. */
export function shown(token: IToken): string {
  return `\`${token.image.length > 2 * SHOWN ? `${token.image.slice(0, SHOWN)}…` : token.image}\``;
}

/** The message for a token that is no word of the language, or null for a good one. */
export function lexicalProblem(source: Source, token: IToken): Diagnostic | null {
  if (is(token, BadNumber)) return badNumber(source, token);
  if (is(token, UnclosedText)) {
    return syntaxError(spanOf(source, token), {
      code: "syntax-unclosed-text",
      title: "Quoted text is never closed",
      label: "starts here",
      text: 'Quoted text ends with `"` in the same line.',
      hint: 'Add the missing `"`.',
    });
  }
  if (!is(token, UnknownText) && token.tokenType.name !== "ForeignSign") return null;
  const start = [...token.image.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");
  const known =
    replacements[token.image] ?? replacements[String.fromCodePoint(token.image.codePointAt(0) ?? 0)];
  const letters = /^\p{Letter}/u.test(token.image);
  return syntaxError(spanOf(source, token), {
    code: "syntax-unknown-character",
    title: "Unknown character",
    label: "not part of the language",
    text: letters
      ? `Names are made of the letters \`a\` to \`z\`, large or small, digits and \`_\`; \`${start}\` is none of these.`
      : `${quoted(start)} has no meaning outside comments and quoted text.`,
    ...(known === undefined ? {} : { hint: known }),
  });
}

/** A piece of text in backticks, with invisible characters by their number. */
function quoted(text: string): string {
  const printable = [...text].map((character) =>
    /[\p{Control}\p{Format}\p{Surrogate}\p{Private_Use}\p{Unassigned}]/u.test(character)
      ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")} `
      : character,
  );
  return `\`${printable.join("").trim()}\``;
}

/** What is wrong with digits that form no number, and the number that was most likely meant. */
export function badNumber(source: Source, token: IToken): Diagnostic {
  const written = token.image.length > SHOWN ? `${token.image.slice(0, SHOWN)}…` : token.image;
  const [why, meant] = diagnoseNumber(token);
  return syntaxError(spanOf(source, token), {
    code: "syntax-bad-number",
    title: "Not a number",
    label: "cannot be read as a number",
    text: `\`${written}\` is not a number: ${why}. Numbers look like \`64\`, \`0.5\` or \`1e-3\`.`,
    ...(meant === null ? {} : { hint: `Write \`${meant}\`.` }),
  });
}

function diagnoseNumber(token: IToken): [why: string, meant: string | null] {
  const text = token.image;
  if (is(token, DotNumber)) return ["a digit must stand before the point", `0${text}`];
  if (/^\d+\.$/.test(text)) return ["a digit must follow the point", `${text}0`];
  if (/^\d[\d_]*(\.\d[\d_]*)?$/.test(text)) return ["`_` cannot separate digits", text.replaceAll("_", "")];
  if (/^[\d.]+[eE]$/.test(text)) return ["a whole number must follow the `e`", null];
  if (/^0[xXbBoO]/.test(text)) return ["only decimal digits are read", null];
  if (/^[\d.]+$/.test(text)) return ["it has more than one point", null];
  if (/^\d+[A-Za-z_]\w*$/.test(text)) return ["a name cannot start with a digit", null];
  return ["a letter stands among its digits", null];
}

export function numberTooLarge(span: Span, text: string): Diagnostic {
  return syntaxError(span, {
    code: "syntax-bad-number",
    title: "Number is too large",
    label: "too large",
    text: `\`${text.slice(0, SHOWN)}\` lies beyond the largest number that 64 bits can hold.`,
  });
}

export function chainedOperator(span: Span, operator: string, first: Span): Diagnostic {
  const range = operator === "..";
  return syntaxError(span, {
    code: "syntax-chained-comparison",
    title: range ? "Ranges cannot be chained" : "Comparisons cannot be chained",
    label: range ? "a second `..`" : "a second comparison",
    related: [{ span: first, text: "the first one" }],
    text: range
      ? "A range has a first and a last number, and nothing between them."
      : "A comparison gives `true` or `false`, which cannot be compared again without parentheses.",
    ...(range ? {} : { hint: "Join two comparisons with `and`: `0 < x and x < 1`." }),
  });
}

export function missingReturn(span: Span, what: string): Diagnostic {
  return syntaxError(span, {
    code: "syntax-missing-return",
    title: "Nothing is returned",
    label: "no `return` in here",
    text: `A ${what} ends with one \`return\`, which says what its value is.`,
    hint: "Add a last line such as `return y`.",
  });
}

export function statementAfterReturn(span: Span, returned: Span): Diagnostic {
  return syntaxError(span, {
    code: "syntax-after-return",
    title: "Statement after `return`",
    label: "never reached",
    related: [{ span: returned, text: "returns here" }],
    text: "`return` stands once, in the last line of a function or method.",
    hint: "Move this line above `return`.",
  });
}

export function missingResult(span: Span): Diagnostic {
  return syntaxError(span, {
    code: "syntax-missing-result",
    title: "Result type is missing",
    label: "no `-> …` behind this",
    text: "A method of an interface says what it returns, since no body shows it:\n\n    (x: f32[B, M]) -> (bound: f32, fit: f32)",
  });
}

export function boundNotAllowed(span: Span, element: string): Diagnostic {
  return syntaxError(span, {
    code: "syntax-bound",
    title: "This type has no bound",
    label: "only for `ids` and `class`",
    text: `\`ids[B, L~] < V\` and \`class[B] < C\` hold whole numbers below a bound. \`${element}\` has none.`,
  });
}

export function statementBelowMethods(span: Span, method: Span): Diagnostic {
  return syntaxError(span, {
    code: "syntax-order",
    title: "Statement below a method",
    label: "belongs above the methods",
    related: [{ span: method, text: "the first method" }],
    text: "Statements that all methods share stand before the first method of a module.",
    hint: "Move this line up.",
  });
}

export function wrongCase(span: Span, name: string, what: string, capital: boolean): Diagnostic {
  const first = name.charAt(0);
  const better = (capital ? first.toUpperCase() : first.toLowerCase()) + name.slice(1);
  return syntaxError(span, {
    code: "syntax-name-case",
    title: "Name has the wrong first letter",
    label: capital ? "needs a capital letter" : "needs a small letter",
    text: `Names of modules, interfaces and models start with a capital letter, names of functions with a small one. \`${name}\` is a ${what}.`,
    ...(better === name ? {} : { hint: `Call it \`${better}\`.` }),
  });
}

export function loneComprehension(span: Span): Diagnostic {
  return syntaxError(span, {
    code: "syntax-comprehension",
    title: "Brackets around `for` are missing",
    label: "one of several arguments",
    text: "`… for x in …` may leave out its brackets only where it is the one argument of a call.",
    hint: "Put `[` and `]` around it.",
  });
}

export function allNotAlone(span: Span): Diagnostic {
  return syntaxError(span, {
    code: "syntax-selection",
    title: "`all` stands alone",
    label: "`all` and more",
    text: "`all` already takes every parameter; only `except` can follow it: `all except penalty`.",
  });
}

export function emptyValue(source: Source): Diagnostic {
  return syntaxError(
    { source, start: 0, end: source.text.length },
    {
      code: "syntax-incomplete",
      title: "Value is missing",
      label: "expected a value",
      text: "There is nothing here that could be read as a value.",
    },
  );
}
