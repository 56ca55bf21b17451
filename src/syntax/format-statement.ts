/**
 * Layout of one statement from its tokens, which are all kept: parentheses that nobody needs as well as comments. Only
 * spaces, line ends and commas before a closing bracket change.
 */
import type { CstNode, IToken } from "chevrotain";
import { at } from "../base/invariant.ts";
import { isCloser, isOpener } from "./brackets.ts";
import { bindingOf } from "./build-expression.ts";
import { leaves } from "./cst.ts";
import { choice, group, hardLine, indent, type Layout, line, note, sequence, softLine } from "./layout.ts";
import { standsAlone } from "./outline.ts";
import * as t from "./tokens.ts";

/** What the formatter knows about a file besides its tokens. */
export interface Context {
  readonly text: string;
  /** Comments by the offset of the token behind them. */
  readonly comments: ReadonlyMap<number, readonly IToken[]>;
  /** The rule that read a token, and the name that it has there. */
  readonly roles: ReadonlyMap<IToken, Role>;
}

interface Role {
  readonly rule: string;
  readonly kind: string;
}

export function rolesOf(trees: Iterable<CstNode>): Map<IToken, Role> {
  const roles = new Map<IToken, Role>();
  for (const tree of trees)
    for (const { token, kind, rule } of leaves(tree)) roles.set(token, { rule, kind });
  return roles;
}

interface Bracket {
  readonly open: IToken;
  readonly inside: readonly Piece[];
  readonly close: IToken;
}
type Piece = IToken | Bracket;

const isBracket = (piece: Piece): piece is Bracket => "inside" in piece;
const firstOf = (piece: Piece): IToken => (isBracket(piece) ? piece.open : piece);
const lastOf = (piece: Piece): IToken => (isBracket(piece) ? piece.close : piece);

/** The layout of a statement's own tokens, without a block that may follow. */
export function layoutStatement(context: Context, tokens: readonly IToken[]): Layout {
  return layoutRun(context, nest(tokens), LIST);
}

function nest(tokens: readonly IToken[]): Piece[] {
  const outer: { open: IToken; pieces: Piece[] }[] = [];
  let pieces: Piece[] = [];
  for (const token of tokens) {
    if (isOpener(token)) {
      outer.push({ open: token, pieces });
      pieces = [];
    } else if (isCloser(token)) {
      const { open, pieces: around } = at(outer, -1);
      outer.pop();
      around.push({ open, inside: pieces, close: token });
      pieces = around;
    } else pieces.push(token);
  }
  return pieces;
}

/** Places where a run may break, loosest first: commas, then the sides of `if`, then operators as they bind. */
const LIST = -2;
const SIDES = -1;

function breakAfter(context: Context, piece: Piece): number | null {
  if (isBracket(piece)) return null;
  if (t.is(piece, t.Comma)) return LIST;
  if (t.is(piece, t.reserved.then) || t.is(piece, t.reserved.else)) return SIDES;
  const role = context.roles.get(piece);
  // A line that ends with the `<` of a type could go on with `V = …`, which would look like the next statement.
  const isTight =
    t.is(piece, t.Caret) || t.is(piece, t.DotDot) || role?.kind === "prefix" || role?.rule === "tensorType";
  return t.is(piece, t.BinaryOperator) && !isTight ? bindingOf(piece) : null;
}

/** Pieces side by side. The loosest operators break first and all together. */
function layoutRun(context: Context, pieces: readonly Piece[], least: number): Layout {
  const levels = pieces.map((piece) => breakAfter(context, piece));
  const loosest = levels.reduce<number>(
    (low, own) => (own !== null && own >= least && own < low ? own : low),
    99,
  );
  const parts: Layout[] = [];
  let start = 0;
  for (let end = 1; end <= pieces.length; end++) {
    if (end < pieces.length && levels[end - 1] !== loosest) continue;
    const run = pieces.slice(start, end);
    const inner = loosest === 99 ? layoutFlat(context, run) : layoutRun(context, run, loosest + 1);
    const before = pieces[start - 1];
    parts.push(before === undefined ? inner : indent(gap(context, at(run, 0), line), inner));
    start = end;
  }
  return parts.length === 1 ? at(parts, 0) : group(...parts);
}

/** Pieces that only break inside of brackets. */
function layoutFlat(context: Context, pieces: readonly Piece[]): Layout {
  const parts = pieces.map((piece, index) => {
    const inner = isBracket(piece) ? layoutBracket(context, piece) : piece.image;
    const before = pieces[index - 1];
    if (before === undefined) return inner;
    const space = needsSpace(context, lastOf(before), firstOf(piece)) ? " " : "";
    const comments = commentsBefore(context, firstOf(piece));
    return comments.length === 0 ? sequence(space, inner) : indent(...comments, hardLine, inner);
  });
  return sequence(...parts);
}

