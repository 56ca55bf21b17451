/** `mird compile --times`: how long every stage takes, from the text to code that is ready to run. */
import type { DeviceFlags } from "../api/devices.ts";
import { chooseDevice } from "../api/devices.ts";
import type { StageTime, Stopwatch } from "../base/stopwatch.ts";
import { compiledModel } from "../driver/prepare.ts";
import { alignColumns } from "../report/tables.ts";
import type { Session } from "./command.ts";

type Request = Pick<Parameters<typeof compiledModel>[0], "model" | "types" | "data"> & {
  readonly identity: string;
};

/** Compiles for the device that would be used, prepares it, and prints the time of every stage; `watch` has those before. Opening the device does not count. */
export async function printTimes(
  session: Session,
  { identity, ...request }: Request,
  { device, watch }: { readonly device: DeviceFlags; readonly watch: Stopwatch },
): Promise<void> {
  const { backend, target, cache } = await chooseDevice(device);
  try {
    watch.skip();
    const compiled = compiledModel({ ...request, kept: { cache, identity }, target, onStage: watch.lap });
    watch.lap("cache");
    const programs = new Map([
      ["iteration", compiled.iteration],
      ["evaluation", compiled.evaluation],
    ]);
    const executable = await backend.prepare(programs);
    watch.lap("encode, instantiate");
    executable.dispose();
  } finally {
    backend.close();
  }
  const stages = byStage(watch.times);
  const all = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const { io } = session;
  if (session.json) {
    io.out.write(`${JSON.stringify({ device: target.name, stages, all }, null, 1)}\n`);
    return;
  }
  const row = ({ stage, milliseconds }: StageTime) => [stage, milliseconds.toFixed(1)];
  const rows = [...stages, { stage: "all", milliseconds: all }].map(row);
  io.out.write(
    `Ready to train on a ${target.name} device\n\n${alignColumns([["stage", "milliseconds"], ...rows])}`,
  );
}

/** Stages by name: passes run several times, for the iteration and for the evaluation. */
function byStage(times: readonly StageTime[]): readonly StageTime[] {
  const sums = new Map<string, number>();
  for (const { stage, milliseconds } of times) sums.set(stage, (sums.get(stage) ?? 0) + milliseconds);
  return [...sums].map(([stage, milliseconds]) => ({ stage, milliseconds }));
}
