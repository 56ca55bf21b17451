import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { importDataset } from "../../src/data/import.ts";
import { FIELDS, FILES, FULL, importTables, ROWS, SOURCES, STEPS } from "./small-tables.ts";
import { problemsOf } from "./support.ts";

describe("tables that are refused", () => {
  const rows = (from: string, to: string) => ({ ...FILES, "rows.csv": ROWS.replace(from, to) });
  const fields = (name: keyof typeof FIELDS, change: object) => ({
    ...FULL,
    fields: { ...FIELDS, [name]: { ...FIELDS[name], ...change } },
  });
  const cases: [
    name: string,
    manifest: unknown,
    files: Record<string, string | Uint8Array>,
    expected: RegExp,
  ][] = [
    [
      "a short row",
      FULL,
      rows("r3,valid,don't know,1,0.5,b,0", "r3,valid,1,0.5,b,0"),
      /data-shape.*rows\.csv \| row 2 \(line 4\).*6 cells, the header has 7/,
    ],
    [
      "a text for a number",
      FULL,
      rows("-1.5", "n/a"),
      /data-value.*row 1 \(line 3\) \| column "score".*number was expected; the cell is `n\/a`/,
    ],
    ["a unit", FULL, rows("-1.5", "1.5 Hz"), /the cell is `1\.5 Hz`/],
    ["a hexadecimal number", FULL, rows("-1.5", "0x10"), /the cell is `0x10`/],
    ["a decimal comma", FULL, rows("-1.5", '"1,5"'), /the cell is `1,5`\. The decimal mark must be a point/],
    [
      "a label out of range",
      FULL,
      rows("-1.5", "7.5"),
      /row 1 \(line 3\) \| field "y".*from -3 to 3 was expected; found 7\.5/,
    ],
    [
      "an unknown split",
      FULL,
      rows("r2,train", "r2,tarin"),
      /data-split.*row 1 \(line 3\) \| column "split".*`tarin`; it must be `train`, `valid` or `test`/,
    ],
    [
      "a class that training does not have",
      FULL,
      rows("don't know,1", "don't know,5"),
      /row 2 \(line 4\) \| field "mood".*`5` is not a class.*training split are `0`, `1`/,
    ],
    [
      "a missing column",
      fields("y", { column: "scores" }),
      FILES,
      /data-missing-column.*rows\.csv.*no column `scores`.*`id`, `split`/,
    ],
    [
      "the wrong delimiter",
      FULL,
      { ...FILES, "steps.csv": STEPS.replaceAll(",", ";") },
      /data-missing-column.*separated by another character: set `"delimiter"`/,
    ],
    ["two columns of one name", FULL, rows("clip,line", "clip,clip"), /Two columns are called `clip`/],
    [
      "a missing file",
      { ...FULL, sources: { ...SOURCES, steps: { file: "gone.csv" } } },
      FILES,
      /data-unreadable.*gone\.csv.*no such file/,
    ],
    ["an empty file", FULL, { ...FILES, "steps.csv": "" }, /data-empty.*steps\.csv.*is empty/],
    ["a header without rows", FULL, { ...FILES, "steps.csv": "key,x,y\n" }, /data-empty.*no rows/],
    [
      "a quote that never ends",
      FULL,
      rows("bad film", '"bad film'),
      /data-format.*quote is opened and never closed/,
    ],
    ["a NUL", FULL, rows("bad film", "bad\0film"), /line 3.*NUL/],
    [
      "text that is not UTF-8",
      FULL,
      { ...FILES, "rows.csv": Buffer.from(ROWS.replace("bad", "é"), "latin1") },
      /data-format.*line 3.*not UTF-8.*iconv/,
    ],
    [
      "two rows for one id",
      fields("audio", { kind: "vector" }),
      FILES,
      /data-join.*steps\.csv \| row 1 \(line 3\).*`key` is `r1` here and in an earlier row/,
    ],
    [
      "a row number beyond the file",
      FULL,
      rows("a,1", "a,7"),
      /data-join.*row 0 \(line 2\) \| field "pooled".*row number is `7`;.*rows 0 to 1/,
    ],
    ["a part that is not there", FULL, rows("b,0", "c,0"), /data-join.*no part `c`\. It has `a`, `b`/],
    [
      "parts of different widths",
      fields("pooled", { columns: "0..2" }),
      { ...FILES, "clip-b.csv": "7,8\n10,11\n" },
      /no column `2`/,
    ],
    [
      "line by line with another number of lines",
      { ...FULL, fields: { y: FIELDS.y, x: { kind: "vector", from: "steps", columns: "x" } } },
      { ...FILES, "steps.csv": "x\n1\n" },
      /data-shape.*has 1 rows.*has 6/,
    ],
    [
      "ids that never meet",
      fields("audio", { on: { rows: "words", source: "key" } }),
      FILES,
      /data-join.*No row of the dataset was found/,
    ],
    [
      "missing values where they are refused",
      fields("audio", { missing: "refuse" }),
      { ...FILES, "steps.csv": STEPS.replace("r2,5", "r2,NaN") },
      /steps\.csv \| row 2 \(line 4\) \| field "audio" \| column 0.*found NaN.*"missing": "mean"/,
    ],
    [
      "no training rows",
      FULL,
      { ...FILES, "rows.csv": ROWS.replaceAll(",train,", ",test,") },
      /data-split.*`train` has no rows/,
    ],
  ];
  it.each(cases)("%s", async (_, manifest, files, expected) => {
    expect((await problemsOf(() => importTables(manifest, files))).join("\n")).toMatch(expected);
  });

  it("several problems in several files come together", async () => {
    const files = {
      ...FILES,
      "rows.csv": ROWS.replace("-1.5", "x").replace("0.5,b", "y,b"),
      "steps.csv": STEPS.replace("r2,5", "r2,five"),
    };
    const lines = await problemsOf(() => importTables(FULL, files));
    expect(lines.map((line) => /cell is `(\w+)`/.exec(line)?.[1])).toEqual(["five", "x", "y"]);
  });

  it("an output folder that exists is refused before anything is read", async () => {
    const { out } = await importTables(FULL);
    const again = () => importDataset({ manifest: parseManifest("m", FULL), from: "/nowhere", out });
    expect((await problemsOf(again)).join()).toMatch(/^data-exists/);
    expect(existsSync(join(out, "dataset.json"))).toBe(true);
  });
});