/** What stands between two pieces: the comments there and a line end, or else `usual`. */
function gap(context: Context, next: Piece, usual: Layout): Layout {
  const comments = commentsBefore(context, firstOf(next));
  return comments.length === 0 ? usual : sequence(...comments, hardLine);
}

/** Comments inside a statement: behind what they follow if they stood in that line, else in lines of their own. */
function commentsBefore(context: Context, token: IToken): Layout[] {
  return (context.comments.get(token.startOffset) ?? []).map((comment) =>
    sequence(standsAlone(context.text, comment) ? hardLine : " ", note(comment.image.trimEnd())),
  );
}

function layoutBracket(context: Context, bracket: Bracket): Layout {
  const { open, inside, close } = bracket;
  const items = splitItems(context, inside);
  const [only] = items;
  const end = gap(context, close, softLine);
  if (only === undefined || items.every((item) => item.pieces.length === 0)) {
    return end === softLine ? `${open.image}${close.image}` : group(open.image, indent(end), close.image);
  }
  const hugged =
    items.length === 1 && only.pieces.length === 1 && only.comma === null ? only.pieces[0] : undefined;
  if (hugged && isBracket(hugged) && end === softLine && commentsBefore(context, hugged.open).length === 0) {
    return sequence(open.image, layoutBracket(context, hugged), close.image);
  }
  const lines = items.flatMap(({ pieces, comma }, index) => {
    const start = gap(context, at(pieces, 0), index === 0 ? softLine : line);
    const late = comma ? commentsBefore(context, comma) : [];
    const isLast = index === items.length - 1;
    const sign = isLast ? (endsWithComma(context, bracket) ? choice(",", "") : "") : ",";
    return [start, layoutItem(context, pieces), sign, ...late];
  });
  const closing = commentsBefore(context, close);
  const isBroken = closing.length > 0 ? hardLine : softLine;
  return group(open.image, indent(...lines, ...closing), isBroken, close.image);
}

interface ListItem {
  readonly pieces: Piece[];
  comma: IToken | null;
}

function splitItems(context: Context, inside: readonly Piece[]): ListItem[] {
  const items: ListItem[] = [];
  let open: ListItem | null = null;
  for (const piece of inside) {
    if (open === null) {
      open = { pieces: [], comma: null };
      items.push(open);
    }
    const isComma = !isBracket(piece) && t.is(piece, t.Comma);
    if (isComma && context.roles.get(piece)?.rule !== "comprehension") {
      open.comma = piece;
      open = null;
    } else open.pieces.push(piece);
  }
  return items;
}

/** Whether the last of several lines in a bracket takes a comma. */
function endsWithComma(context: Context, { open, inside }: Bracket): boolean {
  const rule = context.roles.get(open)?.rule;
  if (rule === "grouping" || rule === "pathPart") return false;
  return !inside.some((piece) => !isBracket(piece) && context.roles.get(piece)?.rule === "comprehension");
}

/** One item; `for` starts a new line where the whole does not fit. */
function layoutItem(context: Context, pieces: readonly Piece[]): Layout {
  const split = pieces.findIndex((piece) => !isBracket(piece) && t.is(piece, t.reserved.for));
  if (split < 0) return layoutRun(context, pieces, LIST);
  const [body, tail] = [pieces.slice(0, split), pieces.slice(split)];
  const words = tail.findIndex((piece) => !isBracket(piece) && t.is(piece, t.reserved.in)) + 1;
  const over = layoutRun(context, tail.slice(words), LIST);
  const variables = layoutFlat(context, tail.slice(0, words));
  const value = sequence(variables, gap(context, at(tail, words), " "), over);
  return group(layoutRun(context, body, LIST), gap(context, at(tail, 0), line), value);
}

const tightAround = [t.Dot, t.DotDot, t.Caret];
const tightBefore = [t.Comma, t.Tilde, t.DotNumber];
const tightOpeners = new Set(["arguments", "parameters", "signature", "axes", "pathPart"]);
const tightColons = new Set(["parameter", "argument", "field"]);

function needsSpace(context: Context, before: IToken, after: IToken): boolean {
  const role = context.roles.get(after);
  const roleBefore = context.roles.get(before);
  // `1 .x` means nothing, but closed up it would not even be read.
  if (t.is(before, t.NumberLiteral) && t.is(after, t.Dot)) return true;
  if (tightBefore.some((type) => t.is(after, type))) return false;
  if (tightAround.some((type) => t.is(after, type) || t.is(before, type))) return false;
  if (t.is(after, t.Colon)) return !tightColons.has(role?.rule ?? "");
  if (isOpener(after) && tightOpeners.has(role?.rule ?? "")) {
    const isGroup = role?.rule === "arguments" && /^path/.test(roleBefore?.rule ?? "");
    return isGroup;
  }
  return roleBefore?.kind !== "prefix" || t.is(before, t.reserved.not) || t.is(before, t.word.prefix);
}
