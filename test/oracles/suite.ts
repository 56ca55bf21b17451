/** Runs the golden cases of a folder on a device. */
import { UserError } from "../../src/diagnostics/problems.ts";
import { describePlace } from "../../src/diagnostics/source.ts";
import type { CaseFile } from "./case-file.ts";
import { caseNames, readCase } from "./case-file.ts";
import type { Miss } from "./compare.ts";
import type { OracleDevice } from "./devices/device.ts";
import type { Entry } from "./entry.ts";
import { runGraphEntry } from "./run-graph.ts";
import { runModelEntry } from "./run-model.ts";
import { table } from "./table.ts";

function runEntry(
  entry: Exclude<Entry, { kind: "skipped" }>,
  file: CaseFile,
  device: OracleDevice,
): Promise<readonly Miss[]> {
  switch (entry.kind) {
    case "model":
      return runModelEntry(entry, file, device);
    case "graph":
      return runGraphEntry(entry, file, device);
    case "procedure":
      return entry.run(file, device);
  }
}

function describeMiss({ tensor, error, limit }: Miss): string {
  return `    ${tensor}: largest error ${error.toExponential(2)}, limit ${limit.toExponential(2)}`;
}

/** Runs one case; the lines that tell what is wrong, none when it passes. */
async function failuresOf(
  entry: Exclude<Entry, { kind: "skipped" }>,
  file: CaseFile,
  device: OracleDevice,
): Promise<string[]> {
  try {
    return (await runEntry(entry, file, device)).map(describeMiss);
  } catch (error) {
    if (error instanceof UserError)
      return error.problems
        .filter(({ severity }) => severity === "error")
        .map(
          ({ code, text, primary }) => `    ${primary ? describePlace(primary.span) : ""} ${code}: ${text}`,
        );
    return [
      `    ${error instanceof Error ? (process.env.MIRD_TRACE ? error.stack : error.message) : String(error)}`,
    ];
  }
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Runs the cases whose names contain one of `parts`, or all; `say` hears what fails or is left out. */
export async function runOracles(
  device: OracleDevice,
  root: string,
  parts: readonly string[],
  say: (line: string) => void,
): Promise<Counts> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const name of selectCases(root, parts)) {
    const entry = table.find(({ cases }) => cases.test(name));
    if (entry === undefined || entry.kind === "skipped") {
      counts.skipped++;
      say(`skipped ${name}: ${entry?.why ?? "no entry in the table of cases"}`);
      continue;
    }
    const failures = await failuresOf(entry, readCase(root, name), device);
    if (failures.length === 0) counts.passed++;
    else {
      counts.failed++;
      say(`FAILED ${name}`);
      for (const line of failures) say(line);
    }
  }
  return counts;
}

/** Names of the cases that contain one of `parts`; all without parts. */
export function selectCases(root: string, parts: readonly string[]): string[] {
  return caseNames(root).filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)));
}
