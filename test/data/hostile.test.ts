/**
 * Broken and hostile files: each is refused with its name and the place, or loads and says what was found. Every case
 * has a time limit, and nothing of a file is ever executed.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { describeImport, importDataset } from "../../src/data/import.ts";
import { importLayout, LAYOUT_DEFAULTS } from "../../src/data/layout-import.ts";
import { readPickle } from "../../src/data/readers/pickle.ts";
import { readWordPieces } from "../../src/data/wordpiece.ts";
import { isThere } from "../support/outside.ts";
import { formats } from "./formats-support.ts";
import { problemsOf, temporaryFolder } from "./support.ts";

const have = isThere("refusal of broken and hostile files", formats);
const hostile = join(formats, "hostile");
const folder = temporaryFolder();
const LIMIT = 10_000;

interface Case {
  readonly file: string;
  readonly expect: "refuse" | "load" | "load-with-report";
}

function cases(): Case[] {
  const json: { cases: Case[] } = JSON.parse(readFileSync(join(hostile, "cases.json"), "utf8"));
  return json.cases;
}

/** What must be said of a file that may load; the words are those of a note or of a refusal. */
const FINDINGS: Record<string, RegExp> = {
  "pickle/trailing_bytes.pkl": /bytes behind the end of the pickle, not read: 18/,
  "mmsa/nan_inf.pkl":
    /audio, train: values missing \(NaN.*: 1 \(row 0 .*step 0, column 0\)[\s\S]*audio, train: values infinite.*: 1 \(row 1 .*step 0, column 3\)[\s\S]*vision, test: values infinite.*: 1 \(row 0 .*step 2, column 5\)/,
  "mmsa/minus_inf_frame.pkl": /audio, train: values infinite .*: 8 \(row 3 .*step 0, column 0;/,
  "mmsa/missing_modality_rows.pkl": /audio, train: rows with zeros only, taken as absent: 1 \(row 1 /,
  "mmsa/missing_text_row.pkl": /text, train: rows with zeros only, taken as absent: 1 \(row 2 /,
  "mmsa/no_vision.pkl": /modalities that no source has: 1 \(vision\)/,
  "mmsa/residue_past_length.pkl":
    /vision, train: rows with values behind their length, which are left out: 1/,
  "mmsa/front_padded.pkl": /audio, train: rows padded in front although their length counts from the start/,
  "mmsa/label_out_of_range.pkl":
    /y, train: scores outside -3 to 3.*: 1 \(.*: 7\.5\)[\s\S]*y, valid: scores outside.*: 1 \(.*: -3\.2/,
  "mmsa/label_constant.pkl": /y, train: rows with one and the same label/,
  "mmsa/empty_split.pkl": /valid: split without rows, left out/,
  "mmsa/no_valid_split.pkl": /valid: split that no source has/,
  "mmsa/dev_instead_of_valid.pkl": /valid: split called `dev` in the file/,
  "mmsa/duplicate_id.pkl": /train: rows whose id occurs before, kept: 1/,
  "mmsa/train_row_in_test.pkl":
    /test: rows whose id is in train as well, kept: 1[\s\S]*test: rows equal to a row of train in every input, kept: 1/,
  "mmsa/train_video_in_test.pkl": /test: videos with rows in train as well, kept: 1/,
  "mmsa/ragged_lists.pkl": /train \| audio|Dataset/,
  "mmsa/huge_values.pkl":
    /audio, train: columns with values beyond 1e18, whose squares overflow: 1 \(column 0\)/,
  "npz/object_array.npz": /Dataset/,
  "npz/path_traversal.npz":
    /members of the archive that are no arrays of its own, not read: 1 \(\.\.\/\.\.\/escaped\.npy\)/,
  "npz/deflate_bomb.npz": /columns that became no field.*: 3 /,
  "npz/no_labels.npz": /no label: every row counts as one without/,
  "npy/surplus.npy": /bytes behind the values of surplus\.npy, not read: 64/,
  "npy/nan_inf.npy": /values missing \(NaN.*: 3/,
  "hdf5/nan_inf.h5":
    /audio, train: values missing \(NaN.*: 1 \(row 0, step 0, column 0\)[\s\S]*values infinite.*: 2/,
  "hdf5/other_name.h5": /There is no such dataset\. The file holds `data`/,
  "hdf5/csd_times_descending.h5": /keys whose steps are not in order of time, put in order: 1/,
  "csv/empty_cell.csv": /a, train: values missing \(NaN, empty or sentinel\).*: 1 \(row 5.*column 2\)/,
  "csv/nan_cell.csv": /a, train: values missing .*: 1 \(row 5.*column 2\)/,
  "csv/inf_cell.csv": /a, train: values infinite .*: 1 \(row 5.*column 2\)/,
  "csv/overflow_cell.csv": /a, train: values infinite .*: 1 \(row 5.*column 2\)/,
  "csv/duplicate_id.csv": /train: rows whose id occurs before, kept: 1/,
  "csv/label_out_of_range.csv": /y, train: scores outside -3 to 3.*: 1 \(.*: 7\.5\)/,
  "csv/latin1.csv": /line 2.*The file is not UTF-8 text/,
  "jsonl/row_without_modality.jsonl": /vision, train: rows for which the source has nothing: 1/,
  "jsonl/row_with_null_modality.jsonl": /vision, train: rows for which the source has nothing: 1/,
  "jsonl/duplicate_id.jsonl": /rows whose id occurs before, kept: 1/,
};

let count = 0;

/** Imports or reads a case as its folder wants; what it says when it loads. */
async function load(file: string): Promise<string> {
  const path = join(hostile, file);
  const group = dirname(file);
  const out = join(folder, `out-${count++}`);
  if (group === "vocab") return readWordPieces(path).tokens.join("\n");
  if (/^pickle\/array_/.test(file)) return String(readPickle(path).trailing);
  if (group === "hdf5" && !basename(file).startsWith("csd_")) return throughDescription(file, out);
  if (/csv\/mosi_audio/.test(file)) return throughDescription(file, out);
  const vocabularyFile = file.includes("token_id") ? join(formats, "../vocab/vocab_words.txt") : null;
  const summary = await importLayout({
    ...LAYOUT_DEFAULTS,
    name: "case",
    sources: [{ path, split: null }],
    vocabularyFile,
    out,
  });
  return describeImport(summary);
}

/** Files whose layout only a description can say. */
async function throughDescription(file: string, out: string): Promise<string> {
  const isCsv = file.endsWith(".csv");
  const fields = isCsv
    ? {
        audio: { kind: "vector", from: "data", columns: "0..72" },
        y: { kind: "score", from: "data", column: "73" },
      }
    : { audio: { kind: "sequence", from: "data", dataset: "d1" } };
  const manifest = parseManifest("case", {
    name: "case",
    sources: { data: isCsv ? { file, header: false } : { files: { train: file } } },
    ...(isCsv ? { rows: { from: "data", split: { valid: 0, test: 0 } }, label: "y" } : {}),
    fields,
  });
  return describeImport(await importDataset({ manifest, from: hostile, out }));
}

describe.skipIf(!have)("hostile/cases.json", () => {
  const all = have ? cases() : [];

  it("has a finding for every case that is to be reported", () => {
    const reported = all.filter((item) => item.expect === "load-with-report").map(({ file }) => file);
    expect(Object.keys(FINDINGS).sort()).toEqual(reported.sort());
  });

  it.each(all.filter((item) => item.expect === "refuse").map(({ file }) => file))(
    "refuses %s",
    async (file) => {
      const problems = await problemsOf(() => load(file));
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join("\n")).toContain(basename(file).replace(/\.[^.]+$/, ""));
      expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    },
    LIMIT,
  );

  it.each(all.filter((item) => item.expect === "load").map(({ file }) => file))(
    "loads %s",
    async (file) => {
      await expect(load(file)).resolves.not.toBe("");
    },
    LIMIT,
  );

  it.each(all.filter((item) => item.expect === "load-with-report").map(({ file }) => file))(
    "reports %s",
    async (file) => {
      let said: string;
      try {
        said = await load(file);
      } catch {
        said = (await problemsOf(() => load(file))).join("\n");
      }
      expect(said).toMatch(FINDINGS[file] ?? /^$/);
    },
    LIMIT,
  );

  it("nothing was written outside, and nothing was executed", () => {
    expect(existsSync(join(folder, "../../escaped.npy"))).toBe(false);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe.skipIf(!have)("memory", () => {
  const BOMBS = [
    "pickle/huge_length.pkl",
    "pickle/huge_memo_index.pkl",
    "pickle/shared_reference_bomb.pkl",
    "pickle/deep_nesting.pkl",
    "pickle/array_overflow_shape.pkl",
    "pickle/frame_too_long.pkl",
    "npz/deflate_bomb.npz",
    "npy/header_overflow_shape.npy",
  ];

  it("bombs stay small: a process of its own with 64 MiB of heap reads all of them", () => {
    const script = join(import.meta.dirname, "hostile-child.ts");
    const paths = BOMBS.map((file) => join(hostile, file));
    const root = join(import.meta.dirname, "../..");
    const args = ["--max-old-space-size=64", "--import", "tsx", script, ...paths];
    const printed = execFileSync(process.execPath, args, { cwd: root, timeout: 60_000, encoding: "utf8" });
    expect(printed).not.toContain("this-must-never-run");
    const result: { outcomes: string[]; grown: number } = JSON.parse(printed);
    expect(result.outcomes.length).toBe(BOMBS.length);
    expect(result.grown).toBeLessThan(48 * 2 ** 20);
  }, 70_000);
});
