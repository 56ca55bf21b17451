/**
 * Pairs brackets before parsing. What was left open or closed too often is reported here, with the place where it was
 * opened, and mended with invisible closers, so that one missing `)` does not make the rest of the file unreadable.
 */
import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import { at } from "../base/invariant.ts";
import type { Source } from "../diagnostics/source.ts";
import { bracesTooDeep, type Report, strayBracket, unclosedBracket } from "./messages.ts";
import {
  BinaryOperator,
  Colon,
  Comma,
  Dot,
  Equals,
  endOf,
  is,
  LBrace,
  LBracket,
  LineBreak,
  LParen,
  Name,
  QuotedText,
  RBrace,
  RBracket,
  RParen,
  reserved,
  UnclosedText,
  word,
} from "./tokens.ts";

/** The language nests three braces; more than this is a mistake that must not cost a stack. */
const MAX_BRACES = 12;

const openers: readonly TokenType[] = [LParen, LBracket, LBrace];
const closers: readonly TokenType[] = [RParen, RBracket, RBrace];
const declarationWords = [
  word.import,
  word.interface,
  word.function,
  word.module,
  word.model,
  word.train,
  word.weights,
];

const kindOf = (token: IToken, types: readonly TokenType[]): number => types.indexOf(token.tokenType);
export const isOpener = (token: IToken): boolean => kindOf(token, openers) >= 0;
export const isCloser = (token: IToken): boolean => kindOf(token, closers) >= 0;

interface Balanced {
  /** The tokens with every bracket in a pair; stray closers are gone, missing ones are there with an empty image. */
  readonly tokens: readonly IToken[];
  /** Inserted `)` and `]`: the statements around them have been reported and are not parsed. */
  readonly mended: ReadonlySet<IToken>;
}

interface Open {
  readonly token: IToken;
  readonly index: number;
  readonly indent: number;
}

type Fault =
  /** Brackets that something at `limit` shows to be left open, innermost first: one `{`, or any number of `(` and `[`. */
  | { readonly kind: "unclosed"; readonly open: readonly Open[]; readonly limit: number }
  | { readonly kind: "stray"; readonly token: IToken };

export function balanceBrackets(tokens: readonly IToken[], source: Source, report: Report): Balanced {
  // Indentation decides which bracket is at fault, but only where something is: bad indentation alone is no mistake.
  let faults = findFaults(tokens, false);
  if (faults.length > 0) faults = findFaults(tokens, true);
  const insertions = new Map<number, IToken[]>();
  const mended = new Set<IToken>();
  const strays = new Set<IToken>();
  for (const fault of faults) {
    if (fault.kind === "stray") {
      strays.add(fault.token);
      report(strayBracket(source, fault.token));
      continue;
    }
    const innermost = at(fault.open, 0);
    const isBrace = is(innermost.token, LBrace);
    const index = isBrace
      ? beforeLineBreaks(tokens, fault.limit)
      : mendAt(tokens, innermost.index, fault.limit);
    // A quoted text without an end takes the rest of its line, closers among it, and is reported by itself.
    const isQuoted =
      !isBrace && tokens.slice(innermost.index, index).some((token) => is(token, UnclosedText));
    if (!isQuoted) report(unclosedBracket(source, innermost.token));
    const inserted = fault.open.map((open) => inventCloser(tokens, open.token, index));
    for (const closer of isBrace ? [] : inserted) mended.add(closer);
    insertions.set(index, (insertions.get(index) ?? []).concat(inserted));
  }
  const out: IToken[] = [];
  for (let index = 0; index <= tokens.length; index++) {
    for (const closer of insertions.get(index) ?? []) out.push(closer);
    const token = tokens[index];
    if (token !== undefined && !strays.has(token)) out.push(token);
  }
  return { tokens: cutDeepBraces(out, source, report), mended };
}

function findFaults(tokens: readonly IToken[], trustIndent: boolean): Fault[] {
  const faults: Fault[] = [];
  const stack = new BracketStack();
  let indent = 0;
  const giveUp = (limit: number, count: number): void => {
    const open = stack.drop(count);
    const round = open.findIndex((entry) => is(entry.token, LBrace));
    const inner = round < 0 ? open : open.slice(0, round);
    if (inner.length > 0) faults.push({ kind: "unclosed", open: inner, limit });
    // Past the limit of nesting one message says enough.
    for (const entry of round < 0 ? [] : open.slice(round).slice(-MAX_BRACES)) {
      faults.push({ kind: "unclosed", open: [entry], limit });
    }
  };
  tokens.forEach((token, index) => {
    const startsLine = index === 0 || is(tokens[index - 1], LineBreak);
    if (startsLine && !is(token, LineBreak)) indent = token.startColumn ?? 1;
    if (startsLine && stack.size > 0 && startsDeclaration(tokens, index)) giveUp(index, stack.size);
    if (is(token, LBrace) || is(token, RBrace)) giveUp(index, stack.round);
    if (isOpener(token)) stack.push({ token, index, indent });
    if (!isCloser(token)) return;
    const above = stack.above(kindOf(token, closers));
    const byIndent = trustIndent && startsLine && is(token, RBrace);
    if (above === null || (byIndent && stack.isAlien(indent))) {
      faults.push({ kind: "stray", token });
      return;
    }
    giveUp(index, byIndent ? stack.deeper(indent) : above);
    stack.drop(1);
  });
  giveUp(tokens.length, stack.size);
  return faults;
}

