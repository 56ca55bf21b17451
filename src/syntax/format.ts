/** One canonical layout for every file: where lines, blank lines and comments go. What is in a line: `format-statement.ts`. */
import type { IToken } from "chevrotain";
import { at, invariant } from "../base/invariant.ts";
import { Problems } from "../diagnostics/problems.ts";
import type { Source } from "../diagnostics/source.ts";
import type { File } from "./ast.ts";
import { type Context, layoutStatement, rolesOf } from "./format-statement.ts";
import { choice, group, hardLine, indent, type Layout, line, note, print, sequence } from "./layout.ts";
import { type Block, type Item, isBlock, standsAlone } from "./outline.ts";
import { parseWithTrees } from "./parse.ts";
import { Equals, endOf, is, word } from "./tokens.ts";

const WIDTH = 110;

/**
 * The file in its canonical layout, or null when it cannot be read; then `problems` says why. The result has the same
 * syntax tree and the same comments, and formatting it again changes nothing.
 */
export function formatFile(source: Source, problems: Problems): string | null {
  const { file, outline, trees } = parseWithTrees(source, problems);
  if (problems.hasErrors) return null;
  const context = { text: source.text, comments: outline.comments, roles: rolesOf(trees.values()) };
  const members = membersOf(context, outline.items, 0, source.text.length);
  const layout = sequence(...layoutMembers(context, members, true));
  const text = print(layout, WIDTH).replace(/^\n+/, "");
  const formatted = text === "" ? "" : `${text}\n`;
  verify(file, formatted);
  return formatted;
}

/** A formatter that changes what a spec means would be worse than none, so the result is read again and compared. */
function verify(file: File, formatted: string): void {
  const problems = new Problems();
  const again = parseWithTrees({ path: file.source.path, text: formatted }, problems).file;
  const [first] = problems.all;
  invariant(first === undefined, `the formatted text of ${file.source.path} cannot be read: ${first?.text}`);
  invariant(shapeOf(again) === shapeOf(file), `formatting changed the meaning of ${file.source.path}`);
}

/** A file's tree as text, without places. */
function shapeOf({ imports, declarations }: File): string {
  const places = new Set(["span", "pathSpan"]);
  return JSON.stringify({ imports, declarations }, (key, value) => (places.has(key) ? undefined : value));
}

/** A statement, or one of several that shared a line, with the comments around it. */
interface Member {
  /** Comments in lines of their own above it, and whether an empty line stands before each. */
  readonly above: readonly { readonly text: string; readonly blank: boolean }[];
  readonly tokens: readonly IToken[];
  readonly block: Block | null;
  /** Whether an empty line stands directly before the first token. */
  readonly blank: boolean;
  /** The comment behind it in the same line. */
  behind: string | null;
}

interface Members {
  /** The comment in the line of the `{`. */
  readonly beside: string | null;
  readonly list: readonly Member[];
  /** Comments below the last member. */
  readonly below: Member["above"];
}

/** The members in `items`, which lie between the offsets `start` (behind `{`) and `end` (of `}`). */
function membersOf(context: Context, items: readonly Item[], start: number, end: number): Members {
  const list: Member[] = [];
  let beside: string | null = null;
  let last = start;
  const commentsAt = (offset: number): { above: Member["above"]; from: number } => {
    const above: { text: string; blank: boolean }[] = [];
    for (const comment of context.comments.get(offset) ?? []) {
      const text = comment.image.trimEnd();
      const member = list.at(-1);
      if (standsAlone(context.text, comment))
        above.push({ text, blank: hasBlankLine(context, last, comment.startOffset) });
      else if (member) member.behind = text;
      else beside = text;
      last = endOf(comment);
    }
    return { above, from: last };
  };
  for (const parts of items.flatMap((item) => splitLine(context, item))) {
    const first = at(parts.tokens, 0);
    const { above, from } = commentsAt(first.startOffset);
    list.push({ ...parts, above, blank: hasBlankLine(context, from, first.startOffset), behind: null });
    last = parts.block ? endOf(parts.block.close) : endOf(at(parts.tokens, -1));
  }
  const { above: below } = commentsAt(end);
  return { beside, list, below };
}

