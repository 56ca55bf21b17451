/** The charts of a report as inline SVG. Axes and text take the colour of the page, so that they can be read in the dark and on paper. */
import { at } from "../../base/invariant.ts";
import { htmlText } from "./html.ts";
import type { Scale } from "./scale.ts";
import { scaleOf } from "./scale.ts";

/** Colours that can be told apart on white and on black. */
const LINES = [
  "#4c7fd9",
  "#e07b39",
  "#2e9e6b",
  "#b85fc4",
  "#c9a400",
  "#d64550",
  "#2aa5b8",
  "#8a8f98",
] as const;
/** From low to high, each as red, green, blue: viridis (Smith and van der Walt) at five places. */
const RAMP = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;
/** Of a heat map, from 0 to the most. */
const HEAT = [
  [240, 245, 252],
  [8, 64, 129],
] as const;
/** Above this share a cell is dark, and its text white. */
const DARK = 0.5;
export const MARGIN = { left: 52, right: 12, top: 10, bottom: 34 };

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly series: string;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly x: Scale;
  readonly y: Scale;
}

/** Lines over a whole-number axis, one per series, with a key where there are several. Undefined values leave a gap. */
export function lineChart(points: readonly Point[], label: string): string {
  const series = [...new Set(points.map((point) => point.series))];
  const frame = frameOf(points, { width: 340, height: 200 }, true);
  const lines = series.map((name, index) => {
    const own = points.filter((point) => point.series === name);
    const path = pathOf(own, frame);
    const marks =
      own.length < 30
        ? own
            .filter(isFinitePoint)
            .map((point) => dot(point, frame, color(index)))
            .join("")
        : "";
    return `<path d="${path}" fill="none" stroke="${color(index)}" stroke-width="1.6"/>${marks}`;
  });
  return `${series.length > 1 ? key(series) : ""}${svg(frame, `${axes(frame, label, "")}${lines.join("\n")}`)}`;
}

/** Two numbers per row of the dataset, coloured by a third one or by a name. Undefined values have no dot. */
export function scatterChart(
  points: readonly { readonly x: number; readonly y: number; readonly color: number | string }[],
  labels: { readonly x: string; readonly y: string },
  { size = 250, diagonal = false }: { readonly size?: number; readonly diagonal?: boolean } = {},
): string {
  const names = [
    ...new Set(points.flatMap(({ color }) => (typeof color === "string" ? [color] : []))),
  ].sort();
  const numbers = points.flatMap(({ color }) => (typeof color === "number" ? [color] : []));
  const ramp = scaleOf(numbers, 0, 1);
  const fill = (value: number | string) =>
    typeof value === "string" ? color(names.indexOf(value)) : between(RAMP, ramp.place(value));
  const finite = points.filter(isFinitePoint);
  const both = finite.flatMap(({ x, y }) => [x, y]);
  const shown = diagonal ? both.map((value) => ({ x: value, y: value })) : finite;
  const frame = frameOf(shown, { width: size, height: size }, false);
  const ends = [Math.min(...both), Math.max(...both)].map((value) => place({ x: value, y: value }, frame));
  const line =
    both.length > 0 && diagonal
      ? `<path d="M${ends.join("L")}" stroke="currentColor" stroke-opacity="0.4" fill="none"/>`
      : "";
  const dots = finite.map((point) => dot(point, frame, fill(point.color)));
  return `${names.length > 1 ? key(names) : ""}${svg(frame, `${axes(frame, labels.x, labels.y)}${line}${dots.join("")}`)}`;
}

export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly value: number;
}

/** A matrix of values, shaded from 0 to `most`, with the number in every cell. */
export function heatChart(
  cells: readonly Cell[],
  { most = 1, digits = 2 }: { readonly most?: number; readonly digits?: number } = {},
): string {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const columns = [...new Set(cells.map(({ column }) => column))];
  const [wide, high] = [58, 30];
  const left = 14 + 7 * Math.max(1, ...rows.map((row) => row.length));
  const [width, height] = [left + wide * columns.length + 4, 24 + high * rows.length + 4];
  const heads = columns.map((name, index) => text(left + wide * (index + 0.5), 15, name, "middle"));
  const names = rows.map((name, index) => text(left - 8, 24 + high * (index + 0.5) + 4, name, "end"));
  const boxes = cells.map(({ row, column, value }) => {
    const [x, y] = [left + wide * columns.indexOf(column), 24 + high * rows.indexOf(row)];
    const share = Math.max(0, Math.min(1, value / most));
    const shade = Number.isNaN(value) ? "none" : between(HEAT, share);
    const ink = Number.isNaN(value) ? "currentColor" : share > DARK ? "#ffffff" : "#10243e";
    const number = Number.isNaN(value) ? "-" : value.toFixed(digits);
    return `<rect x="${x}" y="${y}" width="${wide - 1}" height="${high - 1}" fill="${shade}"/>${text(x + wide / 2, y + high / 2 + 4, number, "middle", ink)}`;
  });
  return svg({ width, height }, [...heads, ...names, ...boxes].join("\n"));
}