/** Which of the counts of a {@link BracketStack} a kind of bracket has; braces have none. */
const PARENTHESIS = 0;
const BRACE = 2;

/** The brackets open at a place. Counts make every question cheap, whatever a file of brackets looks like. */
class BracketStack {
  private readonly entries: Open[] = [];
  /** Per open `{`, and once for outside of all: how many `(` and `[` are open directly in it. */
  private readonly counts: { parentheses: number; brackets: number }[] = [{ parentheses: 0, brackets: 0 }];

  get size(): number {
    return this.entries.length;
  }

  /** Number of open `(` and `[` above the innermost `{`. */
  get round(): number {
    const { parentheses, brackets } = at(this.counts, -1);
    return parentheses + brackets;
  }

  push(entry: Open): void {
    this.entries.push(entry);
    const kind = kindOf(entry.token, openers);
    if (kind === BRACE) this.counts.push({ parentheses: 0, brackets: 0 });
    else this.count(kind, 1);
  }

  /** Takes off the last `count` brackets, innermost first. */
  drop(count: number): Open[] {
    const dropped = this.entries.splice(this.entries.length - count).reverse();
    for (const { token } of dropped) {
      const kind = kindOf(token, openers);
      if (kind === BRACE) this.counts.pop();
      else this.count(kind, -1);
    }
    return dropped;
  }

  private count(kind: number, change: number): void {
    const counts = at(this.counts, -1);
    if (kind === PARENTHESIS) counts.parentheses += change;
    else counts.brackets += change;
  }

  /** How many brackets stand above the innermost one of a kind, or null where none is open. Only `}` closes across braces. */
  above(kind: number): number | null {
    const { parentheses, brackets } = at(this.counts, -1);
    const open = kind === BRACE ? this.counts.length - 1 : kind === PARENTHESIS ? parentheses : brackets;
    if (open === 0) return null;
    const last = this.entries.length - 1;
    return last - this.entries.findLastIndex((entry) => kindOf(entry.token, openers) === kind);
  }

  /** Whether a `}` at an indentation belongs to no open `{`, being further in than the innermost. */
  isAlien(indent: number): boolean {
    return indent > at(this.entries, -1).indent && !this.near(indent);
  }

  /** How many `{` were opened further in than the one at this indentation, and must have lost their `}`. */
  deeper(indent: number): number {
    if (!this.near(indent)) return 0;
    const last = this.entries.length - 1;
    return last - this.entries.findLastIndex((entry) => entry.indent === indent);
  }

  private near(indent: number): boolean {
    return this.entries.slice(-MAX_BRACES).some((entry) => entry.indent === indent);
  }
}

/** A line such as `module Linear(…` can only be a declaration, since two names never stand side by side in a value. */
function startsDeclaration(tokens: readonly IToken[], index: number): boolean {
  const first = tokens[index];
  const next = tokens[index + 1];
  if (!declarationWords.some((type) => is(first, type))) return false;
  return is(next, Name) || (is(first, word.import) && is(next, QuotedText));
}

/** Where a forgotten `)` most likely belongs: the first line end at which the statement could be over. */
function mendAt(tokens: readonly IToken[], open: number, limit: number): number {
  let depth = 0;
  for (let index = open + 1; index < limit; index++) {
    const token = at(tokens, index);
    if (isOpener(token)) depth++;
    else if (isCloser(token)) depth--;
    if (depth > 0 || !is(token, LineBreak)) continue;
    if (is(tokens[index - 1], LineBreak)) continue;
    let next = index + 1;
    while (is(tokens[next], LineBreak)) next++;
    const goesOn = index - 1 === open || continuesLine(at(tokens, index - 1));
    if (!goesOn && next < limit && startsStatement(tokens, next)) return index;
  }
  return beforeLineBreaks(tokens, limit);
}

function beforeLineBreaks(tokens: readonly IToken[], limit: number): number {
  let index = limit;
  while (is(tokens[index - 1], LineBreak)) index--;
  return index;
}

/** Whether a token can only be the beginning of a statement, so that what is above must be complete. */
export function startsStatement(tokens: readonly IToken[], index: number): boolean {
  const token = tokens[index];
  if (is(token, reserved.param) || is(token, reserved.return) || is(token, RBrace)) return true;
  const next = tokens[index + 1];
  // `+ n unlabelled` has the one word that follows a value.
  return is(token, Name) && (is(next, Equals) || (is(next, Name) && !is(next, word.unlabelled)));
}

const continuations = [
  ...[BinaryOperator, Equals, Comma, Colon, Dot],
  ...[reserved.if, reserved.then, reserved.else, reserved.for, reserved.in, reserved.not],
];

/** Whether a line that ends with this token goes on in the next one. */
export function continuesLine(token: IToken): boolean {
  return token.image === "->" || continuations.some((type) => is(token, type));
}

function inventCloser(tokens: readonly IToken[], open: IToken, index: number): IToken {
  const before = tokens[index - 1] ?? open;
  const type = at(closers, kindOf(open, openers));
  const offset = endOf(before);
  return createTokenInstance(type, "", offset, offset - 1, 0, 0, 0, 0);
}

function cutDeepBraces(tokens: readonly IToken[], source: Source, report: Report): readonly IToken[] {
  let depth = 0;
  return tokens.filter((token) => {
    if (is(token, LBrace)) {
      depth++;
      if (depth === MAX_BRACES + 1) report(bracesTooDeep(source, token));
    }
    const kept = depth <= MAX_BRACES;
    if (is(token, RBrace)) depth--;
    return kept;
  });
}
