/**
 * Runs the grammar over a file, one top-level item at a time. After a failure the smallest statement around it is left
 * out and the item is read again: what is reported next would also be wrong if the first mistake were mended, and all
 * other statements survive.
 */
import type { CstNode, IRecognitionException, IToken } from "chevrotain";
import { at } from "../base/invariant.ts";
import type { Source } from "../diagnostics/source.ts";
import { isCloser, isOpener } from "./brackets.ts";
import { explain } from "./explain.ts";
import { grammar } from "./grammar.ts";
import { lexicalProblem, type Report, valueTooDeep } from "./messages.ts";
import {
  endsOfItem,
  type Item,
  isBlock,
  looksLikeMethod,
  type Outline,
  tokensOfBlock,
  tokensOfItem,
} from "./outline.ts";
import { BinaryOperator, Comma, Dot, is, LineBreak, RBrace, reserved, word } from "./tokens.ts";

/** Bounds how deep a tree of values can get, so that no later stage needs a deep stack. Brackets count for several steps. */
const MAX_STEPS = 1000;
const STEPS_OF_BRACKET = 8;

/** Attempts at one item, each of which finds one mistake. */
const MAX_ATTEMPTS = 50;

type Rule = () => CstNode;

interface Reading {
  /** The concrete trees of the top-level items that could be read, without their broken statements. */
  readonly trees: ReadonlyMap<Item, CstNode>;
  /** Statements and whole declarations that are in no tree. */
  readonly broken: ReadonlySet<Item>;
}

/** Reads every top-level item. */
export function readItems(source: Source, outline: Outline, report: Report): Reading {
  const reader = new Reader(source, outline.mended, report);
  const trees = new Map<Item, CstNode>();
  for (const item of outline.items) {
    const tree = reader.item(item);
    if (tree === null) reader.broken.add(item);
    else trees.set(item, tree);
  }
  return { trees, broken: reader.broken };
}

/** The concrete tree of a value that stands alone, or null after reporting why there is none. */
export function readValue(
  source: Source,
  tokens: readonly IToken[],
  mended: ReadonlySet<IToken>,
  report: Report,
): CstNode | null {
  if (reportDamage(source, tokens, mended, report)) return null;
  const { tree, error } = run(() => grammar().expression(), tokens);
  if (error !== null) report(explain(source, tokens, error));
  return error === null ? tree : null;
}

class Reader {
  private readonly source: Source;
  private readonly mended: ReadonlySet<IToken>;
  private readonly report: Report;
  readonly broken = new Set<Item>();

  constructor(source: Source, mended: ReadonlySet<IToken>, report: Report) {
    this.source = source;
    this.mended = mended;
    this.report = report;
  }

  item(item: Item): CstNode | null {
    this.leaveOutDamaged([item]);
    const tree = this.attempt(
      () => grammar().declaration(),
      () => (this.broken.has(item) ? null : tokensOfItem(item, this.broken)),
      ownersIn([item]),
    );
    if (this.broken.has(item)) this.checkInside(item, true);
    return tree;
  }

  /** Marks statements with unreadable characters, forgotten brackets or too many steps, after saying so. */
  private leaveOutDamaged(items: readonly Item[]): void {
    for (const item of items) {
      const own = item.parts.flatMap((part) => (isBlock(part) ? [part.open, part.close] : [part]));
      if (reportDamage(this.source, own, this.mended, this.report)) this.broken.add(item);
      for (const part of item.parts) if (isBlock(part)) this.leaveOutDamaged(part.items);
    }
  }

  /** Applies a rule until it succeeds, leaving out one broken statement after each failure. */
  private attempt(
    rule: Rule,
    input: () => IToken[] | null,
    owners: ReadonlyMap<IToken, Item>,
  ): CstNode | null {
    for (let count = 0; count < MAX_ATTEMPTS; count++) {
      const tokens = input();
      if (tokens === null) return null;
      const { tree, error } = run(rule, tokens);
      if (error === null) return tree;
      this.report(explain(this.source, tokens, error));
      const culprit = culpritOf(tokens, error, owners);
      if (culprit === null) return null;
      this.broken.add(culprit);
      const rest = restOfChoice(tokens, error, owners);
      if (rest !== null) this.broken.add(rest);
      this.checkInside(culprit, false);
    }
    return null;
  }

