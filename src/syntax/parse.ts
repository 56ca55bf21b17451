/** From text to syntax tree: the entry of this folder. */
import type { CstNode } from "chevrotain";
import type { Problems } from "../diagnostics/problems.ts";
import type { Source } from "../diagnostics/source.ts";
import type { Declaration, Expression, File, Import } from "./ast.ts";
import { buildDeclaration } from "./build-ast.ts";
import { buildExpression } from "./build-expression.ts";
import type { Builder } from "./cst.ts";
import { emptyValue, type Report } from "./messages.ts";
import {
  docBefore,
  type Item,
  isBlock,
  itemsAt,
  type Outline,
  outlineOf,
  spanOfItem,
  tokensOfValue,
} from "./outline.ts";
import { readItems, readValue } from "./recover.ts";

/** A text that is no spec at all would fill screens; nobody reads further than this. */
const MAX_PROBLEMS = 100;

/**
 * Reads a whole file. Every independent syntax error is reported (up to a hundred); the tree holds what could be read:
 * a statement with an error is left out, a declaration whose first line has one is left out whole.
 */
export function parseFile(source: Source, problems: Problems): File {
  const { file } = parseWithTrees(source, problems);
  return file;
}

/** The tree together with what the formatter needs: the outline, the comments in it, and the grammar's trees. */
export function parseWithTrees(
  source: Source,
  problems: Problems,
): { file: File; outline: Outline; trees: ReadonlyMap<Item, CstNode> } {
  const places: number[] = [];
  const pass = limited(problems);
  const report: Report = (problem) => {
    if (problem.primary !== null) places.push(problem.primary.span.start);
    pass(problem);
  };
  const outline = outlineOf(source, report);
  const { trees, broken } = readItems(source, outline, report);
  const missing = [...broken].filter(({ parts }) => parts.length > 0).map((item) => spanOfItem(source, item));
  const builder: Builder = {
    source,
    report,
    docAt: (offset) => docBefore(outline, source, offset),
    isMissing: ({ start, end }) => missing.some((span) => start <= span.start && span.end <= end),
  };
  const imports: Import[] = [];
  const declarations: Declaration[] = [];
  const lost: Item[] = [];
  for (const [item, tree] of trees) {
    const declaration = buildDeclaration(builder, tree);
    if (declaration === null) lost.push(item);
    else if ("kind" in declaration) declarations.push(declaration);
    else imports.push(declaration);
  }
  // Brackets out of place and mistakes of meaning leave a statement in the tree, which may then say something else than was meant.
  const around = itemsAt(source, outline.items, places);
  const unread = [...new Set([...broken, ...lost, ...around])]
    .filter(({ parts }) => parts.length > 0)
    .map((item) => ({ span: spanOfItem(source, item), isStatement: !item.parts.some(isBlock) }));
  return { file: { source, imports, declarations, unread }, outline, trees };
}

/** Reads one value, such as the `Orthogonal()` of `--set penalty=Orthogonal()`; null after reporting why it is none. */
export function parseExpression(source: Source, problems: Problems): Expression | null {
  let failed = false;
  const pass = limited(problems);
  const report: Report = (problem) => {
    failed = true;
    pass(problem);
  };
  const { tokens, mended } = tokensOfValue(source, report);
  if (tokens.length === 0) {
    report(emptyValue(source));
    return null;
  }
  const tree = readValue(source, tokens, mended, report);
  if (tree === null) return null;
  const value = buildExpression({ source, report, docAt: () => "", isMissing: () => false }, tree);
  return failed ? null : value;
}

function limited(problems: Problems): Report {
  let count = 0;
  return (problem) => {
    if (count < MAX_PROBLEMS) problems.add(problem);
    count++;
  };
}
