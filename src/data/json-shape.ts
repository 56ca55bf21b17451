/**
 * Reading JSON that a person or another program wrote: each getter checks one value and files a problem with the
 * path to it, so that one run names every mistake. Keys that nothing asked for are reported by `done`.
 */
import { readText } from "./files.ts";
import { type DataCode, type DataProblems, dataError, didYouMean, listNames } from "./problem.ts";

/** Parses a JSON file; the UserError of a syntax mistake carries the parser's reason. */
export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw dataError("data-format", { file: path }, `The file is not JSON: ${why}.`);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One JSON object and the place that it has in its file. */
export class JsonObject {
  private readonly asked = new Set<string>();
  private readonly file: string;
  private readonly path: readonly string[];
  private readonly values: Record<string, unknown>;
  private readonly problems: DataProblems;
  private readonly code: DataCode;

  constructor(file: string, path: readonly string[], value: unknown, problems: DataProblems, code: DataCode) {
    this.file = file;
    this.path = path;
    this.problems = problems;
    this.code = code;
    this.values = isObject(value) ? value : {};
    if (!isObject(value)) this.wrong(null, "an object in braces", value);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.values, key);
  }

  keys(): string[] {
    return Object.keys(this.values);
  }

  /** The value as it is, or undefined. */
  raw(key: string): unknown {
    this.asked.add(key);
    return this.has(key) ? this.values[key] : undefined;
  }

  /** The value if `accepts` takes it; `null` if it is missing, or wrong (which is reported with `expected`). */
  get<T>(key: string, expected: string, accepts: (value: unknown) => value is T): T | null {
    const value = this.raw(key);
    if (value === undefined) return null;
    if (accepts(value)) return value;
    this.wrong(key, expected, value);
    return null;
  }

  text(key: string): string | null {
    const filled = (value: unknown): value is string => typeof value === "string" && value !== "";
    return this.get(key, "a text that is not empty", filled);
  }

  /** A text that may be empty. */
  anyText(key: string): string | null {
    return this.get(key, "a text", (value): value is string => typeof value === "string");
  }

  flag(key: string): boolean | null {
    return this.get(key, "`true` or `false`", (value) => typeof value === "boolean");
  }

  /** A whole number of at least `least`. */
  whole(key: string, least: number): number | null {
    return this.get(key, `a whole number of at least ${least}`, (value): value is number => {
      return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
    });
  }

  number(key: string): number | null {
    return this.get(
      key,
      "a number",
      (value): value is number => typeof value === "number" && Number.isFinite(value),
    );
  }

  texts(key: string): readonly string[] | null {
    return this.get(key, "a list of texts", isTexts);
  }

  numbers(key: string): readonly number[] | null {
    return this.get(key, "a list of numbers", isNumbers);
  }

  choice<T extends string>(key: string, choices: readonly T[]): T | null {
    const known = (value: unknown): value is T => choices.some((choice) => choice === value);
    return this.get(key, `one of ${listNames(choices)}`, known);
  }

  /** The object under `key`; a missing one reads as empty. */
  object(key: string): JsonObject {
    const value = this.raw(key);
    return new JsonObject(
      this.file,
      [...this.path, key],
      value === undefined ? {} : value,
      this.problems,
      this.code,
    );
  }

  /** The objects of a list under `key`; a missing list reads as empty. */
  objects(key: string): JsonObject[] {
    const value = this.raw(key);
    if (value !== undefined && !Array.isArray(value)) this.wrong(key, "a list", value);
    const items: unknown[] = Array.isArray(value) ? value : [];
    return items.map(
      (item, index) =>
        new JsonObject(this.file, [...this.path, `${key}[${index}]`], item, this.problems, this.code),
    );
  }

  /** Files a problem about `key`, or about this object. */
  problem(key: string | null, text: string, hint: string | null = null): void {
    const within = key === null ? this.path : [...this.path, key];
    this.problems.add(
      this.code,
      { file: this.file, within: within.length === 0 ? [] : [within.join(".")] },
      text,
      hint,
    );
  }

  required(key: string): void {
    this.asked.add(key);
    if (!this.has(key)) this.problem(null, `\`${key}\` is missing here.`);
  }

  /** Reports keys that no getter asked for. */
  done(): void {
    const unknown = this.keys().filter((key) => !this.asked.has(key));
    for (const key of unknown) {
      const known = `Known are ${listNames([...this.asked].sort(), 30)}.`;
      this.problem(key, `\`${key}\` is not known here. ${known}`, didYouMean(key, this.asked));
    }
  }

  private wrong(key: string | null, expected: string, value: unknown): void {
    const found = JSON.stringify(value) ?? "nothing";
    this.problem(
      key,
      `This must be ${expected}; found ${found.length > 60 ? `${found.slice(0, 57)}...` : found}.`,
    );
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number" && Number.isFinite(item));
}
