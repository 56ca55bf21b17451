/**
 * Measures the CPU target: `npx tsx bench/cpu.ts [--what matmul,lstm,rows,mird] [--seconds N] [--profiles small,mosi] [--json FILE]
 * [--torch PYTHON --script FILE] [--webgpu]`. Every figure is the median of many runs with the best one and the ninth tenth. The last table holds the
 * ratios that have to be reached, each within this run.
 */
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
import type { Bar } from "./bars.ts";
import { BATCHED_BAR, describeBar, LEAST, MATMUL_BARS, matmulBar } from "./bars.ts";
import { describe, measure } from "./measure.ts";
import { peakProbe } from "./peak.ts";
import type { Profile } from "./programs.ts";
import { chainProgram, lstmProgram, mirdProgram, PROFILES, repeated, softmaxProgram } from "./programs.ts";
import { TORCH_THREADS, torchLstm, torchMird } from "./torch.ts";

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
    what: { type: "string", default: "matmul,lstm,rows,mird" },
    profiles: { type: "string", default: "small,mosi" },
    json: { type: "string" },
    torch: { type: "string" },
    script: { type: "string" },
    webgpu: { type: "boolean", default: false },
  },
});
const seconds = Number(flags.seconds);
const profiles = PROFILES.filter((profile) => flags.profiles.split(",").includes(profile));
const parts = flags.what.split(",");
const results: Result[] = [];
const bars: Bar[] = [];

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

/** Measures a program with one thread and with more, prints a line, and gives the medians in milliseconds by threads. */
async function bench(
  name: string,
  program: Program,
  times: number,
  unit: "GFLOP/s" | "ms" | "us",
  rows = 1,
): Promise<ReadonlyMap<number, number>> {
  const flops = flopsOf(program);
  const cells: string[] = [];
  const medians = new Map<number, number>();
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
    medians.set(backend.threads, scaled.median);
    const convert = {
      "GFLOP/s": (ms: number) => flops / ms / 1e6,
      ms: (ms: number) => ms,
      us: (ms: number) => ms * 1000,
    }[unit];
    cells.push(describe(scaled, convert, 1));
  }
  console.log(`| ${name} | ${unit} | ${cells.join(" | ")} |`);
  return medians;
}

const all = threadCount();
const backends = [...new Set([1, Math.min(2, all), all])].map((threads) => ({
  threads,
  backend: wasmBackend({ threads }),
}));

/** Products of the shapes of the bars. */
async function matmuls(): Promise<void> {
  for (const { shape, two, batch } of [...MATMUL_BARS.map((bar) => ({ ...bar, batch: 1 })), BATCHED_BAR]) {
    const [m, k, n] = shape;
    const times = Math.max(1, Math.round(2e8 / (2 * batch * m * k * n)));
    const name = batch === 1 ? `matmul ${m} x ${k} x ${n}` : `matmul ${batch} x (${m} x ${k} x ${n})`;
    const program = matmulProgram(shape, batch, CPU);
    const median = (await bench(name, program, times, "GFLOP/s")).get(2);
    if (median !== undefined) bars.push(matmulBar(name, flopsOf(program) / median / 1e6, peak, two));
  }
}

async function lstms(): Promise<void> {
  for (const [time, width] of [
    [50, 74],
    [500, 35],
  ] as const) {
    const sizes = { batch: 48, time, width, hidden: 64 };
    const name = `${time} steps of ${width}`;
    await bench(`LSTM forward, ${name}`, lstmProgram(sizes, false, CPU), 1, "ms");
    const step = await bench(`LSTM forward and backward, ${name}`, lstmProgram(sizes, true, CPU), 1, "ms");
    if (flags.torch === undefined) continue;
    const python = flags.torch;
    const medians = TORCH_THREADS.map((threads) => torchLstm(python, sizes, threads, seconds));
    compare(`LSTM training step, PyTorch, ${name}`, medians, step, LEAST.lstm);
  }
}

async function rowKernels(): Promise<void> {
  await bench("softmax 2400 x 64", softmaxProgram(2400, 64, CPU), 20, "us");
  await bench("softmax 19200 x 50", softmaxProgram(19200, 50, CPU), 5, "us");
  await bench("tanh(a x + b) c, 1e5", chainProgram(1e5, CPU), 20, "us");
  await bench("tanh(a x + b) c, 1e7", chainProgram(1e7, CPU), 1, "us");
}

/** The best of another implementation's medians over the best of ours, as a line and as a bar. */
function compare(
  name: string,
  medians: readonly number[],
  own: ReadonlyMap<number, number>,
  least: number,
): void {
  const best = Math.min(...medians);
  const ratio = best / Math.min(...own.values());
  results.push({ name, threads: 0, milliseconds: summarizeTimes([best]), flops: 0 });
  bars.push({ what: `${name}, over ours`, ratio, least });
  console.log(`| ${name} | ms | ${medians.map((ms) => ms.toFixed(1)).join(" | ")} |`);
}

async function mird(profile: Profile): Promise<void> {
  const { program, rows } = mirdProgram(profile, CPU);
  const own = await bench(`MIRD iteration, ${profile}`, program, 1, "ms", rows);
  const { torch, script } = flags;
  if (torch !== undefined && script !== undefined)
    for (const mode of ["published", "tuned"] as const) {
      const medians = TORCH_THREADS.map((threads) => torchMird(torch, script, profile, mode, threads));
      compare(
        `MIRD iteration, ${profile}, PyTorch ${mode}`,
        medians,
        own,
        profile === "mosi" ? LEAST[mode] : 0,
      );
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
    compare(`MIRD iteration, ${profile}, ${backend.description}`, [timing.median], own, LEAST.software);
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
if (parts.includes("matmul")) await matmuls();
if (parts.includes("lstm")) await lstms();
if (parts.includes("rows")) await rowKernels();
if (parts.includes("mird")) for (const profile of profiles) await mird(profile);
for (const { backend } of backends) backend.close();
console.log("\n| bar | ratio | at least | |\n| --- | --- | --- | --- |");
for (const bar of bars) console.log(describeBar(bar));
if (flags.torch === undefined)
  console.log("\nNothing is compared with PyTorch: --torch names a Python that has it.");
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ peak, results, bars }, null, 1)}\n`);
