/**
 * Measures the CPU target: `npx tsx bench/cpu.ts [--seconds N] [--profiles small,mosi] [--json FILE] [--torch PYTHON --script FILE] [--webgpu]`.
 * Every figure is the median of many runs with the best one and the ninth tenth; those of the PyTorch baseline are measured alternately with ours.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chooseDevice } from "../src/api/devices.ts";
import type { Timing } from "../src/base/timing.ts";
import { summarizeTimes } from "../src/base/timing.ts";
import { CPU } from "../src/codegen/wasm/descriptor.ts";
import { matmulProgram } from "../src/driver/ceilings.ts";
import type { Program } from "../src/ir/program.ts";
import type { Backend, Executable } from "../src/runtime/backend.ts";
import { threadCount, wasmBackend } from "../src/runtime/wasm/execute.ts";
import { describe, measure } from "./measure.ts";
import { peakProbe } from "./peak.ts";
import type { Profile } from "./programs.ts";
import { chainProgram, lstmProgram, mirdProgram, PROFILES, repeated, softmaxProgram } from "./programs.ts";

interface Result {
  readonly name: string;
  readonly threads: number;
  readonly milliseconds: Timing;
  /** Operations of one run. */
  readonly flops: number;
}

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    profiles: { type: "string", default: "small,mosi" },
    json: { type: "string" },
    torch: { type: "string" },
    script: { type: "string" },
    webgpu: { type: "boolean", default: false },
  },
});
const seconds = Number(flags.seconds);
const profiles = PROFILES.filter((profile) => flags.profiles.split(",").includes(profile));
const results: Result[] = [];

function flopsOf(program: Program): number {
  return program.segments.reduce(
    (sum, segment) => sum + segment.dispatches.reduce((part, { flops }) => part + flops, 0),
    0,
  );
}

/** Contents that keep a model's values moderate: small numbers, full lengths, all rows present. */
function fillArenas(executable: Executable, program: Program, rows: number): void {
  for (const [name, bytes] of program.arenas) {
    const count = bytes / 4;
    const whole = (value: (position: number) => number) =>
      Int32Array.from({ length: count }, (_, position) => value(position));
    if (name === "work" || name.startsWith("result")) continue;
    if (name.startsWith("length."))
      executable.write(
        name,
        whole(() => 1 << 20),
      );
    else if (name.startsWith("present."))
      executable.write(
        name,
        whole(() => 1),
      );
    else if (name === "batch")
      executable.write(
        name,
        whole((position) => position % rows),
      );
    else if (name === "data.text")
      executable.write(
        name,
        whole((position) => 4 + ((position * 7) % 900)),
      );
    else if (name === "random") executable.write(name, Int32Array.of(1, 1));
    else if (/^(gradients|moment|losses)/.test(name)) executable.write(name, new Float32Array(count));
    else if (name === "schedule") executable.write(name, new Float32Array(count).fill(1e-3));
    else
      executable.write(
        name,
        Float32Array.from({ length: count }, () => 0.2 * Math.random() - 0.1),
      );
  }
}

async function time(
  backend: Backend,
  program: Program,
  rows = 1,
): Promise<{ readonly run: () => void; readonly dispose: () => void }> {
  const executable = await backend.prepare(new Map([["bench", program]]));
  fillArenas(executable, program, rows);
  return { run: () => executable.run("bench"), dispose: () => executable.dispose() };
}

/** Measures a program with one thread and with all, and prints a line. */
async function bench(
  name: string,
  program: Program,
  times: number,
  unit: "GFLOP/s" | "ms" | "us",
  rows = 1,
): Promise<void> {
  const flops = flopsOf(program);
  const cells: string[] = [];
  for (const backend of backends) {
    const { run, dispose } = await time(backend.backend, repeated(program, times), rows);
    const whole = measure(run, seconds);
    dispose();
    const scaled = {
      ...whole,
      median: whole.median / times,
      low: whole.low / times,
      high: whole.high / times,
    };
    results.push({ name, threads: backend.threads, milliseconds: scaled, flops });
    const convert = {
      "GFLOP/s": (ms: number) => flops / ms / 1e6,
      ms: (ms: number) => ms,
      us: (ms: number) => ms * 1000,
    }[unit];
    cells.push(describe(scaled, convert, 1));
  }
  console.log(`| ${name} | ${unit} | ${cells.join(" | ")} |`);
}

const backends = [...new Set([1, threadCount()])].map((threads) => ({
  threads,
  backend: wasmBackend({ threads }),
}));

