/** `--over name=a,b`: the settings that a comparison varies, and the variants that their values make together. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import { nameAndRest } from "./named.ts";

export interface Axis {
  readonly name: string;
  /** At least one value, as written, each different. */
  readonly values: readonly string[];
}

/** One value per axis. */
export interface Variant {
  readonly values: readonly string[];
  /** The same by name, as `--set` would have it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Values of axes `drop.NAME`, as `--drop` would have them: `vision=0.3`. */
  readonly drops: readonly string[];
}

/** Axes that vary what is dropped begin so. */
const DROP = "drop.";

/** The axes as written. Throws a UserError with every one that is no list of values, or stands twice. */
export function parseAxes(texts: readonly string[]): Axis[] {
  const problems = new Problems();
  const axes: Axis[] = [];
  for (const text of texts) {
    const axis = parseAxis(text);
    const fault = axisFault(axis, axes);
    if (axis !== null && fault === null) axes.push(axis);
    else problems.add(badAxis(text, fault ?? "An axis names a setting and lists its values."));
  }
  if (problems.hasErrors) throw new UserError(problems.all);
  return axes;
}

/** Every combination; the last axis changes fastest. */
export function variantsOf(axes: readonly Axis[]): Variant[] {
  return axes.reduce<Variant[]>(
    (before, { name, values }) =>
      before.flatMap((variant) =>
        values.map((value) => {
          const next = { ...variant, values: [...variant.values, value] };
          return name.startsWith(DROP)
            ? { ...next, drops: [...variant.drops, `${name.slice(DROP.length)}=${value}`] }
            : { ...next, settings: { ...variant.settings, [name]: value } };
        }),
      ),
    [{ values: [], settings: {}, drops: [] }],
  );
}

function parseAxis(text: string): Axis | null {
  const pair = nameAndRest(text);
  return pair === null ? null : { name: pair[0], values: splitList(pair[1]) };
}

/** The parts between commas that stand in no bracket. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [index, sign] of [...text].entries()) {
    if ("([{".includes(sign)) depth++;
    if (")]}".includes(sign)) depth--;
    if (sign !== "," || depth > 0) continue;
    parts.push(text.slice(start, index).trim());
    start = index + 1;
  }
  return [...parts, text.slice(start).trim()];
}

function axisFault(axis: Axis | null, others: readonly Axis[]): string | null {
  if (axis === null) return null;
  const { name, values } = axis;
  if (others.some((other) => other.name === name)) return `\`${name}\` is an axis already.`;
  if (values.includes("")) return "A value is empty.";
  const twice = values.find((value, index) => values.indexOf(value) < index);
  return twice === undefined ? null : `The value \`${twice}\` stands twice.`;
}

function badAxis(text: string, fault: string): Diagnostic {
  return {
    code: "bad-axis",
    severity: "error",
    title: "Values to compare are not listed",
    primary: null,
    related: [],
    place: { file: `--over ${text}` },
    text: fault,
    hint: "Write for example `--over d=16,32` or `--over 'penalty=Club(hidden = 16),None'`.",
  };
}
