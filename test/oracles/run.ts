/**
 * Runs every golden case of the folder in `MIRD_ORACLES` on the device in `MIRD_DEVICE` (`webgpu` or `reference`): prints the misses, lists what is
 * left out with the reason, and ends with `N passed, N failed, N skipped`. Arguments: parts of case names, to run some only.
 */
import { resolve } from "node:path";
import { UserError } from "../../src/diagnostics/problems.ts";
import { describePlace } from "../../src/diagnostics/source.ts";
import type { CaseFile } from "./case-file.ts";
import { caseNames, folderExists, readCase } from "./case-file.ts";
import type { Miss } from "./compare.ts";
import type { OracleDevice } from "./devices/device.ts";
import { openDevice } from "./devices/open.ts";
import type { Entry } from "./entry.ts";
import { runGraphEntry } from "./run-graph.ts";
import { runModelEntry } from "./run-model.ts";
import { table } from "./table.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

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

async function main(): Promise<number> {
  const root = resolve(process.env.MIRD_ORACLES ?? "../shared/oracles");
  if (!folderExists(root)) {
    say(`There are no golden values in ${root}. Set MIRD_ORACLES to the folder that holds them.`);
    return 1;
  }
  const parts = process.argv.slice(2);
  const names = caseNames(root).filter(
    (name) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  const device = await openDevice(process.env.MIRD_DEVICE ?? "webgpu");
  say(`${names.length} cases of ${root} on ${device.description}`);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const name of names) {
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
  device.close();
  say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
