/** Every wrong program gives one good message: source and message stand together in test/golden/check. */
import { describe, expect, it } from "vitest";
import { check, type Given } from "../support/check.ts";
import { goldenTests } from "../support/golden.ts";
import { calls } from "./cases/calls.ts";
import { lists } from "./cases/lists.ts";
import { models } from "./cases/models.ts";
import { modules } from "./cases/modules.ts";
import { names } from "./cases/names.ts";
import { scans } from "./cases/scans.ts";
import { shapes } from "./cases/shapes.ts";
import { states } from "./cases/states.ts";
import { training } from "./cases/training.ts";

const cases: Readonly<Record<string, string | Given>> = {
  ...names,
  ...calls,
  ...shapes,
  ...lists,
  ...scans,
  ...modules,
  ...models,
  ...states,
  ...training,
};

/** What was checked: the file, the other files and the options. */
function shown(given: Given): string {
  const others = Object.entries(given.files ?? {}).map(([path, text]) => `// ${path}\n${text}`);
  const options = [
    ...(given.model === undefined ? [] : [`--model ${given.model}`]),
    ...(given.set ?? []).map((set) => `--set ${set}`),
  ];
  return [given.source, ...others, ...options.map((option) => `// ${option}\n`)].join("\n");
}

describe("messages", () => {
  const goldens = Object.entries(cases).map(([name, written]) => {
    const given = typeof written === "string" ? { source: written } : written;
    return [name, () => `${shown(given)}---\n${check(given).messages}`] as const;
  });
  goldenTests("check", Object.fromEntries(goldens));

  it.each(Object.entries(cases))("%s: one message, of this code", (name, given) => {
    const [code] = name.split("--");
    expect(check(given).codes).toEqual([code]);
  });

  it("covers at least forty kinds of mistakes", () => {
    expect(new Set(Object.keys(cases).map((name) => name.split("--")[0])).size).toBeGreaterThan(40);
  });
});
