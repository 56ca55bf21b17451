/** Access to the parser's concrete tree without casts, and what every builder needs. */
import type { CstElement, CstNode, IToken } from "chevrotain";
import { at, invariant } from "../base/invariant.ts";
import type { Source, Span } from "../diagnostics/source.ts";
import type { Identifier } from "./ast.ts";
import type { Report } from "./messages.ts";
import { spanOf } from "./messages.ts";

export interface Builder {
  readonly source: Source;
  readonly report: Report;
  /** The doc comment above what starts at an offset. */
  readonly docAt: (offset: number) => string;
  /** Whether a statement inside a place could not be read and is missing from the tree. */
  readonly isMissing: (place: Span) => boolean;
}

const isNode = (element: CstElement): element is CstNode => "children" in element;

/** The subtrees of a kind, in the order of the text. */
export function nodes(parent: CstNode, kind: string): CstNode[] {
  return (parent.children[kind] ?? []).filter(isNode);
}

/** The tokens of a kind that belong to this node itself, in the order of the text. */
export function tokens(parent: CstNode, kind: string): IToken[] {
  return (parent.children[kind] ?? []).flatMap((element) => (isNode(element) ? [] : [element]));
}

/** The one subtree of a kind; the grammar promises it. */
export function node(parent: CstNode, kind: string): CstNode {
  return at(nodes(parent, kind), 0);
}

/** The first token of a kind; the grammar promises it. */
export function token(parent: CstNode, kind: string): IToken {
  return at(tokens(parent, kind), 0);
}

/** All direct children, each with the name that the grammar gave it. */
export function children(parent: CstNode): { kind: string; element: CstElement }[] {
  return Object.entries(parent.children).flatMap(([kind, elements]) =>
    elements.map((element) => ({ kind, element })),
  );
}

/** The one subtree of a node that only chooses between rules. */
export function chosen(parent: CstNode): CstNode {
  const { element } = at(children(parent), 0);
  invariant(isNode(element), "a choice between rules holds a rule");
  return element;
}

/** The first token among the kinds that is there. */
export function tokenAmong(parent: CstNode, kinds: readonly string[]): IToken {
  return at(
    kinds.flatMap((kind) => tokens(parent, kind)),
    0,
  );
}

/** Every token below a node, with the rule that read it and the name that the rule gave it. */
export function* leaves(parent: CstNode): Generator<{ token: IToken; kind: string; rule: string }> {
  for (const { kind, element } of children(parent)) {
    if (isNode(element)) yield* leaves(element);
    else yield { token: element, kind, rule: parent.name };
  }
}

/** The text that a node covers. */
export function spanOfNode(builder: Builder, parent: CstNode): Span {
  const location = parent.location;
  invariant(location !== undefined, "the parser tracks places");
  const end = location.endOffset ?? location.startOffset;
  return { source: builder.source, start: location.startOffset, end: end + 1 };
}

export function identifier(builder: Builder, name: IToken): Identifier {
  return { name: name.image, span: spanOf(builder.source, name) };
}
