/** Figures for papers and pages: panels of lines with their spread side by side, as one SVG file that stands alone, on white. */
import { at } from "../../base/invariant.ts";
import type { Frame } from "./charts.ts";
import { axes, color, frameOf, isFinitePoint, MARGIN, round, text } from "./charts.ts";
import { htmlText } from "./html.ts";

export interface FigurePoint {
  readonly x: number;
  readonly y: number;
  /** Half the length of the error bar, in units of y. */
  readonly spread?: number;
}

export interface FigureSeries {
  readonly name: string;
  readonly points: readonly FigurePoint[];
  /** `dashed` in the colour of the text for what is known, `none` for points that do not follow each other; default `solid`. */
  readonly line?: "solid" | "dashed" | "none";
}

export interface FigurePanel {
  readonly title: string;
  readonly labels: { readonly x: string; readonly y: string };
  readonly series: readonly FigureSeries[];
  /** Names along the x axis in place of numbers: the first stands at x = 0, the next at 1. */
  readonly names?: readonly string[];
}

const PANEL = { width: 300, height: 240 };
const HEAD = 22;
const KEY_LINE = 18;
/** Of a letter, about; keys are laid out without measuring text. */
const LETTER = 6.2;

/** The panels in rows of `columns`, with one key for all; series of one name have one colour in every panel. */
export function figure(panels: readonly FigurePanel[], columns = panels.length): string {
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const wide = Math.min(columns, panels.length);
  const width = wide * PANEL.width;
  const rows = Math.ceil(panels.length / wide);
  const drawn = panels.map((panel, index) => {
    const [x, y] = [(index % wide) * PANEL.width, Math.floor(index / wide) * (PANEL.height + HEAD)];
    return `<g transform="translate(${x},${y})">${panelOf(panel, names)}</g>`;
  });
  const top = rows * (PANEL.height + HEAD);
  const key = keyOf(names, panels, width);
  const height = top + key.lines * KEY_LINE + 8;
  const body = `<rect width="${width}" height="${height}" fill="#ffffff"/>\n${drawn.join("\n")}\n<g transform="translate(0,${top})">${key.body}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" color="#20262e" fill="currentColor" font-family="sans-serif" font-size="11">\n${body}\n</svg>\n`;
}

function panelOf({ title, labels, series, names }: FigurePanel, all: readonly string[]): string {
  const ends = series.flatMap(({ points }) =>
    points.flatMap(({ x, y, spread = 0 }) => [
      { x, y: y - spread },
      { x, y: y + spread },
    ]),
  );
  // Names need room on both sides of the first and the last one.
  const room = names === undefined ? [] : [-0.5, names.length - 0.5].map((x) => ({ x, y: at(ends, 0).y }));
  const frame = frameOf([...ends, ...room].filter(isFinitePoint), PANEL, false);
  const shown = names === undefined ? frame : { ...frame, x: { ...frame.x, ticks: [] } };
  const ticks = (names ?? []).map((name, index) =>
    text(frame.x.place(index), PANEL.height - MARGIN.bottom + 16, name, "middle"),
  );
  const lines = series.map((one) => seriesOf(one, frame, inkOf(one, all)));
  const head = `<text x="${PANEL.width / 2}" y="15" text-anchor="middle" font-weight="bold">${htmlText(title)}</text>`;
  return `${head}<g transform="translate(0,${HEAD})">${axes(shown, labels.x, labels.y)}${ticks.join("")}${lines.join("\n")}</g>`;
}

function inkOf({ name, line }: FigureSeries, all: readonly string[]): string {
  return line === "dashed" ? "currentColor" : color(all.indexOf(name));
}

function seriesOf({ points, line = "solid" }: FigureSeries, frame: Frame, ink: string): string {
  const known = points.filter(isFinitePoint);
  const place = ({ x, y }: { readonly x: number; readonly y: number }) =>
    `${round(frame.x.place(x))},${round(frame.y.place(y))}`;
  const dashes = line === "dashed" ? ' stroke-dasharray="5 4"' : "";
  const path =
    line === "none" || known.length === 0
      ? ""
      : `<path d="M${known.map(place).join("L")}" fill="none" stroke="${ink}" stroke-width="1.6"${dashes}/>`;
  if (line === "dashed") return path;
  const bars = known.flatMap(({ x, y, spread = 0 }) =>
    spread > 0
      ? [`<path d="M${place({ x, y: y - spread })}L${place({ x, y: y + spread })}" stroke="${ink}"/>`]
      : [],
  );
  const marks = known.map((point) => {
    const [x = "", y = ""] = place(point).split(",");
    return `<circle cx="${x}" cy="${y}" r="2.8" fill="${ink}"/>`;
  });
  return [path, ...bars, ...marks].join("");
}

/** The names of all series with their colours, broken into lines that fit. */
function keyOf(names: readonly string[], panels: readonly FigurePanel[], width: number) {
  const all = panels.flatMap(({ series }) => series);
  let [x, line] = [MARGIN.left, 0];
  const parts = names.map((name) => {
    const long = 34 + LETTER * name.length;
    if (x + long > width && x > MARGIN.left) [x, line] = [MARGIN.left, line + 1];
    const one = all.find((series) => series.name === name) ?? { name, points: [] };
    const y = line * KEY_LINE + 8;
    const dashes = one.line === "dashed" ? ' stroke-dasharray="5 4"' : "";
    const part = `<path d="M${round(x)},${y}h18" stroke="${inkOf(one, names)}" stroke-width="2.4"${dashes}/>${text(x + 22, y + 4, name, "start")}`;
    x += long;
    return part;
  });
  return { body: parts.join(""), lines: line + 1 };
}