async function kernels(): Promise<void> {
  const shapes: readonly (readonly [number, number, number])[] = [
    [512, 512, 512],
    [1024, 1024, 1024],
    [144, 64, 256],
    [2400, 300, 256],
    [7200, 768, 768],
    [48, 192, 64],
  ];
  for (const shape of shapes) {
    const [m, k, n] = shape;
    const times = Math.max(1, Math.round(2e8 / (2 * m * k * n)));
    await bench(`matmul ${m} x ${k} x ${n}`, matmulProgram(shape, 1, CPU), times, "GFLOP/s");
  }
  await bench("matmul 48 x (50 x 64 x 50)", matmulProgram([50, 64, 50], 48, CPU), 10, "GFLOP/s");
  for (const [time, width] of [
    [50, 74],
    [500, 35],
  ] as const) {
    const sizes = { batch: 48, time, width, hidden: 64 };
    await bench(`LSTM forward, ${time} steps of ${width}`, lstmProgram(sizes, false, CPU), 1, "ms");
    await bench(
      `LSTM forward and backward, ${time} steps of ${width}`,
      lstmProgram(sizes, true, CPU),
      1,
      "ms",
    );
  }
  await bench("softmax 2400 x 64", softmaxProgram(2400, 64, CPU), 20, "us");
  await bench("softmax 19200 x 50", softmaxProgram(19200, 50, CPU), 5, "us");
  await bench("tanh(a x + b) c, 1e5", chainProgram(1e5, CPU), 20, "us");
  await bench("tanh(a x + b) c, 1e7", chainProgram(1e7, CPU), 1, "us");
}

/** One process of the baseline: medians in milliseconds as it reports them. */
function torch(profile: Profile, mode: string, threads: number): number {
  const python = flags.torch ?? "python3";
  const args = [
    flags.script ?? "",
    "--profile",
    profile,
    "--mode",
    mode,
    "--threads",
    String(threads),
    "--json",
    "--no-ops",
  ];
  const iterations = mode === "published" ? "3" : "10";
  const out = execFileSync(python, [...args, "--iters", iterations], { encoding: "utf8" });
  const line: unknown = JSON.parse(out.trim().split("\n").at(-1) ?? "{}");
  const median: unknown = Object(line).median_ms;
  return typeof median === "number" ? median : Number.NaN;
}

async function mird(profile: Profile): Promise<void> {
  const { program, rows } = mirdProgram(profile, CPU);
  await bench(`MIRD iteration, ${profile}`, program, 1, "ms", rows);
  if (flags.torch !== undefined) {
    const own = results.at(-1)?.milliseconds.median ?? Number.NaN;
    for (const mode of ["published", "tuned"]) {
      const medians = [1, 2].map((threads) => torch(profile, mode, threads));
      const best = Math.min(...medians);
      results.push({
        name: `PyTorch ${mode}, ${profile}`,
        threads: 0,
        milliseconds: summarizeTimes([best]),
        flops: 0,
      });
      console.log(
        `| PyTorch ${mode}, ${profile} | ms | ${medians.map((ms) => ms.toFixed(0)).join(" | ")} | (${(best / own).toFixed(1)} times ours)`,
      );
    }
  }
  if (flags.webgpu) {
    const { backend, target } = await chooseDevice({ device: "webgpu" });
    const made = mirdProgram(profile, target);
    const executable = await backend.prepare(new Map([["bench", made.program]]));
    fillArenas(executable, made.program, made.rows);
    const times: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const start = performance.now();
      executable.run("bench");
      await executable.read("losses");
      times.push(performance.now() - start);
    }
    const timing = summarizeTimes(times.slice(1));
    results.push({ name: `WebGPU, ${profile}`, threads: 0, milliseconds: timing, flops: 0 });
    console.log(
      `| MIRD iteration, ${profile}, ${backend.description} | ms | ${describe(timing, (ms) => ms, 0)} |`,
    );
    backend.close();
  }
}

const peak = await peakProbe(seconds);
console.log(
  `Peak of one thread, registers only: ${peak.toFixed(1)} GFLOP/s. ${backends[0]?.backend.description}.\n`,
);
console.log(
  `| what | unit | ${backends.map(({ threads }) => `${threads} thread${threads === 1 ? "" : "s"}`).join(" | ")} |`,
);
console.log(`| --- | --- | ${backends.map(() => "---").join(" | ")} |`);
await kernels();
for (const profile of profiles) await mird(profile);
for (const { backend } of backends) backend.close();
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ peak, results }, null, 1)}\n`);
