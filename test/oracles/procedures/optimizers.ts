/** Golden cases of optimisers and schedules: the update graphs of `src/train/optimizers.ts`, run on the device step by step. */
import { at } from "../../../src/base/invariant.ts";
import type { Graph } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import { GraphBuilder } from "../../../src/ir/graph-build.ts";
import { ops } from "../../../src/ops/index.ts";
import { aligned } from "../../../src/train/layout.ts";
import type { OptimizerSettings, UpdateRange, UpdateSite } from "../../../src/train/optimizers.ts";
import { momentArena, momentCount, updateOutputs } from "../../../src/train/optimizers.ts";
import type { RateSchedule } from "../../../src/train/schedule.ts";
import { rateFactor, scheduleArena } from "../../../src/train/schedule.ts";
import type { CaseFile } from "../case-file.ts";
import { named, numberOf, tensorOf } from "../case-file.ts";
import type { Miss } from "../compare.ts";
import { compareTensor } from "../compare.ts";
import type { OracleDevice, Session } from "../devices/device.ts";

const PHASE = "case";

/** A parameter of the case and its place in the arenas. */
interface Placed {
  readonly name: string;
  readonly elements: number;
  readonly range: UpdateRange;
}

export async function runOptimizerCase(file: CaseFile, device: OracleDevice): Promise<readonly Miss[]> {
  const parameters = placed(file, (name) => settingsOf(file, name));
  const misses = await trajectory(file, device, parameters);
  if (clipOf(file) !== null) misses.push(...(await clippedGradients(file, device)));
  misses.push(compareTensor(file, "out.lr", rates(file, numberOf(file, "steps"))));
  return misses.filter((miss) => miss !== null);
}

export function runScheduleCase(file: CaseFile): Promise<readonly Miss[]> {
  const miss = compareTensor(file, "out.lr", rates(file, at(tensorOf(file, "out.lr").shape, 0)));
  return Promise.resolve(miss === null ? [] : [miss]);
}

function placed(file: CaseFile, settings: (name: string) => OptimizerSettings): Placed[] {
  let offset = 0;
  return named(file, "param.").map((name) => {
    const elements = elementCount(tensorOf(file, `param.${name}`).shape);
    const range = { offset, elements, momentOffset: offset, settings: settings(name) };
    offset += aligned(elements);
    return { name, elements, range };
  });
}

/** `0.05`, or `0.1 on weight, 0 on bias`. */
function weightDecayOf(file: CaseFile, name: string): number {
  const text = file.metadata.weight_decay ?? "0";
  const own = new RegExp(`([\\d.e-]+) on ${name}`).exec(text);
  return Number.parseFloat(own?.[1] ?? text);
}

function settingsOf(file: CaseFile, name: string): OptimizerSettings {
  const lr = numberOf(file, "lr");
  const weightDecay = weightDecayOf(file, name);
  const kind = /\/(adamw|adam|sgd)/.exec(file.name)?.[1];
  if (kind === "sgd") {
    const momentum = file.metadata.momentum === undefined ? 0 : numberOf(file, "momentum");
    return { kind, lr, momentum, nesterov: file.metadata.nesterov === "true", weightDecay };
  }
  if (kind !== "adam" && kind !== "adamw") throw new Error(`${file.name} names no optimiser`);
  const [beta1, beta2, eps] = [numberOf(file, "beta1"), numberOf(file, "beta2"), numberOf(file, "eps")];
  const decayLast = file.name.endsWith("decay_after");
  return { kind, lr, beta1, beta2, eps, weightDecay, decayLast };
}

function clipOf(file: CaseFile): UpdateSite["clip"] {
  if (file.metadata.clip_norm !== undefined) return { by: "norm", limit: numberOf(file, "clip_norm") };
  if (file.metadata.clip_value !== undefined) return { by: "value", limit: numberOf(file, "clip_value") };
  return null;
}

/** The schedule of the case and the number of updates that it is made for. */
function scheduleOf(file: CaseFile): { readonly schedule: RateSchedule; readonly total: number } {
  if (file.metadata.warmup === undefined) return { schedule: { kind: "constant" }, total: 1 };
  const total = numberOf(file, "total");
  return { schedule: { kind: "warmup_linear", warmup: numberOf(file, "warmup") / total }, total };
}

