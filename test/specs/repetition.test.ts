/** Every idea of a spec stands once: what two models share is a part of the library, a slot, or one model as a variant of the other. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";

/** As long as the train block of a model with one loss, which says little when it is shared. */
const MOST = 10;
/** What models on the same data have in common. */
const INTERFACE = /^(import|size|number|flag|input|label)\b/;

/** The lines that say something, without comments. */
function statements(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.replace(/\s*\/\/.*/, "").trim())
    .filter((line) => line !== "" && line !== "}" && !INTERFACE.test(line));
}

/** The longest run of lines that both have. */
function longestCommon(a: readonly string[], b: readonly string[]): string[] {
  let longest: string[] = [];
  let above: number[] = [];
  for (const [row, line] of a.entries()) {
    const lengths = b.map((other, column) => (line === other ? (above[column - 1] ?? 0) + 1 : 0));
    const most = Math.max(0, ...lengths);
    if (most > longest.length) longest = a.slice(row + 1 - most, row + 1);
    above = lengths;
  }
  return longest;
}

const specs = readdirSync("specs").filter((name) => name.endsWith(".mird"));
const texts = specs.map((name) => statements(`specs/${name}`));

it("a run of lines that two specs share is found", () => {
  const [first = "", ...rest] = at(texts, specs.indexOf("misa.mird"));
  expect(longestCommon(["other", first, ...rest], [...rest, first])).toEqual(rest);
});

it.each(specs.map((name, index) => [name, index] as const))("%s repeats no other spec", (_, index) => {
  const repeated = specs.flatMap((other, place) => {
    const common = place > index ? longestCommon(at(texts, index), at(texts, place)) : [];
    return common.length > MOST ? [{ other, common }] : [];
  });
  expect(repeated).toEqual([]);
});
