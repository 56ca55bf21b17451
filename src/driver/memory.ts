/** What memory a model needs, tensor by tensor, and the refusal of one that does not fit the device, before anything runs. */
import { at } from "../base/invariant.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import { describeLine } from "../diagnostics/source.ts";
import type { Program } from "../ir/program.ts";
import type { PeakReport } from "../plan/explain.ts";
import { explainPeak } from "../plan/explain.ts";
import { quantity } from "../report/quantity.ts";
import { alignColumns } from "../report/tables.ts";
import type { Limit, MemoryLimits } from "../runtime/limits.ts";
import type { DataArena, ModelLayout } from "../train/compiled.ts";
import type { Compilation, Stages } from "./compile.ts";

export interface MemoryReport {
  readonly model: string;
  /** What is alive when most is; null when kernels leave nothing for each other. */
  readonly peak: PeakReport | null;
  /** Of the work arena. */
  readonly peakBytes: number;
  readonly sumBytes: number;
  /** All arenas of both programs; those of one name are the same memory. */
  readonly arenas: ReadonlyMap<string, number>;
  readonly totalBytes: number;
}

/** Everything about the memory of a compiled model. The peak is that of the program that needs more. */
export function memoryReport(
  compilation: Compilation,
  names: readonly ProgramName[] = PROGRAMS,
): MemoryReport {
  const stages = names.map((name) => compilation[name]);
  const larger = stages.reduce((a, b) => (needsMore(a.program, b.program) ? a : b));
  const arenas = sharedArenas(stages.map(({ program }) => program));
  return {
    model: compilation.layout.name,
    peak: explainPeak(larger.scheduled),
    ...larger.program.memory,
    arenas,
    totalBytes: sumOf(arenas),
  };
}

/** The arenas that programs share: one of a name is as large as the one that needs most. */
function sharedArenas(programs: readonly Program[]): ReadonlyMap<string, number> {
  const arenas = new Map<string, number>();
  for (const program of programs)
    for (const [name, bytes] of program.arenas) arenas.set(name, Math.max(arenas.get(name) ?? 0, bytes));
  return arenas;
}