function rates(file: CaseFile, count: number): number[] {
  const { schedule, total } = scheduleOf(file);
  const lr = numberOf(file, "lr");
  return Array.from({ length: count }, (_, step) => lr * rateFactor(schedule, step, total));
}

function updateGraph(parameters: readonly Placed[], clip: UpdateSite["clip"]): Graph {
  const site: UpdateSite = { phase: PHASE, version: 0, scheduleOffset: 0, clip };
  const ranges = parameters.map(({ range }) => range);
  const outputs = updateOutputs(new GraphBuilder(ops), ranges, site);
  return { segments: [{ name: "update", phase: PHASE, repeat: 0, kind: "update", outputs }] };
}

/** Tensors of the file behind one another, as the arenas hold them. */
function packed(file: CaseFile, parameters: readonly Placed[], prefix: string): Float32Array {
  const last = at(parameters, -1);
  const arena = new Float32Array(last.range.offset + aligned(last.elements));
  for (const { name, range } of parameters)
    arena.set(Float32Array.from(tensorOf(file, `${prefix}${name}`).data, Number), range.offset);
  return arena;
}

/** Contents of the arena `schedule` at an update. */
function scheduleAt(file: CaseFile, { settings }: UpdateRange, step: number): Float32Array {
  const [beta1, beta2] = settings.kind === "sgd" ? [0, 0] : [settings.beta1, settings.beta2];
  const { schedule, total } = scheduleOf(file);
  const update = { phase: PHASE, repeat: 0, repeats: 1, offset: 0, beta1, beta2 };
  return scheduleArena(
    { updates: [update], schedules: new Map([[PHASE, schedule]]), iterations: total },
    step,
  );
}

async function trajectory(
  file: CaseFile,
  device: OracleDevice,
  parameters: readonly Placed[],
): Promise<(Miss | null)[]> {
  const session = await device.open(updateGraph(parameters, clipOf(file)));
  const misses: (Miss | null)[] = [];
  session.write("parameters", packed(file, parameters, "param."));
  for (let step = 1; step <= numberOf(file, "steps"); step++) {
    session.write("gradients", packed(file, parameters, `in.grad${step}.`));
    session.write("schedule", scheduleAt(file, at(parameters, 0).range, step - 1));
    session.run();
    for (const parameter of parameters) misses.push(...(await compareStep(file, session, parameter, step)));
  }
  session.dispose();
  return misses;
}

async function compareStep(
  file: CaseFile,
  session: Session,
  { name, elements, range }: Placed,
  step: number,
): Promise<(Miss | null)[]> {
  const moved = await session.read({ arena: "parameters", offset: range.offset }, elements);
  const misses = [compareTensor(file, `out.step${step}.${name}`, moved)];
  for (const order of ([1, 2] as const).slice(0, momentCount(range.settings))) {
    const arena = momentArena(PHASE, order);
    const moment = await session.read({ arena, offset: range.momentOffset }, elements);
    misses.push(compareTensor(file, `out.state${step}.${name}.${order === 1 ? "m" : "v"}`, moment));
  }
  return misses;
}

/** Gradients after clipping: where plain descent at rate 1 moves parameters that are 0, with the opposite sign. */
async function clippedGradients(file: CaseFile, device: OracleDevice): Promise<(Miss | null)[]> {
  const plain: OptimizerSettings = { kind: "sgd", lr: 1, momentum: 0, nesterov: false, weightDecay: 0 };
  const parameters = placed(file, () => plain);
  const session = await device.open(updateGraph(parameters, clipOf(file)));
  const misses: (Miss | null)[] = [];
  for (let step = 1; step <= numberOf(file, "steps"); step++) {
    session.write("parameters", packed(file, parameters, "param.").fill(0));
    session.write("gradients", packed(file, parameters, `in.grad${step}.`));
    session.write("schedule", Float32Array.of(1, 1, 1));
    session.run();
    for (const { name, elements, range } of parameters) {
      const moved = await session.read({ arena: "parameters", offset: range.offset }, elements);
      misses.push(
        compareTensor(
          file,
          `out.clipped${step}.${name}`,
          moved.map((value) => -value),
        ),
      );
    }
  }
  session.dispose();
  return misses;
}
