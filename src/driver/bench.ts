/**
 * How long a training iteration takes and where the time goes: the whole iteration as training runs it, then phases and kernels, as far as the device can
 * time them. Nothing is trained: every iteration gets the same batch.
 */
import { at } from "../base/invariant.ts";
import type { Timing } from "../base/timing.ts";
import { summarizeTimes, timeRuns } from "../base/timing.ts";
import { epochBatches } from "../data/batches.ts";
import type { Dataset } from "../data/schema.ts";
import type { Span } from "../diagnostics/source.ts";
import { type Program, runsOf, type Segment } from "../ir/program.ts";
import type { Backend, DispatchTime, Executable } from "../runtime/backend.ts";
import type { CompiledModel } from "../train/compiled.ts";
import { trainingRows } from "../train/data-arenas.ts";
import { openFeed } from "../train/feed.ts";
import { initialParameters } from "../train/initialise.ts";
import { scheduleArena } from "../train/schedule.ts";
import type { Prepared } from "./prepare.ts";
import type { Work } from "./summary.ts";
import { dispatchWork, workOf } from "./summary.ts";

export interface BenchRequest {
  readonly prepared: Prepared;
  readonly dataset: Dataset;
  readonly backend: Backend;
  /** For the iteration; as much again goes to the profile. */
  readonly seconds: number;
  readonly progress?: (done: number, all: number) => void;
}

/** Time and work of a part of the iteration. */
export interface Part extends Work {
  readonly milliseconds: number;
}

export interface PhasePart extends Part {
  readonly name: string;
  readonly repeat: number;
}

/** All dispatches of one kernel that belong to one phase and one place of the spec. */
export interface KernelPart extends Part {
  readonly kernel: string;
  readonly phase: string;
  /** `update`: of the optimiser, which belongs to no line of the spec. */
  readonly kind: Segment["kind"];
  /** Places of the spec, most important first. */
  readonly origins: readonly Span[];
}

export interface BenchResult {
  /** Milliseconds to make the programs ready on the device: code, pipelines, memory. */
  readonly prepareMilliseconds: number;
  readonly iteration: Work & { readonly milliseconds: Timing };
  /** How kernels were timed; null when the device cannot, and phases were run one by one instead. */
  readonly profiling: string | null;
  readonly phases: readonly PhasePart[];
  /** The most expensive first. */
  readonly kernels: readonly KernelPart[];
}

/** Measures a model on a device. */
export async function bench(request: BenchRequest): Promise<BenchResult> {
  const { prepared, dataset, backend, seconds, progress } = request;
  const iteration = prepared.model.iteration.program;
  const parts = backend.profiling === null ? partsOf(iteration) : [];
  const start = performance.now();
  const executable = await backend.prepare(
    // The evaluation is made ready as for training, so that the time and the memory are those of training.
    new Map([
      ["iteration", iteration],
      ["evaluation", prepared.model.evaluation.program],
      ...parts.map(({ name, program }) => [name, program] as const),
    ]),
    progress,
  );
  const prepareMilliseconds = performance.now() - start;
  try {
    await loadIteration(executable, prepared, dataset);
    const wait = () => executable.read("losses", { offset: 0, length: 1 });
    const whole = await timeRuns(() => executable.run("iteration"), wait, seconds);
    const times =
      backend.profiling === null
        ? await timeParts(executable, parts, wait, seconds)
        : await profileTimes(executable, seconds);
    return {
      prepareMilliseconds,
      iteration: {
        ...workOf(iteration.segments),
        milliseconds: whole,
      },
      profiling: backend.profiling,
      ...times(iteration),
    };
  } finally {
    executable.dispose();
  }
}

/** Everything that an iteration reads: data, initial parameters, one batch, the numbers of the first step. */
async function loadIteration(
  executable: Executable,
  { model, settings }: Prepared,
  dataset: Dataset,
): Promise<void> {
  const { iteration } = model;
  await openFeed(executable, model, dataset).batch(iteration, firstBatch(model, dataset), null);
  const write = (arena: string, values: Float32Array | Int32Array) => {
    if (iteration.program.arenas.has(arena)) executable.write(arena, values);
  };
  write("parameters", initialParameters(model.parameters, model.parameterElements, 0));
  write("random", Int32Array.of(0, 0));
  write(
    "schedule",
    scheduleArena({ updates: iteration.updates, schedules: settings.schedules, iterations: 1 }, 0),
  );
}

