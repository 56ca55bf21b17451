/** `mird compile --times`: how long every stage takes, from the text to code that is ready to run. */
import type { DeviceFlags } from "../api/devices.ts";
import { chooseDevice } from "../api/devices.ts";
import type { StageTime, Stopwatch } from "../base/stopwatch.ts";
import { compileKept } from "../driver/prepare.ts";
import { alignColumns } from "../report/tables.ts";
import type { Session } from "./command.ts";

type Request = Pick<Parameters<typeof compileKept>[0], "model" | "types" | "data"> & {
  readonly identity: string;
};

/**
 * Compiles for the device that would be used until an iteration could run, and prints the time of every stage; `watch` has those before. Opening the device
 * does not count. The evaluation, which is compiled when it is first needed, is timed behind it.
 */
export async function printTimes(
  session: Session,
  { identity, ...request }: Request,
  { device, watch }: { readonly device: DeviceFlags; readonly watch: Stopwatch },
): Promise<void> {
  const { backend, target, cache } = await chooseDevice(device);
  let before = 0;
  try {
    watch.skip();
    const model = compileKept({ ...request, kept: { cache, identity }, target, onStage: watch.lap });
    const iteration = new Map([["iteration", model.iteration.program]]);
    watch.lap("cache");
    const executable = await backend.prepare(iteration);
    watch.lap("encode, instantiate");
    before = watch.times.length;
    await executable.add("evaluation", model.evaluation.program);
    watch.lap("evaluation");
    executable.dispose();
  } finally {
    backend.close();
  }
  const stages = byStage(watch.times.slice(0, before));
  const all = sumOf(stages);
  const evaluation = sumOf(watch.times.slice(before));
  const { io } = session;
  if (session.json) {
    io.out.write(`${JSON.stringify({ device: target.name, stages, all, evaluation }, null, 1)}\n`);
    return;
  }
  const row = ({ stage, milliseconds }: StageTime) => [stage, milliseconds.toFixed(1)];
  const rows = [...stages, { stage: "all", milliseconds: all }].map(row);
  io.out.write(
    `Ready to train on a ${target.name} device\n\n${alignColumns([["stage", "milliseconds"], ...rows])}\n`,
  );
  io.out.write(`The evaluation, which is compiled when it is first needed: ${evaluation.toFixed(1)} ms.\n`);
}

function sumOf(times: readonly StageTime[]): number {
  return times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** Stages by name: some passes run more than once. */
function byStage(times: readonly StageTime[]): readonly StageTime[] {
  const sums = new Map<string, number>();
  for (const { stage, milliseconds } of times) sums.set(stage, (sums.get(stage) ?? 0) + milliseconds);
  return [...sums].map(([stage, milliseconds]) => ({ stage, milliseconds }));
}