export interface Interval {
  readonly name: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A line from low to high with a dot at the mean for every name, over an axis that shows 0. */
export function intervalChart(intervals: readonly Interval[]): string {
  const [row, top] = [22, 8];
  const left = 14 + 7 * Math.max(1, ...intervals.map(({ name }) => name.length));
  const [width, bottom] = [left + 240, top + row * intervals.length];
  const x = scaleOf([0, ...intervals.flatMap(({ low, high }) => [low, high])], left, width - MARGIN.right, {
    count: 4,
  });
  const ticks = x.ticks.map(
    (tick) =>
      `<path d="M${round(x.place(tick))},${bottom}v4" stroke="currentColor" stroke-opacity="0.6"/>${text(x.place(tick), bottom + 16, tickText(tick, x), "middle")}`,
  );
  const zero = `<path d="M${round(x.place(0))},${top}V${bottom}" stroke="currentColor" stroke-opacity="0.4"/>`;
  const lines = intervals.map(({ name, mean, low, high }, index) => {
    const y = top + row * (index + 0.5);
    // The first colour is that of the variant that the others are compared with.
    const stroke = color(index + 1);
    return `${text(left - 8, y + 4, name, "end")}<path d="M${round(x.place(low))},${y}H${round(x.place(high))}" stroke="${stroke}" stroke-width="2"/><circle cx="${round(x.place(mean))}" cy="${y}" r="3.5" fill="${stroke}"/>`;
  });
  return svg({ width, height: bottom + 22 }, [...ticks, zero, ...lines].join("\n"));
}

export function frameOf(
  points: readonly { readonly x: number; readonly y: number }[],
  { width, height }: { readonly width: number; readonly height: number },
  whole: boolean,
): Frame {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return {
    width,
    height,
    x: scaleOf(xs, MARGIN.left, width - MARGIN.right, { whole }),
    y: scaleOf(ys, height - MARGIN.bottom, MARGIN.top),
  };
}

export function axes({ width, height, x, y }: Frame, labelX: string, labelY: string): string {
  const [left, bottom, right] = [MARGIN.left, height - MARGIN.bottom, width - MARGIN.right];
  const rows = y.ticks.map(
    (tick) =>
      `<path d="M${left},${round(y.place(tick))}H${right}" stroke="currentColor" stroke-opacity="0.15"/>${text(left - 6, y.place(tick) + 4, tickText(tick, y), "end")}`,
  );
  const columns = x.ticks.map(
    (tick) =>
      `<path d="M${round(x.place(tick))},${bottom}v4" stroke="currentColor" stroke-opacity="0.6"/>${text(x.place(tick), bottom + 16, tickText(tick, x), "middle")}`,
  );
  const turned = `<text transform="translate(12,${(MARGIN.top + bottom) / 2})rotate(-90)" text-anchor="middle">${htmlText(labelY)}</text>`;
  const base = `<path d="M${left},${bottom}H${right}" stroke="currentColor" stroke-opacity="0.6"/>`;
  return [...rows, ...columns, base, text((left + right) / 2, height - 4, labelX, "middle"), turned].join(
    "\n",
  );
}

function tickText(value: number, { digits }: Scale): string {
  return Math.abs(value) >= 1e5 ? value.toExponential(1) : value.toFixed(digits);
}

function pathOf(points: readonly Point[], frame: Frame): string {
  let drawing = false;
  const steps = points.map((point) => {
    const step = isFinitePoint(point) ? `${drawing ? "L" : "M"}${place(point, frame)}` : "";
    drawing = isFinitePoint(point);
    return step;
  });
  return steps.join("");
}

export function isFinitePoint({ x, y }: { readonly x: number; readonly y: number }): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

function dot(point: { readonly x: number; readonly y: number }, frame: Frame, fill: string): string {
  const [x = "", y = ""] = place(point, frame).split(",");
  return `<circle cx="${x}" cy="${y}" r="2.2" fill="${fill}"/>`;
}

function place({ x, y }: { readonly x: number; readonly y: number }, frame: Frame): string {
  return `${round(frame.x.place(x))},${round(frame.y.place(y))}`;
}

export function text(x: number, y: number, content: string, anchor: string, fill = "currentColor"): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}">${htmlText(content)}</text>`;
}

function key(names: readonly string[]): string {
  const parts = names.map(
    (name, index) => `<span><i style="background:${color(index)}"></i>${htmlText(name)}</span>`,
  );
  return `<div class="key">${parts.join(" ")}</div>`;
}

function svg({ width, height }: Pick<Frame, "width" | "height">, body: string): string {
  return `<svg role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" fill="currentColor" font-size="11">\n${body}\n</svg>`;
}

export function color(index: number): string {
  return at(LINES, index % LINES.length);
}

/** The colour at a place from 0 to 1 along a row of colours. */
function between(ramp: readonly (readonly [number, number, number])[], share: number): string {
  const along = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const index = Math.min(ramp.length - 2, Math.floor(along));
  const mixed = at(ramp, index).map((value, part) =>
    Math.round(value + (along - index) * (at(at(ramp, index + 1), part) - value)),
  );
  return `rgb(${mixed.join(",")})`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