function firstBatch(model: CompiledModel, dataset: Dataset): Int32Array {
  const { labelled, unlabelled } = trainingRows(model, dataset);
  const rows = { labelledRows: labelled, unlabelledRows: unlabelled };
  return at(epochBatches({ ...rows, ...model.batch, seed: 0, epoch: 0 }), 0);
}

/** Phases and kernels of a program, once something has been timed. */
type Times = (program: Program) => Pick<BenchResult, "phases" | "kernels">;

/** Medians over several profiles. */
async function profileTimes(executable: Executable, seconds: number): Promise<Times> {
  const profiles: (readonly DispatchTime[])[] = [];
  const end = performance.now() + seconds * 1000;
  do profiles.push((await executable.profile("iteration")) ?? []);
  while (performance.now() < end);
  // The first one is colder than the others.
  const counted = profiles.length > 2 ? profiles.slice(1) : profiles;
  const nanoseconds = (index: number) =>
    summarizeTimes(counted.map((profile) => at(profile, index).nanoseconds)).median;
  const medians = at(counted, 0).map((_, index) => nanoseconds(index) / 1e6);
  return (program) => {
    let next = 0;
    const timed = program.segments.map((segment) => ({
      segment,
      milliseconds: segment.dispatches.map(() => at(medians, next++)),
    }));
    return { phases: phaseParts(timed), kernels: kernelParts(program, timed) };
  };
}

interface TimedSegment {
  readonly segment: Segment;
  /** Of each dispatch; or of all together, in one number. */
  readonly milliseconds: readonly number[];
}

function phaseParts(timed: readonly TimedSegment[]): PhasePart[] {
  const names = [...new Set(timed.map(({ segment }) => segment.phase))];
  const parts = names.map((name) => {
    const own = timed.filter(({ segment }) => segment.phase === name);
    return {
      name,
      repeat: new Set(own.map(({ segment }) => segment.repeat)).size,
      milliseconds: own.flatMap((part) => part.milliseconds).reduce((sum, time) => sum + time, 0),
      ...workOf(own.map(({ segment }) => segment)),
    };
  });
  return parts.filter(({ dispatches }) => dispatches > 0);
}

function kernelParts(program: Program, timed: readonly TimedSegment[]): KernelPart[] {
  const parts = new Map<string, KernelPart>();
  for (const { segment, milliseconds } of timed) {
    const runs = runsOf(segment);
    for (const [index, dispatch] of segment.dispatches.entries()) {
      const [origin] = dispatch.origins;
      const place = origin === undefined ? "" : `${origin.source.path}:${origin.start}`;
      const key = `${segment.phase} ${segment.kind} ${dispatch.kernel} ${place}`;
      const known = parts.get(key);
      const { dispatches, flops, bytes } = dispatchWork(dispatch, at(runs, index));
      parts.set(key, {
        kernel: at(program.kernels, dispatch.kernel).name,
        phase: segment.phase,
        kind: segment.kind,
        origins: dispatch.origins,
        milliseconds: (known?.milliseconds ?? 0) + at(milliseconds, index),
        dispatches: (known?.dispatches ?? 0) + dispatches,
        flops: (known?.flops ?? 0) + flops,
        bytes: (known?.bytes ?? 0) + bytes,
      });
    }
  }
  return [...parts.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Stretches of segments of one phase, each as a program over the same arenas. */
function partsOf(program: Program): { readonly name: string; readonly program: Program }[] {
  const stretches: Segment[][] = [];
  for (const segment of program.segments) {
    const last = stretches.at(-1);
    if (last?.[0]?.phase === segment.phase) last.push(segment);
    else stretches.push([segment]);
  }
  return stretches.map((segments, index) => ({ name: `part ${index}`, program: { ...program, segments } }));
}

/** Phases run one after another, each until it is done. */
async function timeParts(
  executable: Executable,
  parts: readonly { readonly name: string; readonly program: Program }[],
  wait: () => Promise<unknown>,
  seconds: number,
): Promise<Times> {
  const times: number[][] = parts.map(() => []);
  const end = performance.now() + seconds * 1000;
  do
    for (const [index, { name }] of parts.entries()) {
      const start = performance.now();
      executable.run(name);
      await wait();
      at(times, index).push(performance.now() - start);
    }
  while (performance.now() < end);
  const timed = parts.flatMap(({ program }, index) =>
    program.segments.map((segment, position) => ({
      segment,
      milliseconds: position === 0 ? [summarizeTimes(at(times, index)).median] : [],
    })),
  );
  return () => ({ phases: phaseParts(timed), kernels: [] });
}
