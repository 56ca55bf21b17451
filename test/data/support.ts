/** Temporary folders and caught problems for the tests of the data layer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { type ImportOptions, importDataset } from "../../src/data/import.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { UserError } from "../../src/diagnostics/problems.ts";

/** A folder that is removed after the tests of the calling file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mird-data-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file (and its folders) below a folder and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The problems of the UserError that `work` must throw, each as one line: code, place, text, hint. */
export async function problemsOf(work: () => unknown): Promise<string[]> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ code, place, text, hint }) =>
      [
        code,
        [place?.file, ...(place?.within ?? [])].join(" | "),
        text,
        ...(hint === undefined ? [] : [hint]),
      ].join(" :: "),
    );
  }
  throw new Error("a UserError was expected, but nothing was thrown");
}

/** Imports and loads what was written. */
export async function importAndLoad(options: ImportOptions): Promise<Dataset> {
  await importDataset(options);
  return loadDataset(options.out);
}
