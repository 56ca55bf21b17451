import { describe, expect, it } from "vitest";
import { csv, metricsJson, metricsTable } from "../../src/report/tables.ts";

const RESULTS = [
  {
    split: "valid",
    metrics: new Map([
      ["mae", 0.5],
      ["acc2", 0.75],
    ]),
    losses: new Map([["task", 1.25]]),
  },
  {
    split: "test",
    metrics: new Map([
      ["mae", 12.25],
      ["acc2", Number.NaN],
    ]),
    losses: new Map([["task", 123456]]),
  },
];

describe("the metric table", () => {
  it("shows the reported metrics first, then the others and the losses", () => {
    expect(metricsTable(RESULTS, ["acc2", "corr"])).toMatchInlineSnapshot(`
      "            valid       test
      acc2       0.7500  undefined
      mae        0.5000    12.2500
      loss task  1.2500   1.235e+5
      "
    `);
  });

  it("is null in JSON where a metric is undefined", () => {
    expect(metricsJson(RESULTS)).toEqual({
      valid: { metrics: { mae: 0.5, acc2: 0.75 }, losses: { task: 1.25 } },
      test: { metrics: { mae: 12.25, acc2: null }, losses: { task: 123456 } },
    });
  });
});

describe("CSV", () => {
  it("quotes what needs it", () => {
    expect(
      csv(
        ["id", "value"],
        [
          ["a", 1],
          ['b "x", y', null],
          ["two\nlines", -0.5],
        ],
      ),
    ).toBe('id,value\na,1\n"b ""x"", y",\n"two\nlines",-0.5\n');
  });
});
