/** The rewritten program must do what its sources say. */
import ts from "typescript";
import { expect, test } from "vitest";
import { fileByIndex } from "../../build-by-index.ts";

const SAMPLES: Readonly<Record<string, string>> = {
  "items, with continue, break and a label": `
    outer: for (const x of [1, 2, 3, 4]) {
      for (const y of [1, 2, 3]) {
        if (y === 2) continue outer;
        if (x === 4) break outer;
        log(x, y);
      }
    }`,
  "a list that grows while it is walked": `
    const open = [3];
    for (const x of open) { log(x); if (x > 0) open.push(x - 1); }`,
  "each turn has names of its own": `
    const later: (() => number)[] = [];
    for (const x of [1, 2, 3]) later.push(() => x);
    for (const each of later) log(each());`,
  "a body that names what the loop names": `
    const x = [[1], [2]];
    for (const y of x) { const x = y.length; { const y = x + 1; log(y); } }`,
  "positions and items": `
    for (const [position, { a, b: [c, d = 5] }] of [{ a: 1, b: [2] }, { a: 3, b: [4, 6] }].entries()) log(position, a, c, d);
    for (const position of ["x", "y"].keys()) log(position);
    for (const [, item] of ["x", "y"].entries()) log(item);`,
  "maps, sets and strings": `
    for (const [key, [first, ...rest]] of new Map([["k", [1, 2, 3]]])) log(key, first, rest);
    for (const x of new Set([1, 2])) log(x);
    for (const x of "a\\u{1f600}b") log(x);
    for (const [index, x] of new Set([7]).entries()) log(index, x);`,
  patterns: `
    const pair: readonly [number, readonly string[]] = [1, ["a", "b"]];
    const [one, [, two, three = "none"]] = pair;
    const [p, q] = [two, one];
    let [i, j] = [1, 2];
    [i, j] = [j, i];
    const [first, second] = new Set([8, 9]);
    log(one, two, three, p, q, i, j, first, second);`,
  parameters: `
    const swap = ([a, b]: readonly [number, number]) => [b, a];
    function sum([a, ...rest]: number[], scale: number): number { return rest.reduce((s, x) => s + x, a ?? 0) * scale; }
    const defaulted = ([a]: number[], b = a) => log(a, b);
    const record = ([a]: number[]) => ({ a });
    class Adder { add([a, b]: [number, number]) { return a + b + this.one; } one = 1; }
    defaulted([4]);
    log(swap([1, 2]), sum([1, 2, 3], 2), [[5, 6]].map(([x, y]) => x! * y!), record([3]), new Adder().add([1, 2]));`,
  "joined lists": `
    const [a, b] = [[1, 2], [3, [4]]];
    const set = new Set([5]);
    log([...a, ...b], [0, ...a], [...a, 0, ...b, [6]], [...a], [...set, ...a], ["x", ...(a.length > 5 ? a : [])]);`,
};

test.each(Object.entries(SAMPLES))("%s", (_, sample) => {
  const text = rewritten(sample);
  const expected = logOf(sample);
  expect(expected.length).toBeGreaterThan(0);
  expect(logOf(text)).toEqual(expected);
});

test("arrays are walked by index, and nothing else is", () => {
  const loops = (sample: string) => rewritten(sample).match(/ of /g)?.length ?? 0;
  expect(loops("for (const x of [1]) log(x); for (const [i, x] of [1].entries()) log(i, x);")).toBe(0);
  expect(loops("for (const x of new Set([1])) log(x); for (const x of 'ab') log(x);")).toBe(2);
  expect(rewritten("log([1].map((x) => x));")).toContain("[1].map(");
});

function logOf(sample: string): readonly unknown[] {
  const { outputText } = ts.transpileModule(sample, { compilerOptions: { target: ts.ScriptTarget.ES2023 } });
  const lines: unknown[] = [];
  new Function("log", outputText)((...values: unknown[]) => lines.push(values));
  return lines;
}

function rewritten(sample: string): string {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts"],
    types: [],
    strict: true,
  };
  const host = ts.createCompilerHost(options);
  const path = "sample.ts";
  const source = ts.createSourceFile(
    path,
    `declare function log(...values: unknown[]): void;\n${sample}`,
    ts.ScriptTarget.ES2023,
    true,
  );
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => (name === path ? source : getSourceFile.call(host, name, ...rest));
  return fileByIndex(ts.createProgram([path], options, host), source);
}