  /** Reads the block of an item whose head is broken, only to report what is wrong inside as well. */
  private checkInside(item: Item, isTop: boolean): void {
    const rule = blockRule(item, isTop);
    if (rule === null) return;
    for (const block of item.parts.filter(isBlock)) {
      this.attempt(rule, () => tokensOfBlock(block, this.broken), ownersIn(block.items));
    }
  }
}

/** Which statement to blame: that of the token, or the one before it where a statement ended too soon. */
function culpritOf(
  tokens: readonly IToken[],
  error: IRecognitionException,
  owners: ReadonlyMap<IToken, Item>,
): Item | null {
  const index = tokens.indexOf(error.token);
  const found = tokens[index];
  const ends = found === undefined || is(found, LineBreak) || is(found, RBrace);
  const blamed = ends ? tokens[(index < 0 ? tokens.length : index) - 1] : found;
  return (blamed && owners.get(blamed)) ?? null;
}

/** The line with the `else` that was missed at the end of the line above: part of the same mistake. */
function restOfChoice(
  tokens: readonly IToken[],
  error: IRecognitionException,
  owners: ReadonlyMap<IToken, Item>,
): Item | null {
  const next = is(error.token, LineBreak) ? tokens[tokens.indexOf(error.token) + 1] : undefined;
  const isRest = next !== undefined && (is(next, reserved.then) || is(next, reserved.else));
  return isRest ? (owners.get(next) ?? null) : null;
}

/** The innermost item of every token; a brace belongs to the item whose block it opens or closes. */
function ownersIn(items: readonly Item[]): Map<IToken, Item> {
  const owners = new Map<IToken, Item>();
  const visit = (item: Item): void => {
    for (const part of item.parts) {
      if (!isBlock(part)) owners.set(part, item);
      else {
        owners.set(part.open, item).set(part.close, item);
        part.items.forEach(visit);
      }
    }
  };
  items.forEach(visit);
  return owners;
}

/** The rule for the block of an item, guessed from how the item starts. */
function blockRule(item: Item, isTop: boolean): Rule | null {
  const { first } = endsOfItem(item);
  if (!isTop) {
    if (is(first, word.phase)) return () => grammar().phaseBlock();
    return looksLikeMethod(item) ? () => grammar().methodBlock() : null;
  }
  if (is(first, word.interface)) return () => grammar().interfaceBlock();
  if (is(first, word.function)) return () => grammar().methodBlock();
  if (is(first, word.module)) return () => grammar().moduleBlock();
  if (is(first, word.train)) return () => grammar().trainBlock();
  if (is(first, word.weights)) return () => grammar().weightsBlock();
  if (!is(first, word.model)) return null;
  const isVariant = item.parts.some((part) => !isBlock(part) && part.image === "=");
  return isVariant ? () => grammar().variantBlock() : () => grammar().modelBlock();
}

function run(rule: Rule, tokens: readonly IToken[]): { tree: CstNode; error: IRecognitionException | null } {
  const parser = grammar();
  parser.input = [...tokens];
  const tree = rule();
  return { tree, error: parser.errors[0] ?? null };
}

/** Reports what makes tokens unfit for the grammar; true if anything does. */
function reportDamage(
  source: Source,
  tokens: readonly IToken[],
  mended: ReadonlySet<IToken>,
  report: Report,
): boolean {
  const lexical = tokens.flatMap((token) => lexicalProblem(source, token) ?? []);
  lexical.forEach(report);
  const deep = lexical.length === 0 ? firstTooDeep(tokens) : null;
  if (deep !== null) report(valueTooDeep(source, deep));
  return lexical.length > 0 || deep !== null || tokens.some((token) => mended.has(token));
}

/** The token at which a statement goes deeper than a later stage could follow, by counting operators and open brackets. */
function firstTooDeep(tokens: readonly IToken[]): IToken | null {
  const outer: number[] = [];
  let steps = 0;
  for (const token of tokens) {
    if (isOpener(token)) {
      outer.push(steps + 1);
      steps += STEPS_OF_BRACKET;
    } else if (isCloser(token)) steps = outer.pop() ?? 0;
    else if (is(token, Comma)) steps = outer.length === 0 ? 0 : at(outer, -1) + STEPS_OF_BRACKET - 1;
    else if (is(token, reserved.if)) steps += STEPS_OF_BRACKET;
    else if (is(token, BinaryOperator) || is(token, Dot) || is(token, reserved.not)) steps++;
    if (steps > MAX_STEPS) return token;
  }
  return null;
}
