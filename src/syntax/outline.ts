/**
 * The outline of a file: statements, and the statements in the braces of statements. It is found from line ends and
 * braces alone, before any grammar, so that a statement with a mistake can be left out and its neighbours still read.
 */
import type { IToken } from "chevrotain";
import { at } from "../base/invariant.ts";
import type { Source, Span } from "../diagnostics/source.ts";
import { balanceBrackets, continuesLine, isCloser, isOpener, startsStatement } from "./brackets.ts";
import type { Report } from "./messages.ts";
import { Comma, Comment, DocComment, endOf, is, LBrace, LineBreak, LParen, RBrace, scan } from "./tokens.ts";

/** One statement or declaration. A line of members with commas between them is one item, too. */
export interface Item {
  readonly parts: (IToken | Block)[];
  /** The line end before it, which separates it from the item above; null for the first. */
  readonly lineBreak: IToken | null;
}

export interface Block {
  readonly open: IToken;
  readonly items: Item[];
  readonly close: IToken;
}

export interface Outline {
  readonly items: readonly Item[];
  /** Comments, by the offset of the token that follows them; those at the end of the file by the length of the text. */
  readonly comments: ReadonlyMap<number, readonly IToken[]>;
  /** Closers that were inserted for forgotten ones; see `brackets.ts`. */
  readonly mended: ReadonlySet<IToken>;
}

export function isBlock(part: IToken | Block): part is Block {
  return "items" in part;
}

/** Reads a file's text as items. Every bracket that is out of place has been reported and mended. */
export function outlineOf(source: Source, report: Report): Outline {
  const { code, comments } = separateComments(source);
  const { tokens, mended } = balanceBrackets(code, source, report);
  return { items: toItems(dropSoftBreaks(tokens)), comments, mended };
}

/** The tokens of a text in which line ends mean nothing, for a single value. */
export function tokensOfValue(
  source: Source,
  report: Report,
): { tokens: readonly IToken[]; mended: ReadonlySet<IToken> } {
  const { tokens, mended } = balanceBrackets(separateComments(source).code, source, report);
  return { tokens: tokens.filter((token) => !is(token, LineBreak)), mended };
}

function separateComments(source: Source): { code: IToken[]; comments: Map<number, IToken[]> } {
  const comments = new Map<number, IToken[]>();
  const code: IToken[] = [];
  let waiting: IToken[] = [];
  const hang = (offset: number): void => {
    if (waiting.length > 0) comments.set(offset, waiting);
    waiting = [];
  };
  for (const token of scan(source.text)) {
    if (is(token, Comment) || is(token, DocComment)) waiting.push(token);
    else {
      if (!is(token, LineBreak)) hang(token.startOffset);
      code.push(token);
    }
  }
  hang(source.text.length);
  return { code, comments };
}

/** Keeps only the line ends that end a statement, one for any number of empty lines. */
function dropSoftBreaks(tokens: readonly IToken[]): IToken[] {
  const out: IToken[] = [];
  let round = 0;
  let pending: IToken | null = null;
  tokens.forEach((token, index) => {
    if (is(token, LineBreak)) {
      pending ??= token;
      return;
    }
    const before = out.at(-1);
    if (pending !== null && before !== undefined && round === 0 && endsStatement(before, tokens, index)) {
      out.push(pending);
    }
    pending = null;
    out.push(token);
    if (!is(token, LBrace) && isOpener(token)) round++;
    else if (!is(token, RBrace) && isCloser(token)) round--;
  });
  return out;
}

/** Whether a line end between `before` and the token at `index` ends a statement. */
function endsStatement(before: IToken, tokens: readonly IToken[], index: number): boolean {
  const after = at(tokens, index);
  if (is(before, LBrace) || is(after, LBrace) || is(after, RBrace)) return false;
  // `x =` with `y = 2` below it is an unfinished line, not a value called `y`.
  if (continuesLine(before)) return !is(before, Comma) && startsStatement(tokens, index);
  return true;
}

