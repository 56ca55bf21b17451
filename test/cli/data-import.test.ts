/** `mird data import` of files in a known layout, through the command line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = [
  {
    id: "a",
    split: "train",
    words: "good film",
    label: 1,
    audio: [
      [1, 2],
      [3, 4],
    ],
  },
  { id: "b", split: "train", words: "bad film", label: -1, audio: [[5, 6]] },
  { id: "c", split: "test", words: "good", label: 7, audio: [[7, 8]] },
];
const path = join(folder, "rows.jsonl");
writeFileSync(path, rows.map((row) => JSON.stringify(row)).join("\n"));

describe("mird data import FILE", () => {
  it("needs the file and the folder only, and says what it found", async () => {
    const out = join(folder, "plain");
    const { code, out: said } = await runCli("data", "import", path, "--out", out);
    expect(code).toBe(0);
    expect(said.replaceAll(folder, "TMP")).toMatchInlineSnapshot(`
      "Dataset \`rows\`
        train  2 rows
        test   1 rows
      Cleaned and noticed
        valid: split that no source has: 1
        modalities that no source has: 1 (vision)
        y, test: scores outside -3 to 3, the usual scale, kept (refuse them with \`--range\`): 1 (c: 7)
      Written to TMP/plain
      "
    `);
    const inspected = await runCli("data", "inspect", out);
    expect(inspected.out).toMatch(/Cleaned and noticed when it was made\n.*valid: split that no source has/);
  });

  it("takes names, ranges and further rows from flags", async () => {
    const out = join(folder, "flags");
    const more = join(folder, "more.jsonl");
    writeFileSync(more, JSON.stringify({ id: "z", words: "film", audio: [[1, 1]] }));
    const flags = [
      "--field",
      "speech=audio",
      "--field",
      "text=words",
      "--range",
      "-8,8",
      "--unlabelled",
      more,
    ];
    const { code, out: said } = await runCli("data", "import", path, "--as", "jsonl", ...flags, "--out", out);
    expect([code, said]).toEqual([0, expect.stringContaining("train  3 rows, 1 of them without a label")]);
    const refused = await runCli("data", "import", path, "--range", "-3,3", "--out", join(folder, "none"));
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining("A number from -3 to 3 was expected; found 7."),
    ]);
  });

  it("refuses a pickle that calls a function, by its name", async () => {
    const evil = join(folder, "evil.pkl");
    writeFileSync(evil, "cos\nsystem\n(S'echo this-must-never-run'\ntR.");
    const { code, err, out } = await runCli("data", "import", evil, "--out", join(folder, "evil"));
    expect([code, out]).toEqual([1, ""]);
    expect(err.replaceAll(folder, "TMP")).toMatchInlineSnapshot(`
      "error[data-unsafe]: File holds more than data
        ┌─ TMP/evil.pkl: byte 11

      The pickle asks for \`os.system\`, which is neither an array nor a plain
      container. Nothing was executed.

      Hint: If you trust the file, save its arrays again with \`numpy.savez\` and
      import the .npz file.
      "
    `);
  });

  it("wrong flags are mistakes of usage", async () => {
    const codes = [
      ["--as", "pickle"],
      ["--field", "x"],
      ["--range", "3"],
    ].map(
      async (flags) => (await runCli("data", "import", path, ...flags, "--out", join(folder, "none"))).code,
    );
    expect(await Promise.all(codes)).toEqual([2, 2, 2]);
    expect((await runCli("data", "import", "--out", join(folder, "none"))).code).toBe(2);
  });
});
