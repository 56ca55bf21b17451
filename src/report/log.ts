/** `metrics.jsonl`: one JSON object per line, appended in pieces. A line that a crash cut off is dropped when the log is read. */
import { appendFileSync, existsSync } from "node:fs";
import { readText, writeFileAtomic } from "../data/files.ts";
import { isObject } from "../data/json-shape.ts";

/** Characters that may wait in memory. */
const BUFFER = 1 << 16;

export type LogEntry = Readonly<Record<string, unknown>>;

export class Log {
  private readonly path: string;
  private waiting = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a line; numbers that JSON cannot hold (NaN, infinity) become null. */
  add(entry: LogEntry): void {
    this.waiting += `${JSON.stringify(entry)}\n`;
    if (this.waiting.length > BUFFER) this.flush();
  }

  flush(): void {
    if (this.waiting === "") return;
    appendFileSync(this.path, this.waiting);
    this.waiting = "";
  }

  /** Removes the lines that `keep` refuses: what a resumed run will write again. */
  rewrite(keep: (entry: LogEntry) => boolean): void {
    const kept = readLog(this.path).filter(keep);
    const text = kept.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    writeFileAtomic(this.path, [new TextEncoder().encode(text)]);
  }
}

/** The complete lines of a log; empty when there is no file. */
export function readLog(path: string): LogEntry[] {
  if (!existsSync(path)) return [];
  return readText(path)
    .split("\n")
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return isObject(value) ? [value] : [];
      } catch {
        return [];
      }
    });
}