/** Members that share a line are separated by commas, which line ends replace. */
function splitLine(context: Context, item: Item): { tokens: IToken[]; block: Block | null }[] {
  const members: { tokens: IToken[]; block: Block | null }[] = [{ tokens: [], block: null }];
  for (const part of item.parts) {
    const member = at(members, -1);
    if (isBlock(part)) member.block = part;
    else if (context.roles.get(part)?.rule === "separator") members.push({ tokens: [], block: null });
    else member.tokens.push(part);
  }
  return members.filter((member) => member.tokens.length > 0);
}

function hasBlankLine(context: Context, from: number, to: number): boolean {
  return /\n[^\S\n]*\n/.test(context.text.slice(from, to));
}

/** Every member behind a line end of its own. */
function layoutMembers(context: Context, members: Members, isTop: boolean): Layout[] {
  const { list, below } = members;
  const lines: Layout[] = [];
  const newLine = (blank: boolean): void => {
    if (blank && lines.length > 0) lines.push(hardLine);
    lines.push(hardLine);
  };
  list.forEach((member, index) => {
    const before = list[index - 1];
    let apart = isTop && before !== undefined && (isLarge(before) || isLarge(member));
    for (const comment of member.above) {
      newLine(comment.blank || apart);
      lines.push(comment.text);
      apart = false;
    }
    newLine(member.blank || apart);
    lines.push(layoutMember(context, member));
    if (member.behind !== null) lines.push(note(` ${member.behind}`));
  });
  for (const comment of below) {
    newLine(comment.blank);
    lines.push(comment.text);
  }
  return lines;
}

/** Declarations with a body of their own stand apart from their neighbours. */
function isLarge(member: Member): boolean {
  return member.block !== null && !isVariant(member);
}

function isVariant({ tokens }: Member): boolean {
  return is(tokens[0], word.model) && is(tokens[2], Equals);
}

function layoutMember(context: Context, member: Member): Layout {
  const head = layoutStatement(context, member.tokens);
  const { block } = member;
  if (block === null) return head;
  const start = endOf(block.open);
  const inside = membersOf(context, block.items, start, block.close.startOffset);
  // A comment between the head and its brace moves behind the brace, where it must not become a doc comment.
  const moved = (context.comments.get(block.open.startOffset) ?? []).map((comment) =>
    comment.image.trimEnd(),
  );
  const notes = moved.map(demote);
  if (inside.beside !== null) notes.push(demote(inside.beside));
  if (notes.length === 0 && inside.list.length === 0 && inside.below.length === 0)
    return sequence(head, " {}");
  const inOneLine = !context.text.slice(start, block.close.startOffset).includes("\n");
  if (isVariant(member) && inOneLine && notes.length === 0) return layoutInline(context, head, inside);
  const first = notes.length === 0 ? "" : note(` ${at(notes, 0)}`);
  const others = notes.slice(1).flatMap((text) => [hardLine, text]);
  return sequence(
    head,
    " {",
    first,
    indent(...others, ...layoutMembers(context, inside, false)),
    hardLine,
    "}",
  );
}

const demote = (comment: string): string => comment.replace(/^\/{3}(?!\/)/, "//");

/** `{ penalty = Orthogonal(), d = 32 }`, for variants that were written in one line and fit in one. */
function layoutInline(context: Context, head: Layout, { list }: Members): Layout {
  const parts = list.flatMap((member, index) => [
    line,
    layoutStatement(context, member.tokens),
    index < list.length - 1 ? choice("", ",") : "",
  ]);
  return sequence(head, group(" {", indent(...parts), line, "}"));
}
