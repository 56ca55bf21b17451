/**
 * Golden cases of the small MIRD: losses, representations and gradients at one point, and a training trajectory through the iteration program
 * that `mird train` runs.
 */
import { gradient } from "../../../src/autodiff/gradient.ts";
import { at } from "../../../src/base/invariant.ts";
import { evaluationGraph } from "../../../src/driver/evaluation.ts";
import { elaborate, iterationGraph, placeParameters } from "../../../src/driver/iteration.ts";
import type { Node } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import { GraphBuilder } from "../../../src/ir/graph-build.ts";
import { ops } from "../../../src/ops/index.ts";
import type { ParameterLayout } from "../../../src/train/layout.ts";
import { scheduleArena } from "../../../src/train/schedule.ts";
import type { CaseFile } from "../case-file.ts";
import { deviceValues, named, numberOf, tensorOf } from "../case-file.ts";
import type { Miss, Values } from "../compare.ts";
import { compareTensor, compareValues, toleranceOf } from "../compare.ts";
import type { Contents, OracleDevice, Session } from "../devices/device.ts";
import { compute } from "../devices/device.ts";
import { dataArenas, lossName, namesByPath, parameterPath, tinySetup } from "./mird-setup.ts";

/** Losses, outputs and gradients at the parameters of the file. */
export async function runTinyCase(file: CaseFile, device: OracleDevice): Promise<readonly Miss[]> {
  const setup = tinySetup(file);
  const g = new GraphBuilder(ops);
  const names = namesByPath(file);
  const arenas = new Map<string, Contents>();
  const parameters = new Map<string, Node>();
  const { model, inputs } = elaborate(
    setup,
    g,
    () => "tiny",
    false,
    ({ path, shape }) => {
      const name = names.get(path);
      if (name === undefined) throw new Error(`${file.name}: nothing for the parameter ${path}`);
      arenas.set(path, deviceValues(tensorOf(file, `param.${name}`)));
      const node = g.input({ name: path, arena: path, offset: 0, version: 0, shape, dtype: "f32" });
      parameters.set(name, node);
      return node;
    },
  );
  const wanted: { readonly name: string; readonly node: Node }[] = [];
  const losses = new Map(
    model.lossNames.flatMap((name) => {
      const loss = model.loss(name);
      return [loss, ...loss.terms].map((each) => [each.name, each.node] as const);
    }),
  );
  const [modelPhase, estimatorPhase] = setup.train.phases;
  if (modelPhase === undefined || estimatorPhase === undefined)
    throw new Error("the small MIRD has two phases");
  const total = model.objective(modelPhase);
  losses.set("total", total);
  for (const name of named(file, "loss.")) {
    const node = losses.get(lossName(name));
    if (node === undefined) throw new Error(`${file.name}: no loss ${name}`);
    wanted.push({ name: `loss.${name}`, node });
  }
  for (const name of ["z_l", "z_a", "z_v", "z_y", "y_hat"])
    wanted.push({ name: `out.${name}`, node: model.value(name).node });
  for (const source of ["l", "a", "v"])
    wanted.push({ name: `out.rec_${source}`, node: model.value(`rec_${source}_hat`).node });
  const fit = model.objective(estimatorPhase);
  for (const [prefix, objective] of [
    ["grad.", total],
    ["grad_fit.", fit],
  ] as const) {
    const of = named(file, `${prefix}param.`);
    const nodes = of.map((name) => parameters.get(name) ?? g.constant(0));
    for (const [index, node] of gradient(g, ops, objective, nodes).entries())
      wanted.push({ name: `${prefix}param.${at(of, index)}`, node });
  }
  for (const [arena, contents] of dataArenas(file, [...inputs.arenas.values()])) arenas.set(arena, contents);
  const values = await compute(
    device,
    wanted.map(({ node }) => node),
    arenas,
  );
  const misses = wanted.map(({ name }, index) =>
    compareTensor(file, name, withoutPadding(file, name, at(values, index))),
  );
  return misses.filter((miss) => miss !== null);
}

const SOURCES: Readonly<Record<string, string>> = {
  "out.rec_l": "text",
  "out.rec_a": "audio",
  "out.rec_v": "vision",
};

/** What a decoder gives past the end of a row means nothing: the golden value stands there instead. */
function withoutPadding(file: CaseFile, name: string, values: Float64Array): Values {
  const lengths = file.tensors.get(`in.${SOURCES[name] ?? ""}_lengths`);
  if (lengths === undefined) return values;
  const { shape, data } = tensorOf(file, name);
  const [steps, width] = [at(shape, 1), at(shape, 2)];
  return values.map((value, index) => {
    const step = Math.floor(index / width) % steps;
    const row = Math.floor(index / width / steps);
    return step < Number(lengths.data[row]) ? value : Number(data[index]);
  });
}

