/** Text for terminals: how wide it is, where it wraps, and what must never reach a screen. */

/** Ranges of characters that take two cells. Enough for the scripts and pictures that comments contain. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

const TAB = 2;

/** Cells that one character takes on a terminal. */
function cellsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Replaces characters that steer a terminal or reorder what is read, so that no file can forge a message. */
export function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** One line of a source as it is shown: tabs spread, and the cell at which every character begins. */
export interface ShownLine {
  readonly characters: readonly { readonly text: string; readonly cell: number; readonly cells: number }[];
  /** The cell at which the character at a UTF-16 offset in the line begins; the offset behind the last is allowed. */
  readonly cellAt: (offset: number) => number;
  readonly width: number;
}

export function showLine(line: string): ShownLine {
  const characters: { text: string; cell: number; cells: number }[] = [];
  const starts = new Map<number, number>();
  let cell = 0;
  let end = 0;
  for (const character of line) {
    const text = character === "\t" ? " ".repeat(TAB) : harmless(character);
    const cells = character === "\t" ? TAB : cellsOf(text);
    starts.set(end, cell);
    characters.push({ text, cell, cells });
    end += character.length;
    cell += cells;
  }
  const width = cell;
  starts.set(end, width);
  return { characters, cellAt: (offset) => starts.get(offset) ?? starts.get(offset - 1) ?? width, width };
}

/** Breaks lines longer than `width` at spaces. Indented lines, and text between backticks, stay whole. */
export function wrap(text: string, width: number): string {
  return harmless(text)
    .split("\n")
    .map((line) => (/^\s/.test(line) ? line : wrapLine(line, width)))
    .join("\n");
}

function wrapLine(line: string, width: number): string {
  const words = line.match(/(?:`[^`]*`|[^\s`]|`)+/g) ?? [];
  const lines: string[] = [];
  let current = "";
  for (const word of words) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && longer.length > width) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  lines.push(current);
  return lines.join("\n");
}
