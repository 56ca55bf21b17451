/**
 * Golden tests: one file per case under test/golden/, holding input and output together so that it can be read alone.
 * `UPDATE_GOLDEN=1 npx vitest run …` rewrites them and removes those that no case claims; otherwise both are failures.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "golden");
const isUpdate = process.env.UPDATE_GOLDEN === "1";

/**
 * Defines one test per case, which compares what the case returns with `test/golden/<folder>/<name>.txt`, and one that
 * fails for files without a case. A folder belongs to one call.
 */
export function goldenTests(folder: string, cases: Readonly<Record<string, () => string>>): void {
  const directory = join(root, folder);
  for (const [name, produce] of Object.entries(cases)) {
    it(`${folder}: ${name}`, () => {
      const path = join(directory, `${name}.txt`);
      const text = produce();
      if (isUpdate) {
        mkdirSync(directory, { recursive: true });
        writeFileSync(path, text);
      }
      expect(existsSync(path), `${path} is missing; write it with UPDATE_GOLDEN=1`).toBe(true);
      expect(text).toBe(readFileSync(path, "utf8"));
    });
  }
  it(`${folder}: every golden file has a case`, () => {
    const files = existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith(".txt")) : [];
    const unused = files.filter((file) => !Object.hasOwn(cases, file.slice(0, -".txt".length)));
    if (isUpdate) for (const file of unused) rmSync(join(directory, file));
    else expect(unused).toEqual([]);
  });
}
