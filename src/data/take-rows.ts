/** Some rows of a dataset as a dataset of its own. */
import { at } from "../base/invariant.ts";
import { fingerprint } from "./dataset.ts";
import { sha256 } from "./files.ts";
import { DataProblems, didYouMean, listNames } from "./problem.ts";
import type { Dataset, Field, Split } from "./schema.ts";
import { rowSize } from "./schema.ts";

/** Numbers of rows by split. */
export type RowChoice = Readonly<Record<string, readonly number[]>>;

/**
 * The dataset with the chosen rows of its splits, in the order given; a split that is not named keeps all of its rows. Throws a UserError for a split or a row that
 * there is not, and for a row that is given twice.
 */
export function takeRows(dataset: Dataset, rows: RowChoice): Dataset {
  checkChoice(dataset, rows);
  const splits = Object.entries(dataset.splits).map(([name, split]): [string, Split] => {
    const chosen = rows[name];
    return [name, chosen === undefined ? split : chosenRows(split, chosen)];
  });
  const taken: Dataset = { ...dataset, splits: Object.fromEntries(splits) };
  if (dataset.knownFingerprint === undefined) return taken;
  // Values that stay in their files are not read again for it.
  return { ...taken, knownFingerprint: sha256([fingerprint(dataset), JSON.stringify(rows)]) };
}

function checkChoice(dataset: Dataset, rows: RowChoice): void {
  const problems = new DataProblems();
  for (const [name, chosen] of Object.entries(rows)) {
    const place = { file: dataset.name, within: [`split "${name}"`] };
    const split = dataset.splits[name];
    if (split === undefined) {
      const known = Object.keys(dataset.splits);
      const text = `The dataset has no such split. It has ${listNames(known)}.`;
      problems.add("data-split", place, text, didYouMean(name, known));
      continue;
    }
    const seen = new Set<number>();
    for (const row of chosen) {
      if (!Number.isInteger(row) || row < 0 || row >= split.rows)
        problems.add(
          "data-value",
          place,
          `There is no row ${row}; rows are counted from 0 to ${split.rows - 1}.`,
        );
      else if (seen.has(row)) problems.add("data-value", place, `Row ${row} is given twice.`);
      seen.add(row);
    }
  }
  problems.throwIfAny();
}

function chosenRows(split: Split, rows: readonly number[]): Split {
  const fields = [...split.fields].map(([name, field]): [string, Field] => [name, chosenOf(field, rows)]);
  const ids = split.ids === null ? null : rows.map((row) => at(split.ids ?? [], row));
  return { name: split.name, rows: rows.length, ids, fields: new Map(fields) };
}

function chosenOf(field: Field, rows: readonly number[]): Field {
  const { stored } = field;
  const size = stored === undefined ? rowSize(field.spec) : 0;
  const length = rows.length * size;
  const data = field.data instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  for (const [index, row] of rows.entries())
    data.set(field.data.subarray(row * size, (row + 1) * size), index * size);
  const { lengths, present } = field;
  return {
    ...field,
    data,
    lengths: lengths === null ? null : Int32Array.from(rows, (row) => at(lengths, row)),
    present: Uint8Array.from(rows, (row) => at(present, row)),
    ...(stored === undefined ? {} : { stored: { read: (index: number) => stored.read(at(rows, index)) } }),
  };
}
