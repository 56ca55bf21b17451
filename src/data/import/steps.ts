/** The steps of one row of a feature field: padding taken away, sentinels and values that are no numbers marked. */
import { at } from "../../base/invariant.ts";
import type { DataProblems } from "../problem.ts";
import type { FieldImport } from "./field.ts";
import type { Notes } from "./notes.ts";
import type { RawRow } from "./rows.ts";

/** Where findings go; null in the second pass, which repeats what the first one reported. */
export interface Findings {
  readonly notes: Notes;
  readonly problems: DataProblems;
  readonly split: string;
}

/** The values of a row, steps × width, NaN where missing; null if the row is absent. */
export function readSteps(
  field: FieldImport,
  row: RawRow,
  width: number,
  findings: Findings | null,
): Float64Array | null {
  const note = (what: string, count: number, detail = "") => {
    if (findings === null || count === 0) return;
    findings.notes.add(field.name, findings.split, what, count, [rowName(row) + detail]);
  };
  let values = joinPieces(row.rows.map((index) => row.source.numbers(index)));
  const given = at(row.rows, 0) >= 0 ? (row.source.lengthOf?.(at(row.rows, 0)) ?? null) : null;
  if (field.kind === "sequence" && given !== null) values = cutAt(values, width, given, note);
  else if (field.kind === "sequence" && field.padding === "zeros" && row.source.steps > 1)
    values = trim(values, width, note);
  const most = (field.maxLength ?? Infinity) * width;
  if (field.kind === "sequence" && values.length > most) {
    note(`rows cut to ${field.maxLength} steps`, 1);
    values = values.slice(0, most);
  }
  for (const { columns, value } of field.sentinels) {
    for (const column of columns) {
      let count = 0;
      for (let index = column; index < values.length; index += width) {
        if (values[index] !== value) continue;
        count++;
        values[index] = Number.NaN;
      }
      note(`values ${value} in column ${column}, taken as missing`, count);
    }
  }
  markMissing(field, row, values, width, findings, note);
  return values.length === 0 ? null : values;
}

type NoteRow = (what: string, count: number, detail?: string) => void;

function rowName(row: RawRow): string {
  return row.source.place(row.rows[0] ?? 0).within?.at(-1) ?? "";
}

/** A copy of the pieces end to end. */
function joinPieces(pieces: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const joined = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** Whether all numbers of steps `first` to `last` (exclusive) are 0. */
function isZero(values: Float64Array, width: number, first: number, last: number): boolean {
  for (let index = first * width; index < last * width; index++) if (values[index] !== 0) return false;
  return true;
}

/** Takes away all-zero steps in front and behind; zero steps between others are data and stay. */
function trim(values: Float64Array, width: number, note: NoteRow): Float64Array<ArrayBuffer> {
  const steps = values.length / width;
  let first = 0;
  let last = steps;
  while (first < last && isZero(values, width, first, first + 1)) first++;
  while (last > first && isZero(values, width, last - 1, last)) last--;
  if (first === last) note("rows with zeros only, taken as absent", 1);
  else {
    note("rows padded in front, moved to the start", first > 0 ? 1 : 0);
    note("rows padded behind", last < steps ? 1 : 0);
  }
  return values.slice(first * width, last * width);
}

/**
 * The steps that a recorded length leaves. Padding is taken to be behind, unless the values show that the row was
 * padded in front: zeros where the length expects data to begin, data where it expects padding.
 */
function cutAt(
  values: Float64Array,
  width: number,
  length: number,
  note: NoteRow,
): Float64Array<ArrayBuffer> {
  const steps = values.length / width;
  const surplus = steps - length;
  if (isZero(values, width, 0, steps)) {
    note("rows with zeros only, taken as absent", 1);
    return new Float64Array(0);
  }
  if (isZero(values, width, length, steps)) return values.slice(0, length * width);
  if (length > 0 && isZero(values, width, 0, Math.min(surplus, steps))) {
    note("rows padded in front although their length counts from the start, moved there", 1);
    return values.slice(surplus * width);
  }
  note("rows with values behind their length, which are left out", 1);
  return values.slice(0, length * width);
}

/** Everything but finite numbers that fit into 32 bits counts as missing (the sentinels are NaN already). */
function markMissing(
  field: FieldImport,
  row: RawRow,
  values: Float64Array,
  width: number,
  findings: Findings | null,
  note: NoteRow,
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (Number.isFinite(Math.fround(value))) continue;
    const column = index % width;
    if (field.missing === "refuse" && findings !== null) {
      const place = row.source.place(at(row.rows, Math.min(row.rows.length - 1, Math.floor(index / width))));
      findings.problems.add(
        "data-value",
        { file: place.file, within: [...(place.within ?? []), `field "${field.name}"`, `column ${column}`] },
        `A finite number was expected; found ${value}.`,
        'Fill missing values with `"missing": "mean"`.',
      );
    }
    const kind = Number.isNaN(value) ? "missing (NaN, empty or sentinel)" : "infinite or beyond 32-bit range";
    const what = `values ${kind}, set to ${field.missing === "zero" ? "0" : "the training mean"}`;
    note(
      what,
      1,
      `, ${field.kind === "sequence" ? `step ${Math.floor(index / width)}, ` : ""}column ${column}`,
    );
    values[index] = Number.NaN;
  }
}
