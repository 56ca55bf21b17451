/** Opens the files of a manifest: each once, with its SHA-256 for the record; CSV as tables, HDF5 as arrays. */
import { extname, join } from "node:path";
import { readBytes, sha256 } from "../files.ts";
import { type DataProblems, dataError } from "../problem.ts";
import { type CsvTable, columnIndex, csvRows, readCsv, selectColumns } from "../readers/csv.ts";
import { arrayRows, readHdf5 } from "../readers/hdf5.ts";
import type { RowSource } from "../readers/table.ts";
import type { SourceFile } from "../schema.ts";
import type { FieldImport } from "./field.ts";
import type { Manifest, SourceSpec } from "./manifest.ts";

/** The rows of a field in one part of its source; a table comes along for joins. */
export interface OpenedPart {
  readonly rows: RowSource;
  readonly table: CsvTable | null;
}

export class Sources {
  private readonly manifest: Manifest;
  private readonly folder: string;
  private readonly problems: DataProblems;
  private readonly tables = new Map<string, CsvTable | null>();
  private readonly files = new Map<string, SourceFile>();

  constructor(manifest: Manifest, folder: string, problems: DataProblems) {
    this.manifest = manifest;
    this.folder = folder;
    this.problems = problems;
  }

  /** Every file opened so far, in the order of opening. */
  get opened(): SourceFile[] {
    return [...this.files.values()];
  }

  /** The table of a source with a single CSV file, or null (the reason is reported). */
  table(name: string): CsvTable | null {
    const source = this.manifest.sources.get(name);
    const path = source?.files.get("");
    return source === undefined || path === undefined ? null : this.openTable(path, source);
  }

  /** The parts of a field's source: by split if the manifest has no rows, else by the keys of `files`. */
  async open(field: FieldImport): Promise<Map<string, OpenedPart>> {
    const source = this.manifest.sources.get(field.from);
    const parts = new Map<string, OpenedPart>();
    if (source === undefined) return parts;
    for (const [part, path] of partFiles(source, this.manifest)) {
      const split = this.manifest.rows === null ? part : "";
      const opened = await this.openPart(field, source, path.replaceAll("{split}", split), split);
      if (opened !== null) parts.set(part, opened);
    }
    return parts;
  }

  private async openPart(
    field: FieldImport,
    source: SourceSpec,
    path: string,
    split: string,
  ): Promise<OpenedPart | null> {
    const extension = extname(path).toLowerCase();
    try {
      if ([".h5", ".hdf5", ".hdf", ".he5"].includes(extension)) {
        this.record(path);
        const array = await readHdf5(
          join(this.folder, path),
          field.dataset?.replaceAll("{split}", split) ?? null,
        );
        const rank = array.shape.length;
        const most =
          field.kind === "sequence" ? 3 : field.kind === "vector" || field.kind === "tokens" ? 2 : 1;
        const column = rank === 2 && array.shape[1] === 1 && most === 1;
        if (rank !== most && !column) {
          const within = [`dataset "${array.dataset}"`, `field "${field.name}"`];
          throw dataError(
            "data-shape",
            { file: array.file, within },
            `A ${field.kind} needs ${AXES[most]}; the dataset has [${array.shape.join(", ")}].`,
          );
        }
        return { rows: arrayRows(array, field.kind === "tokens"), table: null };
      }
      if (![".csv", ".tsv", ".txt"].includes(extension)) {
        throw dataError(
          "data-format",
          { file: join(this.folder, path) },
          "Files that end in .csv, .tsv, .txt, .h5 and .hdf5 can be imported.",
        );
      }
    } catch (error) {
      this.problems.absorb(error);
      return null;
    }
    const table = this.openTable(path, source);
    return table === null ? null : this.tableRows(field, table);
  }

  private tableRows(field: FieldImport, table: CsvTable): OpenedPart | null {
    if (field.columns === null) {
      const place = { file: table.file, within: [`field "${field.name}"`] };
      this.problems.add(
        "data-manifest",
        place,
        "A field from a table needs `column` or `columns` in its description.",
      );
      return null;
    }
    const columns = selectColumns(table, field.columns, this.problems);
    return columns.length === 0 ? null : { rows: csvRows(table, columns, this.problems), table };
  }

  private openTable(path: string, source: SourceSpec): CsvTable | null {
    const known = this.tables.get(path);
    if (known !== undefined) return known;
    const delimiter =
      source.delimiter === "," && path.toLowerCase().endsWith(".tsv") ? "\t" : source.delimiter;
    const table = this.problems.attempt(() => {
      this.record(path);
      return readCsv(join(this.folder, path), { header: source.header, delimiter });
    });
    this.tables.set(path, table);
    return table;
  }

  private record(path: string): void {
    if (this.files.has(path)) return;
    const bytes = readBytes(join(this.folder, path));
    this.files.set(path, { file: path, sha256: sha256([bytes]), bytes: bytes.length });
  }

  /** The cells of a column of the table of rows, or null if there is none (which is reported). */
  column(table: CsvTable, name: string): string[] | null {
    const index = columnIndex(table, name, this.problems);
    return index < 0 ? null : table.rows.map((cells) => cells[index] ?? "");
  }
}

const AXES: Readonly<Record<number, string>> = {
  1: "[rows] numbers",
  2: "[rows, numbers]",
  3: "[rows, steps, numbers per step]",
};

/** Without rows, a single file (with `{split}` in its path or dataset) serves every split. */
function partFiles(source: SourceSpec, manifest: Manifest): [string, string][] {
  const single = source.files.get("");
  if (manifest.rows !== null || single === undefined) return [...source.files];
  return manifest.splits.map((split) => [split, single]);
}
