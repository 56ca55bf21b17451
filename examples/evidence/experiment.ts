/** What the experiments share: how one is run, and what is written. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A measured value, or none where it could not be measured. */
export type Value = number | null;

/** One training, or one cell of a grid: what was set, and what was measured, with every digit. */
export interface Measurement {
  readonly settings: Readonly<Record<string, string | number>>;
  readonly values: Readonly<Record<string, Value>>;
}

export interface Experiment<Size> {
  /** Its folder in `examples/evidence`. */
  readonly name: string;
  /** The size that the committed results have. */
  readonly full: Size;
  /** Trains and measures; `folder` is for the runs. */
  readonly measure: (size: Size, folder: string, tell: (line: string) => void) => Promise<Measurement[]>;
  /** Markdown tables and figures by file name, from the measurements alone. */
  readonly files: (measurements: readonly Measurement[]) => Readonly<Record<string, string>>;
}

const here = dirname(fileURLToPath(import.meta.url));

/** The measurements that are committed. */
export function committed(name: string): Measurement[] {
  return JSON.parse(readFileSync(join(here, name, "results.json"), "utf8"));
}

/** Runs an experiment at full size and writes `results.json`, its tables and its figures into the experiment's folder, or into the one that is the first argument. */
export async function main<Size>(experiment: Experiment<Size>): Promise<void> {
  const { name, full, measure, files } = experiment;
  const out = process.argv[2] ?? join(here, name);
  const began = performance.now();
  const measurements = await measure(full, join("runs", "evidence", name), (line) => console.log(line));
  mkdirSync(out, { recursive: true });
  const lines = measurements.map((one) => JSON.stringify(one));
  writeFileSync(join(out, "results.json"), `[\n${lines.join(",\n")}\n]\n`);
  for (const [file, text] of Object.entries(files(measurements))) {
    writeFileSync(join(out, file), text);
    if (file.endsWith(".md")) console.log(`\n${text}`);
  }
  console.log(`${((performance.now() - began) / 1000).toFixed(0)} s. Everything is in ${out}`);
}

/** Whether a module is the program, and not imported. */
export function isProgram(url: string): boolean {
  return process.argv[1] === fileURLToPath(url);
}

/** Mean and standard deviation (with n − 1) of the values that there are. */
export function spreadOf(values: readonly (Value | undefined)[]): {
  readonly mean: number;
  readonly deviation: number;
} {
  const known = values.filter((value): value is number => typeof value === "number");
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : 0 };
}

/** The values of one name in the measurements with these settings. */
export function select(
  measurements: readonly Measurement[],
  settings: Measurement["settings"],
  name: string,
): Value[] {
  return measurements
    .filter((one) => Object.entries(settings).every(([key, value]) => one.settings[key] === value))
    .map(({ values }) => values[name] ?? null);
}

/** The different values of a setting, in the order in which they come. */
export function settingsOf(measurements: readonly Measurement[], name: string): (string | number)[] {
  return [...new Set(measurements.flatMap(({ settings }) => settings[name] ?? []))];
}

/** `0.1234 ± 0.0012`. */
export function plusMinus(values: readonly (Value | undefined)[], digits = 3): string {
  const { mean, deviation } = spreadOf(values);
  // A mean that rounds to 0 has no sign.
  const shown = mean.toFixed(digits).replace(/^-(0\.0*)$/, "$1");
  return Number.isNaN(mean) ? "-" : `${shown} ± ${deviation.toFixed(digits)}`;
}

/** A table in Markdown. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [
    line(header),
    line(header.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(line),
  ].join("");
}