/** Iterations of the program that training runs, and the evaluation program after each. */
export async function runTrajectoryCase(file: CaseFile, device: OracleDevice): Promise<readonly Miss[]> {
  const setup = tinySetup(file);
  const layout = placeParameters(setup);
  const iteration = iterationGraph(setup, layout);
  const evaluation = evaluationGraph(setup, layout);
  const training = await device.open(iteration.graph);
  const evaluating = await device.open(evaluation.graph);
  for (const [arena, contents] of dataArenas(file, [...iteration.data, ...evaluation.data])) {
    training.write(arena, contents);
    evaluating.write(arena, contents);
  }
  training.write("parameters", initialParameters(file, layout));
  const iterations = numberOf(file, "iterations");
  const misses: (Miss | null)[] = [];
  for (let step = 1; step <= iterations; step++) {
    const schedule = { updates: iteration.updates, schedules: new Map(), iterations };
    training.write("schedule", scheduleArena(schedule, step - 1));
    training.run();
    const recorded = await readLosses(training, iteration.losses);
    misses.push(...compareLosses(file, `iter${step}.loss_before.`, recorded));
    // Of the estimators' steps the last one is recorded.
    misses.push(...compareLosses(file, `iter${step}.fit_step${numberOf(file, "fit_steps")}.`, recorded));
    const parameters = await training.read({ arena: "parameters", offset: 0 }, layout.elements);
    misses.push(...compareParameters(file, step, layout, parameters));
    evaluating.write("parameters", Float32Array.from(parameters));
    evaluating.run();
    const after = await readLosses(evaluating, evaluation.losses);
    misses.push(...compareLosses(file, `iter${step}.loss_after.`, after));
  }
  training.dispose();
  evaluating.dispose();
  return misses.filter((miss) => miss !== null);
}

function initialParameters(file: CaseFile, layout: ParameterLayout): Float32Array {
  const names = namesByPath(file);
  const arena = new Float32Array(layout.elements);
  for (const { path, offset } of layout.parameters) {
    const name = names.get(path);
    if (name === undefined) throw new Error(`${file.name}: nothing for the parameter ${path}`);
    arena.set(deviceValues(tensorOf(file, `param.${name}`)), offset);
  }
  return arena;
}

async function readLosses(
  session: Session,
  losses: readonly { readonly name: string; readonly offset: number }[],
): Promise<Map<string, number>> {
  const values = new Map<string, number>();
  for (const { name, offset } of losses)
    values.set(name, at(await session.read({ arena: "losses", offset }, 1), 0));
  const [task, l, a, v, mi] = ["task", "rec_l", "rec_a", "rec_v", "mi"].map(
    (name) => values.get(name) ?? Number.NaN,
  ) as [number, number, number, number, number];
  values.set(
    "total",
    values.get("model.objective") ?? Math.log(task) + Math.log(l) + Math.log(a) + Math.log(v) + mi,
  );
  return values;
}

/** Every loss of a section of the file. */
function compareLosses(file: CaseFile, prefix: string, values: ReadonlyMap<string, number>): (Miss | null)[] {
  return named(file, prefix).map((name) => {
    const value = values.get(lossName(name));
    if (value === undefined) throw new Error(`${file.name}: ${prefix}${name} is not recorded`);
    return compareTensor(file, `${prefix}${name}`, [value]);
  });
}

/** State after an iteration. Parameters without a gradient wander by the noise that Adam divides by itself. */
function compareParameters(
  file: CaseFile,
  step: number,
  layout: ParameterLayout,
  values: Float64Array,
): (Miss | null)[] {
  const places = new Map(layout.parameters.map(({ path, offset, shape }) => [path, { offset, shape }]));
  const loose = new Set((file.metadata.loose ?? "").split(","));
  return named(file, `iter${step}.param.`).map((name) => {
    const place = places.get(parameterPath(name));
    if (place === undefined) throw new Error(`${file.name}: the model has no parameter for ${name}`);
    const tensor = `iter${step}.param.${name}`;
    const got = values.subarray(place.offset, place.offset + elementCount(place.shape));
    if (!loose.has(`param.${name}`)) return compareTensor(file, tensor, got);
    const tolerance = {
      ...toleranceOf(file, tensor),
      rtol: 0,
      atol: numberOf(file, "loose_atol"),
      relative: null,
    };
    return compareValues(tensor, tensorOf(file, tensor).data, got, tolerance);
  });
}
