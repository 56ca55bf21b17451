/** Each stage of the compiler as text, for `mird compile --emit`. */
import type { CheckedProgram } from "../check/checked.ts";
import { printChecked } from "../check/print-checked.ts";
import { reachableFiles } from "../check/scope.ts";
import type { WgslKernel } from "../codegen/target.ts";
import { describePlace } from "../diagnostics/source.ts";
import { printGraph } from "../ir/graph-print.ts";
import type { Kernel } from "../ir/kernel.ts";
import { printKernel } from "../ir/kernel-print.ts";
import type { Dispatch, Program, Segment } from "../ir/program.ts";
import { inLoops, printRegion } from "../ir/program-print.ts";
import { graphAfter, passNames } from "../optimize/pipeline.ts";
import type { Compilation, Stages } from "./compile.ts";

/** Stands for the graph that no pass has seen. */
const BEFORE_PASSES = "none";
/** What `--after` takes. */
export const GRAPH_PLACES: readonly string[] = [BEFORE_PASSES, ...passNames];

/** Stages by name, in the order in which a spec passes them. */
export const STAGES = ["ast", "checked", "graph", "kernels", "plan", "wgsl"] as const;
export type Stage = (typeof STAGES)[number];

/** A piece of a dump: the name of the file that it becomes, and its text. */
export interface DumpFile {
  readonly name: string;
  readonly text: string;
}

/** The syntax trees of the spec and of all files that it needs, without places. */
export function dumpAst(program: CheckedProgram): DumpFile[] {
  const files = reachableFiles(program.scope).map(({ file }) => ({
    path: file.source.path,
    imports: file.imports,
    declarations: file.declarations,
  }));
  const withoutPlaces = (key: string, value: unknown) =>
    key === "span" || key === "pathSpan" ? undefined : value;
  return [{ name: "ast.json", text: `${JSON.stringify(files, withoutPlaces, 1)}\n` }];
}

/** Every declaration with its types. */
export function dumpChecked(program: CheckedProgram): DumpFile[] {
  return [{ name: "checked.txt", text: printChecked(program) }];
}

/** The graphs of an iteration and of an evaluation batch as they are after a pass, or before all of them. */
export function dumpGraphs({ iteration, evaluation }: Compilation, after: string): DumpFile[] {
  const text = ({ graph }: Stages) => printGraph(after === BEFORE_PASSES ? graph : graphAfter(graph, after));
  return [
    { name: `iteration.graph.${after}.txt`, text: text(iteration) },
    { name: `evaluation.graph.${after}.txt`, text: text(evaluation) },
  ];
}

/** One of the later stages, for an iteration and for an evaluation batch. */
export function dumpCompiled(
  stage: Exclude<Stage, "ast" | "checked">,
  compilation: Compilation,
  emit: (kernel: Kernel) => WgslKernel,
): DumpFile[] {
  const programs = [
    ["iteration", compilation.iteration],
    ["evaluation", compilation.evaluation],
  ] as const;
  return programs.flatMap(([name, stages]) => dumpProgram(stage, name, stages, emit));
}

function dumpProgram(
  stage: Exclude<Stage, "ast" | "checked">,
  name: string,
  { optimized, program }: Stages,
  emit: (kernel: Kernel) => WgslKernel,
): DumpFile[] {
  if (stage === "graph") return [{ name: `${name}.graph.txt`, text: printGraph(optimized) }];
  if (stage === "kernels")
    return [{ name: `${name}.kernels.txt`, text: program.kernels.map(printKernel).join("\n") }];
  if (stage === "plan") return [{ name: `${name}.plan.txt`, text: printProgram(program) }];
  return program.kernels.map((kernel, index) => {
    const code = emit(kernel);
    const number = String(index).padStart(3, "0");
    const head = `// ${code.name}, workgroups ${code.workgroups.join(" x ")}\n`;
    return {
      name: `${name}.${number}.${kernel.name.replaceAll(/[^\w.-]/g, "_")}.wgsl`,
      text: head + code.wgsl,
    };
  });
}

/** Segments with their dispatches, and what each arena needs. */
function printProgram(program: Program): string {
  const arenas = [...program.arenas].map(([name, bytes]) => `arena ${name} ${bytes}`);
  const { peakBytes, sumBytes } = program.memory;
  const memory = `memory peak ${peakBytes} sum ${sumBytes}`;
  return `${[...arenas, memory, ...program.segments.flatMap((segment) => printSegment(program, segment))].join("\n")}\n`;
}

function printSegment(program: Program, segment: Segment): string[] {
  const head = `segment ${segment.name} (${segment.kind} of ${segment.phase}, repeat ${segment.repeat})`;
  return [
    head,
    ...inLoops(
      segment,
      segment.dispatches.map((dispatch) => printDispatch(program, dispatch)),
    ),
  ];
}

function printDispatch(program: Program, { kernel, operands, flops, origins }: Dispatch): string {
  const regions = operands.map(printRegion).join(" ");
  const place = origins[0] === undefined ? "" : ` // ${describePlace(origins[0])}`;
  return `${kernel} ${program.kernels[kernel]?.name ?? "?"} flops ${flops} ${regions}${place}`;
}
