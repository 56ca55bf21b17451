/** How the mistakes that a new user makes with data look on the terminal, whole. */
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { importDataset } from "../../src/data/import.ts";
import { UserError } from "../../src/diagnostics/problems.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import { put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();

/** The rendered problems, with the temporary folder's name taken out. */
async function rendered(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return renderDiagnostics(error.problems, { color: false }).replaceAll(folder, "data");
  }
  throw new Error("a UserError was expected");
}

const MANIFEST = {
  name: "small",
  sources: { rows: { file: "rows.csv" } },
  rows: { from: "rows", split: "split" },
  fields: {
    audio: { kind: "vector", from: "rows", columns: "f0..f1" },
    y: { kind: "score", from: "rows", column: "score", range: [-3, 3] },
  },
  label: "y",
};

const run = (manifest: unknown) =>
  importDataset({ manifest: parseManifest("import.json", manifest), from: folder, out: `${folder}/out` });

describe("messages about data", () => {
  it("a bad cell and a label out of range", async () => {
    put(folder, "rows.csv", "split,f0,f1,score\ntrain,1,0.8 Hz,2\ntest,2,3,7\n");
    expect(await rendered(() => run(MANIFEST))).toMatchInlineSnapshot(`
      "error[data-value]: Value not accepted
        ┌─ data/rows.csv: row 0 (line 2): column "f1"

      A number was expected; the cell is \`0.8 Hz\`.

      error[data-value]: Value not accepted
        ┌─ data/rows.csv: row 1 (line 3): field "y"

      A number from -3 to 3 was expected; found 7.

      2 errors
      "
    `);
  });

  it("a misspelt column", async () => {
    put(folder, "rows.csv", "split,f0,f1,scores\ntrain,1,2,2\n");
    expect(await rendered(() => run(MANIFEST))).toMatchInlineSnapshot(`
      "error[data-missing-column]: Column not found
        ┌─ data/rows.csv

      There is no column \`score\`. The file has 4: \`split\`, \`f0\`, \`f1\`, \`scores\`.

      Hint: Did you mean \`scores\`?
      "
    `);
  });

  it("a misspelt key", async () => {
    const fields = { ...MANIFEST.fields, y: { kind: "score", from: "row", colum: "score" } };
    expect(await rendered(() => run({ ...MANIFEST, fields }))).toMatchInlineSnapshot(`
      "error[data-manifest]: Mistake in the import description
        ┌─ import.json: fields.y.colum

      A field of kind \`score\` has no \`colum\`. It has \`kind\`, \`from\`, \`dataset\`,
      \`on\`, \`row\`, \`part\`, \`note\`, \`column\`, \`range\`, \`middle\`.

      Hint: Did you mean \`column\`?

      error[data-manifest]: Mistake in the import description
        ┌─ import.json: fields.y.from

      There is no source \`row\`. There are \`rows\`.

      Hint: Did you mean \`rows\`?

      2 errors
      "
    `);
  });

  it("no dataset where one should be", async () => {
    expect(await rendered(() => loadDataset(`${folder}/nowhere`))).toMatchInlineSnapshot(`
      "error[data-unreadable]: File cannot be read
        ┌─ data/nowhere

      There is no such folder.

      Hint: Make a dataset with \`mird data import\` or \`mird data synth\`.
      "
    `);
  });
});