describe("descriptions that are refused", () => {
  const problems = async (manifest: unknown) =>
    (await problemsOf(() => parseManifest("import.json", manifest))).join("\n");

  it("name every mistake with its path", async () => {
    const text = await problems({
      name: "x",
      sources: { a: { file: "a.csv", files: {} }, b: {} },
      rows: { from: "c" },
      fields: {
        y: { kind: "score", from: "a", column: "v", scale: "none" },
        "9z": { kind: "sound", from: "a" },
        v: {
          kind: "vector",
          from: "a",
          columns: "x",
          clip: -1,
          on: "id",
          row: "n",
          sentinels: [{ columns: [-1] }],
        },
        t: { kind: "tokens", from: "a", column: "x", columns: "y", minCount: 0.5 },
      },
      label: "z",
      extra: 1,
    });
    expect(text).toMatch(/sources\.a .*either `file` or `files`/);
    expect(text).toMatch(/sources\.b .*either `file` or `files`/);
    expect(text).toMatch(/rows\.from .*no source `c`\. There are `a`, `b`/);
    expect(text).toMatch(/rows .*`split` is missing/);
    expect(text).toMatch(/fields\.y\.scale .*kind `score` has no `scale`/);
    expect(text).toMatch(/fields\.9z .*field name begins with a letter/);
    expect(text).toMatch(/fields\.9z\.kind .*`sequence`, `vector`.*found "sound"/);
    expect(text).toMatch(/fields\.v\.clip .*above 0/);
    expect(text).toMatch(/fields\.v .*either `on` an id or by `row`/);
    expect(text).toMatch(/fields\.v\.sentinels\[0\] .*`value` is missing/);
    expect(text).toMatch(/fields\.t .*either `column` or `columns`/);
    expect(text).toMatch(/fields\.t\.minCount .*at least 1; found 0\.5/);
    expect(text).toMatch(/label .*no field `z`/);
    expect(text).toMatch(/extra .*`extra` is not known here/);
  });

  it("want files by split where there is no table of rows", async () => {
    const text = await problems({
      name: "x",
      sources: { a: { file: "a.h5" } },
      fields: { y: { kind: "score", from: "a" } },
    });
    expect(text).toMatch(/fields\.y .*same rows to every split/);
  });

  it("must be an object", async () => {
    expect(await problems([])).toMatch(/must be an object in braces; found \[\]/);
  });
});
