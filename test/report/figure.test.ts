import { describe, expect, it } from "vitest";
import { figure } from "../../src/report/page/figure.ts";

const panel = {
  title: "a < b",
  labels: { x: "x", y: "y" },
  series: [
    {
      name: "measured",
      points: [
        { x: 0, y: 1, spread: 0.5 },
        { x: 1, y: Number.NaN },
        { x: 2, y: 3 },
      ],
    },
    { name: "known", points: [0, 2].map((x) => ({ x, y: x })), line: "dashed" as const },
  ],
};

describe("figure", () => {
  it("draws points with their spread and leaves out what is undefined", () => {
    const text = figure([panel]);
    expect(text.match(/<circle/g)).toHaveLength(2);
    expect(text.match(/stroke-dasharray/g)).toHaveLength(2); // the line and its key
    expect(text).toContain("a &lt; b");
    expect(text).not.toContain("NaN");
  });

  it("gives a series one colour in every panel, and one key", () => {
    const text = figure([panel, { ...panel, series: [...panel.series].reverse() }]);
    const inks = [...text.matchAll(/<circle[^>]*fill="(#\w+)"/g)].map(([, ink]) => ink);
    expect(inks).toHaveLength(4);
    expect(new Set(inks).size).toBe(1);
    expect(text.match(/>known</g)).toHaveLength(1);
  });

  it("puts names in place of numbers", () => {
    const text = figure([{ ...panel, names: ["one", "two", "three"] }]);
    for (const name of ["one", "two", "three"]) expect(text).toContain(`>${name}<`);
  });

  it("breaks panels into rows", () => {
    expect(figure([panel, panel, panel], 2)).toContain('width="600"');
  });
});
