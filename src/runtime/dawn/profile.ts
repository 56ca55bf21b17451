/** Times of single dispatches by timestamp queries. Each dispatch gets a pass of its own, since timestamps are written between passes only. */
import { addTurns, type DispatchTime } from "../backend.ts";
import type { Command } from "./commands.ts";
import type { DawnDevice } from "./device.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./flags.ts";

/** Dispatches per query set: half of the queries that a set may have. */
const CHUNK = 2048;

/** Runs the commands once and measures each; makes none and gives null when the device has no timestamps. */
export async function measureDispatches(
  opened: DawnDevice,
  make: () => Promise<readonly Command[]>,
): Promise<readonly DispatchTime[] | null> {
  if (!opened.features.has("timestamp-query")) return null;
  const commands = await make();
  const times: DispatchTime[] = [];
  for (let first = 0; first < commands.length; first += CHUNK) {
    times.push(...(await measureChunk(opened, commands.slice(first, first + CHUNK))));
  }
  return addTurns(times);
}

async function measureChunk(
  { device, pace }: DawnDevice,
  commands: readonly Command[],
): Promise<readonly DispatchTime[]> {
  const count = 2 * commands.length;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const resolved = device.createBuffer({
    size: count * 8,
    usage: BUFFER_USAGE.queryResolve | BUFFER_USAGE.copySource,
  });
  const mapped = device.createBuffer({
    size: count * 8,
    usage: BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination,
  });
  const encoder = device.createCommandEncoder();
  for (const [position, command] of commands.entries()) {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet,
        beginningOfPassWriteIndex: 2 * position,
        endOfPassWriteIndex: 2 * position + 1,
      },
    });
    pass.setPipeline(command.pipeline);
    pass.setBindGroup(0, command.bindGroup);
    pass.dispatchWorkgroups(...command.workgroups);
    pass.end();
  }
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, mapped, 0, count * 8);
  device.queue.submit([encoder.finish()]);
  await pace.during(mapped.mapAsync(MAP_MODE_READ));
  const stamps = new BigUint64Array(mapped.getMappedRange().slice(0));
  for (const buffer of [resolved, mapped]) buffer.destroy();
  querySet.destroy();
  return commands.map(({ segment, dispatch, kernel }, position) => ({
    segment,
    dispatch,
    kernel,
    nanoseconds: Number((stamps[2 * position + 1] as bigint) - (stamps[2 * position] as bigint)),
  }));
}
