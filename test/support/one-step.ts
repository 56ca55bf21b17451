/** One iteration of a spec on made-up data, executed by the reference interpreter of programs. */

import { diskLoader, readSpec } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import type { CheckedModel, CheckedProgram } from "../../src/check/checked.ts";
import type { Compilation } from "../../src/driver/compile.ts";
import { compileModel, trainBlock } from "../../src/driver/compile.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import { executeProgram, makeArenas } from "../../src/runtime/reference/execute-program.ts";
import { softwareTarget } from "./compile-spec.ts";
import { sampleTensor } from "./tensors.ts";

export interface SmallSpec {
  readonly path: string;
  /** `--set`, as written. */
  readonly settings: Readonly<Record<string, string>>;
  /** Replaces the batch of the train block; without unlabelled rows there, all are labelled. */
  readonly batch?: { readonly labelled: number; readonly unlabelled: number };
}

/** The checked model of a spec, and the types of its inputs and labels. */
export function checkedProgram({ path, settings, batch }: SmallSpec): {
  readonly model: CheckedModel;
  readonly types: CheckedProgram["types"];
} {
  const sources = {};
  const entry = readSpec(path, sources);
  const { model, program } = requireModel({ entry, loadSource: diskLoader(sources), settings, model: null });
  if (batch === undefined || model.train === null) return { model, types: program.types };
  const unlabelled = model.train.batch.unlabelled > 0 ? batch.unlabelled : 0;
  const labelled = batch.labelled + batch.unlabelled - unlabelled;
  return {
    model: { ...model, train: { ...model.train, batch: { labelled, unlabelled } } },
    types: program.types,
  };
}

/** The checked model of a spec. */
export function checkedSpec(spec: SmallSpec): CheckedModel {
  return checkedProgram(spec).model;
}

/** Sizes that are smaller or larger than others: longest sequences, vocabularies, depths. */
const SMALL = new Map([
  ["V", 7],
  ["L", 3],
  ["Ta", 3],
  ["Tv", 3],
  ["layers", 1],
  ["memory_layers", 1],
]);

/** Settings that make every size of a spec small that is not small already. */
export function smallSizes(path: string): Record<string, string> {
  const model = checkedSpec({ path, settings: {} });
  return Object.fromEntries(
    model.declaration.members.flatMap((member) => {
      if (member.kind !== "size") return [];
      const { name } = member.name;
      const value = model.overrides.get(name)?.value ?? member.default;
      const small = SMALL.get(name) ?? 4;
      return value?.kind === "number" && value.value > small ? [[name, String(small)]] : [];
    }),
  );
}

/** Compiles a spec with or without the optimisation passes. */
export function compileSmall(
  spec: SmallSpec,
  optimise: boolean,
  target: FusionTarget = softwareTarget,
): Compilation {
  const model = checkedSpec(spec);
  const { labelled, unlabelled } = trainBlock(model).batch;
  return compileModel({
    model,
    sizes: new Map(),
    dataRows: labelled + unlabelled,
    target,
    verify: true,
    optimise,
  });
}

/** What the arenas of an iteration hold at first: parameters and data that depend on names only. */
function stepInputs({ compiled }: Compilation): ReadonlyMap<string, Float64Array> {
  const arenas = makeArenas(compiled.iteration.program);
  const set = (arena: string, values: ArrayLike<number>, offset = 0) =>
    arenas.get(arena)?.set(values, offset);
  const rows = compiled.batch.labelled + compiled.batch.unlabelled;
  for (const { shape, offset } of compiled.parameters)
    set("parameters", sampleTensor({ shape, dtype: "f32", low: -0.6, high: 0.6 }, offset + 1).data, offset);
  for (const { arena, content, dtype, rowElements } of compiled.iteration.data) {
    const size = rows * rowElements;
    // Numbers of tokens stay below any vocabulary; some steps are padding, some rows lack a modality.
    const range = dtype === "i32" ? [0, 4] : [-1, 1];
    const values = sampleTensor(
      { shape: [size], dtype, low: range[0] ?? 0, high: range[1] ?? 0 },
      arena.length + 7,
    );
    const present = Float64Array.from({ length: rows }, (_, row) => (row % 5 === 3 ? 0 : 1));
    if (content === "values") set(arena, values.data);
    else set(arena, content === "lengths" ? values.data.map((length) => Math.max(1, length)) : present);
  }
  set(
    "batch",
    Array.from({ length: rows }, (_, row) => (row === rows - 1 ? -1 : (row * 3) % rows)),
  );
  set("random", [11, 3]);
  set("epoch", [2]);
  for (const { offset } of compiled.iteration.updates) set("schedule", [1, 1.7, 2.3], offset);
  return arenas;
}

/** Everything that one iteration leaves in arenas, in float64; `singlePrecision` rounds what is stored, as devices do. */
export function runOneStep(
  compilation: Compilation,
  options: { readonly singlePrecision?: boolean } = {},
): ReadonlyMap<string, Float64Array> {
  const arenas = stepInputs(compilation);
  arenas.get("work")?.fill(Number.NaN);
  executeProgram(compilation.iteration.program, arenas, options);
  return arenas;
}

/** The losses and gradients that one iteration on a device leaves. */
export async function runStepOn(
  backend: Backend,
  compilation: Compilation,
): Promise<ReadonlyMap<string, Float64Array>> {
  const { program, data } = compilation.compiled.iteration;
  const whole = new Set(["batch", "random"]);
  for (const { arena, dtype } of data) if (dtype === "i32") whole.add(arena);
  const executable = await backend.prepare(new Map([["iteration", program]]));
  try {
    for (const [name, values] of stepInputs(compilation))
      if (name !== "work")
        executable.write(name, whole.has(name) ? Int32Array.from(values) : Float32Array.from(values));
    executable.run("iteration");
    const left = new Map<string, Float64Array>();
    for (const name of ["losses", "gradients"])
      if (program.arenas.has(name)) left.set(name, Float64Array.from(await executable.read(name)));
    return left;
  } finally {
    executable.dispose();
  }
}
