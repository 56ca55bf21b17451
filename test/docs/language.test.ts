/** docs/language.md tells the truth: its examples check, its mistakes are mistakes, its tables are those of the compiler. */
import { describe, expect, it } from "vitest";
import { builtins } from "../../src/builtins/index.ts";
import type { TrainingSetting } from "../../src/check/training-table.ts";
import { optimizers, schedules } from "../../src/check/training-table.ts";
import { METRICS } from "../../src/statistics/metrics.ts";
import { check } from "../support/check.ts";
import { codeBlocks, expectSection, table } from "../support/docs.ts";

const PAGE = "docs/language.md";
/** The file that the page imports as an example. */
const FILES = {
  "./my_penalty.mird": "module MyPenalty {\n  (x: f32[B, M]) -> f32 {\n    return mean(x ^ 2)\n  }\n}\n",
};

const blocks = codeBlocks(PAGE);
const file = blocks
  .filter(({ info }) => info === "mird")
  .map(({ text }) => text)
  .join("\n");
const fragments = blocks.filter(({ info }) => info === "mird fragment");
/** The model of the page that fragments stand in. */
const CONTEXT = "  input text : ids[B, L~] < V\n}\n";

interface Mistake {
  readonly line: number;
  readonly code: string;
}

/** Mistakes that the comments of a text announce, by line from 1. */
function announced(text: string): Mistake[] {
  return text.split("\n").flatMap((line, index) => {
    const code = /\/\/ error: ([\w-]+)$/.exec(line)?.[1];
    return code === undefined ? [] : [{ line: index + 1, code }];
  });
}

function found(text: string): Mistake[] {
  return check({ source: text, files: FILES })
    .problems.filter(({ severity }) => severity === "error")
    .map(({ code, primary }) => ({
      line: text.slice(0, primary?.span.start ?? 0).split("\n").length,
      code,
    }));
}

describe("examples", () => {
  it("the blocks of the page are one file without mistakes", () => {
    expect(found(file)).toEqual([]);
    expect(file).toContain(CONTEXT);
  });

  it.each(fragments.map(({ text }) => [text.split("\n")[0], text]))(
    "mistakes of the fragment `%s` are those that it announces",
    (_, text = "") => {
      const inside = CONTEXT.replace("}\n", `${text.replaceAll(/^(?=.)/gm, "  ")}}\n`);
      const whole = file.replace(CONTEXT, inside);
      expect(found(whole)).toEqual(announced(whole));
    },
  );

  it("finds them", () => {
    expect([fragments.length, file.length > 3000]).toEqual([5, true]);
  });
});

describe("tables", () => {
  it("builtin functions", () => {
    const rows = [...builtins.values()].map(({ usage, doc }) => [`\`${usage}\``, doc]);
    expectSection(PAGE, "builtins", `\n${table(["function", "meaning"], rows)}\n`);
  });

  it("optimisers and schedules", () => {
    const rows = (named: typeof optimizers | typeof schedules, what: string) =>
      named.map(({ name, settings }) => [what, `\`${name}(${settings.map(setting).join(", ")})\``]);
    const lines = [...rows(optimizers, "optimiser"), ...rows(schedules, "schedule")];
    expectSection(PAGE, "optimizers", `\n${table(["", "settings and defaults"], lines)}\n`);
  });

  it("metrics", () => {
    const rows = METRICS.map(({ name, labels, better, doc }) => [
      `\`${name}\``,
      { score: "numbers", class: "classes", set: "sets of labels" }[labels],
      better,
      doc,
    ]);
    expectSection(PAGE, "metrics", `\n${table(["metric", "of", "better", "meaning"], rows)}\n`);
  });
});

function setting(setting: TrainingSetting): string {
  return setting.default === null ? setting.name : `${setting.name} = ${setting.default}`;
}
