/** What syntax errors have taken from a file: missing it is no second mistake. */
import type { Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { File } from "../syntax/ast.ts";

const words = new WeakMap<File, ReadonlySet<string>>();

/** Whether what could not be read of a file may have given `name` its meaning: it holds that name, or one that may be what damage has left of it. */
export function mayDeclare(file: File, name: string): boolean {
  if (file.unread.length === 0) return false;
  const found = words.get(file) ?? wordsIn(file.unread.map(({ span }) => span));
  words.set(file, found);
  if (found.has(name) || suggest(name, found) !== null) return true;
  return [...found].some((word) => name.startsWith(word) || name.endsWith(word));
}

function wordsIn(spans: readonly Span[]): ReadonlySet<string> {
  return new Set(
    spans.flatMap(({ source, start, end }) => source.text.slice(start, end).match(/[A-Za-z_]\w*/g) ?? []),
  );
}

/** Whether a place lies in a statement with a syntax error, which may say something else than was meant. */
export function isUnread(file: File, { source, start, end }: Span): boolean {
  return (
    file.source === source &&
    file.unread.some(({ span, isStatement }) => isStatement && span.start <= start && end <= span.end)
  );
}

/** A declaration and the file that it stands in. */
interface Placed {
  readonly declaration: { readonly span: Span };
  readonly scope: { readonly file: File };
}

/** Whether a declaration holds anything that could not be read, so that what it seems to lack may be there. */
export function isDamaged({ declaration, scope }: Placed): boolean {
  const { start, end } = declaration.span;
  return scope.file.unread.some(({ span }) => span.start < end && start < span.end);
}
