/** The last step of every import: fields are made and written block by block, rows that occur twice are found. */
import { type DatasetSource, writeDatasetSource } from "../dataset.ts";
import { fieldKeys, inputNames, joinKeys, type RowKeys, repeatedRows, sharedRows } from "../row-keys.ts";
import type { Tensor } from "../safetensors.ts";
import type { CleaningNote, Field, Provenance, Scaling, VectorsFile } from "../schema.ts";
import { vectorTensors } from "../vectors.ts";
import type { BuiltField } from "./features.ts";
import type { Notes } from "./notes.ts";

/** Everything that an import decided before it writes. */
export interface ImportPlan {
  readonly name: string;
  readonly label: string | null;
  readonly built: readonly BuiltField[];
  /** Rows by split, in order. */
  readonly rows: ReadonlyMap<string, number>;
  readonly ids: ReadonlyMap<string, readonly string[]>;
  readonly provenance: Provenance;
  readonly notes: Notes;
}

/** What an import made. */
export interface ImportSummary {
  readonly name: string;
  readonly splits: readonly { readonly name: string; readonly rows: number; readonly unlabelled: number }[];
  readonly cleaned: readonly CleaningNote[];
}

/** Writes the dataset folder. */
export function writeImport(plan: ImportPlan, out: string, force: boolean): ImportSummary {
  const { name, label, built, notes } = plan;
  const fields = built.map(({ spec }) => spec);
  const scaling: Record<string, Scaling> = {};
  for (const field of built) if (field.scaling !== null) scaling[field.spec.name] = field.scaling;
  const inputs = inputNames(fields);
  const keys = new Map<string, (string | null)[]>();
  const splits = [...plan.rows].map(([split, rows]) => ({
    name: split,
    rows,
    ids: plan.ids.get(split) ?? null,
    block: (first: number, last: number) => {
      const block = new Map<string, Field>();
      for (const field of built) block.set(field.spec.name, field.block(split, first, last));
      const known = keys.get(split) ?? [];
      keys.set(split, known);
      const ofFields = [...block]
        .filter(([field]) => inputs.includes(field))
        .map(([, field]) => fieldKeys(field));
      for (const key of joinKeys(ofFields, last - first)) known.push(key);
      if (last === rows) noteCopies(split, keys, plan);
      return block;
    },
  }));
  const vectors: Record<string, VectorsFile> = {};
  const files = new Map<string, Map<string, Tensor>>();
  for (const { spec, vectors: of } of built) {
    if (of === undefined) continue;
    const file = `${spec.name}.vectors.safetensors`;
    files.set(file, vectorTensors(of));
    vectors[spec.name] = { file, width: of.width, found: of.found.reduce((sum, flag) => sum + flag, 0) };
  }
  const source: DatasetSource = {
    files,
    ...(files.size === 0 ? {} : { vectors }),
    name,
    label,
    fields,
    splits,
    scaling,
    provenance: plan.provenance,
    get cleaned() {
      return notes.all;
    },
  };
  const written = writeDatasetSource(source, out, { force });
  return {
    name,
    splits: Object.entries(written).map(([split, { rows, unlabelled }]) => ({
      name: split,
      rows,
      unlabelled,
    })),
    cleaned: notes.all,
  };
}

/** Notes rows of a split that are equal to earlier ones of it, or to rows of the splits before it. */
function noteCopies(split: string, keys: ReadonlyMap<string, RowKeys>, { ids, notes }: ImportPlan): void {
  const own = keys.get(split) ?? [];
  const rowName = (of: string, row: number) => ids.get(of)?.[row] ?? `row ${row}`;
  const note = (what: string, other: string, pairs: readonly (readonly [number, number])[]) => {
    const examples = pairs
      .slice(0, 3)
      .map(([first, second]) => `${rowName(other, first)} = ${rowName(split, second)}`);
    notes.add(null, split, what, pairs.length, examples);
  };
  note("rows equal to an earlier one in every input, kept", split, repeatedRows(own));
  for (const [other, theirs] of keys) {
    if (other !== split)
      note(`rows equal to a row of ${other} in every input, kept`, other, sharedRows(theirs, own));
  }
}
