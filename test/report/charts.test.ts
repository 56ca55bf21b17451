/** Charts of values that are not all defined. */
import { expect, it } from "vitest";
import { scatterChart } from "../../src/report/page/charts.ts";

const chart = (values: readonly (readonly [number, number])[]) =>
  scatterChart(
    values.map(([x, y]) => ({ x, y, color: 0 })),
    { x: "label", y: "prediction" },
    { diagonal: true },
  );

it("a scatter with a diagonal is the same with and without undefined points", () => {
  const defined = [
    [1, 2],
    [3, -1],
  ] as const;
  const svg = chart([[0, Number.NaN], ...defined, [Number.NaN, 9]]);
  expect(svg).toBe(chart(defined));
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).not.toContain("NaN");
});

it("a scatter without points has axes and no diagonal", () => {
  expect(chart([])).toContain("<svg");
  expect(chart([])).not.toMatch(/<circle|NaN|Infinity/);
});
