/** A small dataset in tables, with every kind of field, and its import. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parseManifest } from "../../src/data/import/manifest.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { importAndLoad, put, temporaryFolder } from "./support.ts";

export const folder = temporaryFolder();
let count = 0;

export const ROWS = `id,split,words,mood,score,clip,line
r1,train,"Good, good film!",1,2,a,1
r2,train,bad film,0.0,-1.5,a,0
r3,valid,don't know,1,0.5,b,0
r4,test,good,0,-3,b,1
r5,train,film,,,a,1
r6,,ignored,0,9,a,0
`;
export const STEPS = `key,x,y
r1,1,5
r1,3,5
r2,5,5
r3,100,6
r4,1,7
zz,0,0
`;

export const SOURCES = {
  rows: { file: "rows.csv" },
  steps: { file: "steps.csv" },
  clips: { files: { a: "clip-a.csv", b: "clip-b.csv" }, header: false },
};
export const FIELDS = {
  text: { kind: "tokens", from: "rows", column: "words" },
  audio: { kind: "sequence", from: "steps", on: { rows: "id", source: "key" }, columns: "x..y" },
  pooled: { kind: "vector", from: "clips", part: "clip", row: "line", columns: ["0", "2"], scale: "none" },
  mood: { kind: "class", from: "rows", column: "mood" },
  y: { kind: "score", from: "rows", column: "score", range: [-3, 3] },
};
export const FULL = {
  name: "small",
  sources: SOURCES,
  rows: { from: "rows", id: "id", split: "split" },
  fields: FIELDS,
  label: "y",
};
export const FILES = {
  "rows.csv": ROWS,
  "steps.csv": STEPS,
  "clip-a.csv": "1,2,3\n4,5,6\n",
  "clip-b.csv": "7,8,9\n10,11,12\n",
};

/** Imports a manifest with these files; returns the dataset and its folder. */
export async function importTables(
  manifest: unknown,
  files: Record<string, string | Uint8Array> = FILES,
): Promise<{ dataset: Dataset; out: string }> {
  const from = join(folder, `case-${count++}`);
  for (const [name, content] of Object.entries(files)) put(from, name, content);
  const out = join(from, "out");
  try {
    const dataset = await importAndLoad({
      manifest: parseManifest("import.json", manifest),
      from,
      out,
      command: "mird data import",
    });
    return { dataset, out };
  } catch (error) {
    expect(readdirSync(from).filter((name) => name.startsWith("out"))).toEqual([]);
    throw error;
  }
}
