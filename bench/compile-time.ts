/**
 * Measures how long it takes until a spec is ready to train, in fresh processes:
 * `npm run build && npx tsx bench/compile-time.ts [SPEC] [--runs N] [--device DEVICE]`.
 * Prints the median of every stage with the best run and the ninth tenth, without the cache of compiled models and then from it. The start of Node
 * and the loading of modules do not count.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { summarizeTimes } from "../src/base/timing.ts";
import { describe } from "./measure.ts";

interface Times {
  readonly device: string;
  readonly stages: readonly { readonly stage: string; readonly milliseconds: number }[];
  readonly all: number;
  readonly evaluation: number;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "9" }, device: { type: "string", default: "cpu" } },
});
const spec = positionals[0] ?? "specs/mird.mird";
const timeOf = (run: Times, stage: string) =>
  run.stages.find((each) => each.stage === stage)?.milliseconds ?? 0;

const folder = mkdtempSync(join(tmpdir(), "mird-compile-time-"));
measure("nothing kept", { MIRD_CACHE: "off" });
const kept = { MIRD_CACHE: "", MIRD_CACHE_DIR: folder };
compile(kept);
measure("from the cache", kept);
rmSync(folder, { recursive: true });

function measure(title: string, environment: Readonly<Record<string, string>>): void {
  const runs = Array.from({ length: Number(flags.runs) }, () => compile(environment));
  const row = (name: string, pick: (run: Times) => number) =>
    console.log(`| ${name} | ${describe(summarizeTimes(runs.map(pick)), (ms) => ms, 1)} |`);
  console.log(`\n${spec}, ${runs[0]?.device} device, ${title}, ${runs.length} processes\n`);
  console.log("| stage | ms |\n| --- | --- |");
  for (const { stage } of runs[0]?.stages ?? []) row(stage, (run) => timeOf(run, stage));
  row("check and compile, without code", (run) => run.all - timeOf(run, "encode, instantiate"));
  row("ready to train", (run) => run.all);
  row("the evaluation, when it is first needed", (run) => run.evaluation);
}

/** The stages of one fresh process. */
function compile(environment: Readonly<Record<string, string>>): Times {
  const args = ["dist/start.js", "compile", spec, "--device", flags.device, "--times", "--json"];
  const text = execFileSync(process.execPath, args, { env: { ...process.env, ...environment } });
  return JSON.parse(text.toString()) as Times;
}