function sumOf(arenas: ReadonlyMap<string, number>): number {
  return [...arenas.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** What is made ready on the device: for training both programs, over the same arenas. */
export const PROGRAMS = ["iteration", "evaluation"] as const;
export type ProgramName = (typeof PROGRAMS)[number];

function needsMore(a: Program, b: Program): boolean {
  return a.memory.peakBytes >= b.memory.peakBytes;
}

/** A tensor and what it takes; `what` names it where no line of the spec does. */
interface Tensor {
  readonly bytes: number;
  readonly shape: readonly number[];
  readonly what: string;
  readonly origin: Span | null;
}

/** Tensors that a message lists. */
const LISTED = 6;

/** The first limit of a device that programs break; null when it can hold them together. */
export function brokenLimit(
  programs: readonly Program[],
  limits: MemoryLimits,
): "total" | "arena" | "operand" | null {
  const arenas = sharedArenas(programs);
  const scale = limits.elementBytes / 4;
  if (sumOf(arenas) * scale > limits.total.bytes) return "total";
  if (Math.max(0, ...arenas.values()) * scale > limits.arena.bytes) return "arena";
  const operands = programs.flatMap(writtenRegions);
  return operands.some(({ bytes }) => bytes * scale > limits.operand.bytes) ? "operand" : null;
}

/** Throws a UserError with exit code 3 when a device with these limits cannot hold these programs of a model. */
export function requireRoom(
  compilation: Compilation,
  limits: MemoryLimits,
  names: readonly ProgramName[] = PROGRAMS,
): void {
  const problem = lackOfRoom(compilation, limits, names);
  if (problem !== null) throw new UserError([problem], 3);
}

/** Why a model does not fit; null when it does. */
export function lackOfRoom(
  compilation: Compilation,
  limits: MemoryLimits,
  names: readonly ProgramName[] = PROGRAMS,
): Diagnostic | null {
  const stages = names.map((name) => compilation[name]);
  const broken = brokenLimit(
    stages.map(({ program }) => program),
    limits,
  );
  if (broken === null) return null;
  const report = memoryReport(compilation, names);
  const scale = limits.elementBytes / 4;
  const limit = limits[broken];
  const data = names.flatMap((name) => compilation.compiled[name].data);
  const tensors = (arena: string | null) => tensorsOf(compilation.layout, data, report, arena);
  switch (broken) {
    case "total": {
      const needs = `The model needs ${bytes(report.totalBytes * scale)}`;
      return refusal(compilation.layout, needs, limit, tensors(null));
    }
    case "arena": {
      const [name, size] = [...report.arenas].reduce((a, b) => (b[1] > a[1] ? b : a));
      const needs = `The ${PLACES[name] ?? `arena \`${name}\``} must lie in one piece of ${bytes(size * scale)}`;
      return refusal(compilation.layout, needs, limit, tensors(name));
    }
    case "operand": {
      const wide = stages.flatMap((each) => operandsAbove(each, limit.bytes / scale));
      const most = Math.max(...wide.map((tensor) => tensor.bytes)) * scale;
      return refusal(compilation.layout, `One kernel needs a tensor of ${bytes(most)} at once`, limit, wide);
    }
  }
}

const PLACES: Readonly<Record<string, string>> = {
  work: "values between kernels",
  parameters: "parameters",
  gradients: "gradients",
};

function refusal(model: ModelLayout, needs: string, limit: Limit, tensors: readonly Tensor[]): Diagnostic {
  const sorted = [...tensors].sort((a, b) => b.bytes - a.bytes);
  const rows = new Map<string, { readonly tensor: Tensor; count: number }>();
  for (const tensor of sorted) {
    const key = `${tensor.shape.join()} ${tensor.origin === null ? tensor.what : describeLine(tensor.origin)}`;
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { tensor, count: 1 });
    else known.count++;
  }
  const listed = [...rows.values()]
    .slice(0, LISTED)
    .map(({ tensor, count }) => [
      `${count === 1 ? "" : `${count} × `}${bytes(tensor.bytes)}`,
      `[${tensor.shape.join(", ")}]`,
      tensor.origin === null ? tensor.what : describeLine(tensor.origin),
    ]);
  const table = alignColumns([["bytes", "shape", "made by"], ...listed], { left: ["shape", "made by"] });
  const indented = table.trimEnd().replaceAll(/^/gm, "    ");
  const sizes = sizesIn(sorted, model.sizes);
  const named = sizes.slice(0, 4).map(([name, value]) => `${name} ${value}`);
  const from = named.length === 0 ? "" : `\n\nThe sizes that matter most here: ${named.join(", ")}.`;
  const { labelled, unlabelled } = model.batch;
  const batch =
    unlabelled === 0 ? `${labelled} rows` : `${labelled} labelled and ${unlabelled} unlabelled rows`;
  const others = sizes.map(([name]) => `\`${name}\``).filter((name) => name !== "`B`");
  const lower = others.length === 0 ? "" : `, or lower ${others.slice(0, 3).join(", ")} by \`--set\``;
  return {
    code: "device-memory",
    severity: "error",
    title: "The device has too little memory",
    primary: null,
    related: [],
    place: { file: "device" },
    text: `${needs}; ${limit.what} ${bytes(limit.bytes)}. The largest tensors of \`${model.name}\`:\n\n${indented}${from}`,
    hint: `Make the batch smaller (now ${batch})${lower}. \`mird compile --memory\` lists everything.`,
  };
}

/** Sizes of the model that the extents of tensors are made of, those that most bytes depend on first. */
function sizesIn(tensors: readonly Tensor[], sizes: ReadonlyMap<string, number>): [string, number][] {
  const known = [...sizes].filter(([, value]) => value > 1);
  const weights = new Map<string, number>();
  for (const { shape, bytes: size } of tensors)
    for (const name of new Set(shape.flatMap((extent) => factorsOf(extent, known))))
      weights.set(name, (weights.get(name) ?? 0) + size);
  return [...weights].sort((a, b) => b[1] - a[1]).map(([name]) => [name, sizes.get(name) ?? 0]);
}

/** An extent is a size, or the batch times one where axes have been joined. Sizes of equal value cannot be told apart; the first one stands for them. */
function factorsOf(extent: number, sizes: readonly (readonly [string, number])[]): string[] {
  const same = sizes.find(([, value]) => value === extent);
  if (same !== undefined) return [same[0]];
  const rows = sizes.find(([name]) => name === "B")?.[1] ?? 0;
  const other = sizes.find(([, value]) => value * rows === extent);
  return other === undefined ? [] : ["B", other[0]];
}

/** Operands of kernels that are larger than a device can hand to one; a tensor is listed where it is made. */
function operandsAbove({ program, scheduled }: Stages, limit: number): Tensor[] {
  const large = writtenRegions(program).filter(({ bytes }) => bytes > limit);
  return large.map(({ bytes, kernel, origin }) => {
    const value = [...scheduled.values.values()].find(({ elements }) => elements * 4 === bytes);
    return { bytes, shape: value?.shape ?? [bytes / 4], what: `kernel ${kernel}`, origin };
  });
}

/** What the kernels of a program write, operand by operand. */
function writtenRegions(
  program: Program,
): { readonly bytes: number; readonly kernel: string; readonly origin: Span | null }[] {
  return program.segments.flatMap(({ dispatches }) =>
    dispatches.flatMap(({ operands, origins, kernel }) => {
      const { name, operands: declared } = at(program.kernels, kernel);
      return operands.flatMap(({ bytes }, index) =>
        declared[index]?.access === "read" ? [] : [{ bytes, kernel: name, origin: origins[0] ?? null }],
      );
    }),
  );
}

/** The tensors of one arena, or of all. */
function tensorsOf(
  model: ModelLayout,
  data: readonly DataArena[],
  report: MemoryReport,
  arena: string | null,
): Tensor[] {
  const wanted = (name: string) => arena === null || arena === name;
  const tensors: Tensor[] = [];
  if (wanted("work"))
    for (const { bytes: size, shape, op, origin } of report.peak?.live ?? [])
      tensors.push({ bytes: size, shape, what: op, origin });
  for (const place of ["parameters", "gradients"])
    if (wanted(place) && report.arenas.has(place))
      for (const { path, shape } of model.parameters) {
        const count = shape.reduce((product, extent) => product * extent, 1);
        tensors.push({ bytes: 4 * count, shape, what: `${place} of ${path}`, origin: null });
      }
  const fields = new Map(data.map((entry) => [entry.arena, entry]));
  for (const [name, size] of report.arenas) {
    if (!wanted(name) || ["work", "parameters", "gradients"].includes(name)) continue;
    const row = fields.get(name)?.rowElements;
    const shape = row === undefined ? [size / 4] : [size / 4 / row, row];
    const what = row === undefined ? `arena ${name}` : `dataset, ${name}`;
    tensors.push({ bytes: size, shape: shape.map(Math.floor), what, origin: null });
  }
  return tensors;
}

function bytes(value: number): string {
  return quantity(value, "B");
}
