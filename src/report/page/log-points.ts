/** The log of a run as points of charts: the numbers that were written, none made up. */
import { isObject } from "../../data/json-shape.ts";
import type { LogEntry } from "../log.ts";
import type { Point } from "./charts.ts";

/** More points than this along a line cannot be told apart; then every n-th iteration is drawn. */
const MOST_POINTS = 400;

/** Numbers by name; null, as undefined values are written, becomes NaN. */
export function numberEntries(value: unknown): Map<string, number> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return new Map(
    entries.flatMap(([name, number]): [string, number][] =>
      typeof number === "number" ? [[name, number]] : number === null ? [[name, Number.NaN]] : [],
    ),
  );
}

/** By loss: the mean of every epoch's iterations (`train`) and the validation split's (`valid`). By metric: the validation split's. */
export function epochPoints(log: readonly LogEntry[], part: "losses" | "metrics"): Map<string, Point[]> {
  const points = new Map<string, Point[]>();
  for (const entry of log) {
    if (entry.kind !== "epoch") continue;
    const x = Number(entry.epoch) + 1;
    const valid = isObject(entry.valid) ? entry.valid[part] : null;
    if (part === "losses") addPoints(points, numberEntries(entry.train), x, "train");
    addPoints(points, numberEntries(valid), x, "valid");
  }
  return points;
}

/** By loss, the values of the iterations, as one series named after it. */
export function iterationPoints(
  log: readonly LogEntry[],
  wanted: (name: string) => boolean,
): Map<string, Point[]> {
  const entries = log.filter(({ kind }) => kind === "iteration");
  const step = Math.max(1, Math.ceil(entries.length / MOST_POINTS));
  const points = new Map<string, Point[]>();
  for (const entry of entries.filter((_, index) => index % step === 0)) {
    const values = [...numberEntries(entry.losses)].filter(([name]) => wanted(name));
    for (const [name, y] of values)
      addPoints(points, new Map([[name, y]]), Number(entry.iteration) + 1, name.slice(name.indexOf("[")));
  }
  return points;
}

/** The mean of several runs' points at every place that one of them has, as one series. */
export function averagePoints(runs: readonly (readonly Point[])[], series: string): Point[] {
  const sums = new Map<number, { readonly sum: number; readonly count: number }>();
  for (const { x, y } of runs.flat()) {
    const { sum, count } = sums.get(x) ?? { sum: 0, count: 0 };
    sums.set(x, { sum: sum + y, count: count + 1 });
  }
  const places = [...sums].sort(([a], [b]) => a - b);
  return places.map(([x, { sum, count }]) => ({ x, y: sum / count, series }));
}

function addPoints(
  points: Map<string, Point[]>,
  values: ReadonlyMap<string, number>,
  x: number,
  series: string,
): void {
  for (const [name, y] of values) {
    const list = points.get(name) ?? [];
    list.push({ x, y, series });
    points.set(name, list);
  }
}