function toItems(tokens: readonly IToken[]): Item[] {
  const top: Item[] = [];
  const open: { readonly brace: IToken; readonly items: Item[] }[] = [];
  let items = top;
  let item: Item | null = null;
  let lineBreak: IToken | null = null;
  for (const token of tokens) {
    if (is(token, LineBreak)) {
      item = null;
      lineBreak = token;
      continue;
    }
    if (is(token, RBrace)) {
      const { brace, items: inside } = at(open, -1);
      open.pop();
      items = open.length === 0 ? top : at(open, -1).items;
      item = at(items, -1);
      item.parts.push({ open: brace, items: inside, close: token });
      continue;
    }
    if (item === null) {
      item = { parts: [], lineBreak };
      items.push(item);
    }
    lineBreak = null;
    if (is(token, LBrace)) {
      open.push({ brace: token, items: [] });
      items = at(open, -1).items;
      item = null;
    } else item.parts.push(token);
  }
  return top;
}

/** The tokens of an item in the order of the text, without those of the items in `without`. */
export function tokensOfItem(item: Item, without: ReadonlySet<Item>): IToken[] {
  return item.parts.flatMap((part) => (isBlock(part) ? tokensOfBlock(part, without) : [part]));
}

/** The tokens of a block with its braces, without those of the items in `without`. */
export function tokensOfBlock(block: Block, without: ReadonlySet<Item>): IToken[] {
  const kept = block.items.filter((item) => !without.has(item));
  const inside = kept.flatMap((item, index) => {
    const tokens = tokensOfItem(item, without);
    return index > 0 && item.lineBreak !== null ? [item.lineBreak, ...tokens] : tokens;
  });
  return [block.open, ...inside, block.close];
}

/** First and last token of an item. */
export function endsOfItem(item: Item): { first: IToken; last: IToken } {
  const first = at(item.parts, 0);
  const last = at(item.parts, -1);
  return { first: isBlock(first) ? first.open : first, last: isBlock(last) ? last.close : last };
}

/** The place of an item, from its first to its last token. */
export function spanOfItem(source: Source, item: Item): Span {
  const { first, last } = endsOfItem(item);
  return { source, start: first.startOffset, end: endOf(last) };
}

/** The innermost items around offsets, in one pass over the items. */
export function itemsAt(
  source: Source,
  items: readonly Item[],
  offsets: readonly number[],
): ReadonlySet<Item> {
  const waiting = [...offsets].sort((a, b) => b - a);
  const found = new Set<Item>();
  /** Gives the offsets before `end` to the item that they lie in directly. */
  const take = (end: number, item: Item | null): void => {
    while (waiting.length > 0 && at(waiting, -1) < end) {
      waiting.pop();
      if (item !== null) found.add(item);
    }
  };
  const visit = (inner: readonly Item[], outer: Item | null): void => {
    // What was cut off beyond the limit of nesting leaves items with nothing in them.
    for (const item of inner.filter(({ parts }) => parts.length > 0)) {
      const { start, end } = spanOfItem(source, item);
      take(start, outer);
      for (const block of item.parts.filter(isBlock)) visit(block.items, item);
      take(end + 1, item);
    }
  };
  visit(items, null);
  return found;
}

/** The text of the `///` lines directly before the token at `offset`, without the slashes. */
export function docBefore(outline: Outline, source: Source, offset: number): string {
  const comments = outline.comments.get(offset) ?? [];
  const lines = comments.filter((comment) => is(comment, DocComment) && standsAlone(source.text, comment));
  return lines.map((comment) => comment.image.slice(3).replace(/^ /, "").trimEnd()).join("\n");
}

/** Whether nothing stands before a comment in its line. */
export function standsAlone(text: string, comment: IToken): boolean {
  const lineStart = text.lastIndexOf("\n", comment.startOffset - 1) + 1;
  return text.slice(lineStart, comment.startOffset).trim() === "";
}

/** Whether an item looks like a method: `(…`, or `name(…` that goes on behind the parenthesis. */
export function looksLikeMethod(item: Item): boolean {
  const [first, second] = item.parts;
  const opens = (part: IToken | Block | undefined): boolean =>
    part !== undefined && !isBlock(part) && is(part, LParen);
  return opens(first) || opens(second);
}
