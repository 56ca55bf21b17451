import { expect, it } from "vitest";
import { metrics } from "../../src/check/training-table.ts";
import { METRICS } from "../../src/train/metrics.ts";

it("the checker accepts exactly the metrics that training computes", () => {
  const words = { score: "f32", class: "class", set: "set" };
  const computed = METRICS.map(({ name, labels, better }) => ({ name, labels: words[labels], better }));
  const byName = (a: { name: string; labels: string }, b: { name: string; labels: string }) =>
    a.name + a.labels < b.name + b.labels ? -1 : 1;
  expect([...metrics].sort(byName)).toEqual(computed.sort(byName));
});
