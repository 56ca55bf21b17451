/**
 * A small pretty printer after Wadler: text with possible line breaks in groups. A group that fits in the rest of the
 * line stays on it, otherwise all of its own breaks become line ends.
 */

export type Layout =
  | string
  /** A possible line end; in a group that stays on one line it is this text. `null` is always a line end. */
  | { readonly kind: "line"; readonly flat: string | null }
  | { readonly kind: "sequence"; readonly parts: readonly Layout[] }
  | { readonly kind: "indent"; readonly content: Layout }
  | { readonly kind: "group"; readonly content: Layout; readonly hard: boolean }
  /** Text that appears only where the surrounding group is broken, or only where it is not. */
  | { readonly kind: "choice"; readonly broken: string; readonly flat: string }
  /** A comment: a line end follows it, so it breaks the groups around it, but its length breaks nothing. */
  | { readonly kind: "note"; readonly text: string };

/** A space, or a line end in a broken group. */
export const line: Layout = { kind: "line", flat: " " };
/** Nothing, or a line end in a broken group. */
export const softLine: Layout = { kind: "line", flat: "" };
/** Always a line end; breaks every group around it. */
export const hardLine: Layout = { kind: "line", flat: null };

export const sequence = (...parts: readonly Layout[]): Layout => ({ kind: "sequence", parts });
export const indent = (...parts: readonly Layout[]): Layout => ({
  kind: "indent",
  content: sequence(...parts),
});
export const note = (text: string): Layout => ({ kind: "note", text });
export const choice = (broken: string, flat: string): Layout => ({ kind: "choice", broken, flat });

export function group(...parts: readonly Layout[]): Layout {
  const content = sequence(...parts);
  return { kind: "group", content, hard: hasHardLine(content) };
}

function hasHardLine(layout: Layout): boolean {
  if (typeof layout === "string") return false;
  switch (layout.kind) {
    case "line":
      return layout.flat === null;
    case "sequence":
      return layout.parts.some(hasHardLine);
    case "indent":
      return hasHardLine(layout.content);
    case "group":
      return layout.hard;
    case "note":
      return true;
    case "choice":
      return false;
  }
}

const INDENT = 2;

interface Task {
  readonly layout: Layout;
  readonly depth: number;
  readonly flat: boolean;
}

/** The text of a layout, no line longer than `width` where a break can prevent it, and no blanks at line ends. */
export function print(layout: Layout, width: number): string {
  const out: string[] = [];
  let column = 0;
  const todo: Task[] = [{ layout, depth: 0, flat: false }];
  const write = (text: string): void => {
    out.push(text);
    column += text.length;
  };
  for (let task = todo.pop(); task !== undefined; task = todo.pop()) {
    const { layout: current, depth, flat } = task;
    if (typeof current === "string") write(current);
    else if (current.kind === "sequence") pushParts(todo, current.parts, depth, flat);
    else if (current.kind === "indent") todo.push({ layout: current.content, depth: depth + 1, flat });
    else if (current.kind === "note") write(current.text);
    else if (current.kind === "choice") write(flat ? current.flat : current.broken);
    else if (current.kind === "group") {
      const whole: Task = { layout: current.content, depth, flat: true };
      const stays = flat || (!current.hard && fits(whole, todo, width - column));
      todo.push({ ...whole, flat: stays });
    } else if (flat && current.flat !== null) write(current.flat);
    else {
      out.push("\n", " ".repeat(INDENT * depth));
      column = INDENT * depth;
    }
  }
  return out.join("").replace(/ +$/gm, "");
}

function pushParts(todo: Task[], parts: readonly Layout[], depth: number, flat: boolean): void {
  for (let index = parts.length - 1; index >= 0; index--) {
    const layout = parts[index];
    if (layout !== undefined) todo.push({ layout, depth, flat });
  }
}

/** Whether a task, and what follows it up to the next line end, takes no more than `room`. */
function fits(first: Task, rest: readonly Task[], room: number): boolean {
  const todo: Task[] = [first];
  let below = rest.length;
  for (let left = room; left >= 0; ) {
    const task = todo.pop() ?? rest[--below];
    if (task === undefined) return true;
    const { layout, depth, flat } = task;
    if (typeof layout === "string") left -= layout.length;
    else if (layout.kind === "sequence") pushParts(todo, layout.parts, depth, flat);
    else if (layout.kind === "indent") todo.push({ layout: layout.content, depth, flat });
    else if (layout.kind === "choice") left -= (flat ? layout.flat : layout.broken).length;
    else if (layout.kind === "group")
      todo.push({ layout: layout.content, depth, flat: flat && !layout.hard });
    else if (layout.kind === "note") return true;
    else if (flat && layout.flat !== null) left -= layout.flat.length;
    else return true;
  }
  return false;
}
