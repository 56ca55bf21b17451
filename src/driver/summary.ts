/** What a compiled model costs: the numbers of `mird compile`. */
import { type Dispatch, type Program, runsOf, type Segment } from "../ir/program.ts";
import type { CompiledModel } from "../train/compiled.ts";

/** Work of some dispatches; bytes are what their operands span, read or written. */
export interface Work {
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
}

interface PhaseSummary extends Work {
  readonly name: string;
  readonly repeat: number;
  /** Different kernels. */
  readonly kernels: number;
}

export interface Summary {
  readonly model: string;
  /** Trainable numbers. */
  readonly parameters: number;
  /** Trainable numbers by the first part of their path. */
  readonly modules: Readonly<Record<string, number>>;
  /** Numbers of states by the first part of their path. */
  readonly states: Readonly<Record<string, number>>;
  readonly sizes: Readonly<Record<string, number>>;
  /** All repeats together, so that the phases add up to the iteration. */
  readonly phases: readonly PhaseSummary[];
  readonly iteration: Work;
  /** Of the work arena; parameters, data and optimiser state come on top. */
  readonly memory: { readonly peakBytes: number; readonly sumBytes: number };
  /** Bytes of the other arenas by name. */
  readonly arenas: Readonly<Record<string, number>>;
}

/** Counts parameters, kernels, dispatches, operations and bytes. */
export function summarize(model: CompiledModel): Summary {
  const { program } = model.iteration;
  const modules: Record<string, number> = {};
  const states: Record<string, number> = {};
  for (const { path, shape, kind } of model.parameters) {
    const counts = kind === "param" ? modules : states;
    const name = path.split(/[.[]/)[0] ?? path;
    counts[name] = (counts[name] ?? 0) + shape.reduce((product, extent) => product * extent, 1);
  }
  return {
    model: model.name,
    parameters: Object.values(modules).reduce((sum, count) => sum + count, 0),
    modules,
    states,
    sizes: Object.fromEntries(model.sizes),
    phases: phasesOf(program),
    iteration: workOf(program.segments),
    memory: program.memory,
    arenas: Object.fromEntries([...program.arenas].filter(([name]) => name !== "work")),
  };
}

function phasesOf(program: Program): PhaseSummary[] {
  const names = [...new Set(program.segments.map(({ phase }) => phase))];
  const summaries = names.map((name) => {
    const segments = program.segments.filter(({ phase }) => phase === name);
    const dispatches = segments.flatMap((segment) => segment.dispatches);
    return {
      name,
      repeat: new Set(segments.map(({ repeat }) => repeat)).size,
      kernels: new Set(dispatches.map(({ kernel }) => kernel)).size,
      ...workOf(segments),
    };
  });
  // A phase whose objective is constant (`penalty = None`), and a shared part that no one needs, are not run.
  return summaries.filter(({ dispatches }) => dispatches > 0);
}

/** Work of all that segments run, the turns of their loops included. */
export function workOf(segments: readonly Segment[]): Work {
  const parts = segments.flatMap((segment) => {
    const runs = runsOf(segment);
    return segment.dispatches.map((dispatch, position) => dispatchWork(dispatch, runs[position] ?? 1));
  });
  return parts.reduce(
    (sum, part) => ({
      dispatches: sum.dispatches + part.dispatches,
      flops: sum.flops + part.flops,
      bytes: sum.bytes + part.bytes,
    }),
    { dispatches: 0, flops: 0, bytes: 0 },
  );
}

/** Work of one dispatch that runs so often. */
export function dispatchWork({ operands, flops }: Dispatch, runs: number): Work {
  const bytes = operands.reduce((sum, operand) => sum + operand.bytes, 0);
  return { dispatches: runs, flops: runs * flops, bytes: runs * bytes };
}
