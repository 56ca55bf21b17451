/** The compiler as one straight line: checked model and sizes in, a program for an iteration or for an evaluation batch out. */
import { CompilerBug } from "../base/invariant.ts";
import { once } from "../base/once.ts";
import type { OnStage } from "../base/stopwatch.ts";
import type { CheckedModel, CheckedTrain } from "../check/checked.ts";
import { UserError } from "../diagnostics/problems.ts";
import { fuse } from "../fuse/fuse.ts";
import type { Scheduled } from "../fuse/scheduled.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { Graph } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import type { Program } from "../ir/program.ts";
import { ops } from "../ops/index.ts";
import type { Pass } from "../optimize/pass.ts";
import { optimize } from "../optimize/pipeline.ts";
import { orderCalls } from "../plan/order.ts";
import { planProgram } from "../plan/plan.ts";
import { labelKind } from "../statistics/metrics.ts";
import type {
  CompiledEvaluation,
  CompiledIteration,
  CompiledModel,
  DataArena,
  ModelLayout,
  OptimizerState,
} from "../train/compiled.ts";
import type { ParameterLayout } from "../train/layout.ts";
import { momentArena, momentCount } from "../train/optimizers.ts";
import { evaluationGraph } from "./evaluation.ts";
import type { TrainingSetup } from "./iteration.ts";
import { elaborate, iterationGraph, placeParameters } from "./iteration.ts";

export interface CompileRequest {
  readonly model: CheckedModel;
  /** Sizes from the dataset and from settings, by name; defaults of the spec fill the rest. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Rows of the dataset. */
  readonly dataRows: number;
  /** Only the rows of the batch at hand lie on the device. */
  readonly streamed?: boolean;
  readonly target: FusionTarget;
  /** Run the verifier of each representation after every pass. */
  readonly verify?: boolean;
  /** Leave the passes out: for comparing results with and without them. */
  readonly optimise?: boolean;
  readonly onStage?: OnStage;
}

/** What the compiler made of one graph, stage by stage. */
export interface Stages {
  readonly graph: Graph;
  readonly optimized: Graph;
  readonly scheduled: Scheduled;
  readonly program: Program;
}

/** Programs that are made when they are asked for. */
export interface Programs {
  readonly iteration: () => CompiledIteration;
  readonly evaluation: () => CompiledEvaluation;
}

/** A model that is compiled program by program, each when it is first read. */
export interface Compilation {
  readonly layout: ModelLayout;
  readonly compiled: CompiledModel;
  readonly iteration: Stages;
  readonly evaluation: Stages;
}

/** The model as it is unrolled: with its train block and the rows of a batch. Throws a UserError when it has no `train` block. */
export function trainingSetup(request: CompileRequest): TrainingSetup {
  const { model, dataRows, streamed = false } = request;
  const train = trainBlock(model);
  const sizes = new Map([...request.sizes, ["B", train.batch.labelled + train.batch.unlabelled]]);
  return { model, train, sizes, dataRows, streamed };
}

/** Compiles a model for training. Throws a UserError when it has no `train` block or a size has no value. */
export function compileModel(request: CompileRequest): Compilation {
  const setup = trainingSetup(request);
  const { onStage } = request;
  const layout = placeParameters(setup);
  onStage?.("place parameters");
  // Both programs hold all parameters, also those that only the other one reads.
  const least = new Map(layout.elements === 0 ? [] : [["parameters", layout.elements * 4]]);
  const iteration = once(() => {
    const { graph, updates, losses, data } = iterationGraph(setup, layout);
    onStage?.("elaborate, differentiate");
    const stages = lower(graph, request, least);
    const { program } = stages;
    const compiled: CompiledIteration = { program, data: readBy(program, data), updates, losses };
    return { stages, compiled };
  });
  const evaluation = once(() => {
    const { graph, losses, outputs, data } = evaluationGraph(setup, layout);
    onStage?.("elaborate for evaluation");
    const stages = lower(graph, request, least);
    const { program } = stages;
    const rows = setup.sizes.get("B") ?? 0;
    const compiled: CompiledEvaluation = { program, data: readBy(program, data), rows, losses, outputs };
    return { stages, compiled };
  });
  const programs = { iteration: () => iteration().compiled, evaluation: () => evaluation().compiled };
  const common = modelLayout(request, setup, layout);
  return {
    layout: common,
    compiled: compiledModel(common, programs),
    get iteration() {
      return iteration().stages;
    },
    get evaluation() {
      return evaluation().stages;
    },
  };
}

/** A model whose programs are made when they are first read. */
export function compiledModel(layout: ModelLayout, programs: Programs): CompiledModel {
  const iteration = once(programs.iteration);
  const evaluation = once(programs.evaluation);
  return {
    ...layout,
    get iteration() {
      return iteration();
    },
    get evaluation() {
      return evaluation();
    },
  };
}

function modelLayout(request: CompileRequest, setup: TrainingSetup, layout: ParameterLayout): ModelLayout {
  return {
    name: request.model.name,
    sizes: resolvedSizes(setup),
    parameters: layout.parameters.map(({ path, shape, offset, initialiser, kind, perRow }) => ({
      path,
      shape,
      offset,
      initialiser,
      kind,
      perRow,
    })),
    parameterElements: layout.elements,
    optimizerStates: optimizerStates(layout),
    streamed: setup.streamed === true,
    label: labelOf(request.model),
    batch: setup.train.batch,
  };
}

/** The fields that a program reads once it is optimised. */
function readBy({ arenas }: Program, data: readonly DataArena[]): readonly DataArena[] {
  return data.filter(({ arena }) => arenas.has(arena));
}

/** Graph to device program; `arenas`: least sizes of arenas in bytes. */
export function lower(
  graph: Graph,
  request: Pick<CompileRequest, "target" | "verify" | "optimise" | "onStage">,
  arenas: ReadonlyMap<string, number> = new Map(),
): Stages {
  const { target, verify = false, optimise = true, onStage } = request;
  const onPass = (pass: Pass) => onStage?.(pass.name);
  const optimized = optimise ? optimize(graph, { verify, onPass }) : graph;
  const fused = fuse(optimized, target);
  onStage?.("fuse");
  const scheduled = orderCalls(fused);
  const program = planProgram(scheduled, arenas);
  onStage?.("plan");
  return { graph, optimized, scheduled, program };
}

export function trainBlock(model: CheckedModel): CheckedTrain {
  if (model.train !== null) return model.train;
  throw new UserError([
    {
      code: "no-train-block",
      severity: "error",
      title: "Model has no train block",
      primary: { span: model.declaration.name.span, text: "nothing says how to train it" },
      related: [],
      text: `\`${model.name}\` says what is computed, but not what is minimised, by which optimiser, or how long.`,
      hint: `Add \`train ${model.name} { … }\`; docs/language.md shows one.`,
    },
  ]);
}

function resolvedSizes(setup: TrainingSetup): ReadonlyMap<string, number> {
  const { model } = elaborate(
    setup,
    new GraphBuilder(ops),
    () => "sizes",
    false,
    () => {
      throw new CompilerBug("sizes do not read parameters");
    },
  );
  const sizes = new Map(setup.sizes);
  for (const member of setup.model.declaration.members)
    if (member.kind === "size") sizes.set(member.name.name, model.size(member.name.name));
  return sizes;
}

function optimizerStates(layout: ParameterLayout): OptimizerState[] {
  return [...layout.phases].map(([phase, { ranges, momentElements }]) => {
    const count = Math.max(0, ...ranges.map((range) => momentCount(range.settings)));
    const orders = ([1, 2] as const).slice(0, count);
    return {
      phase,
      arenas: orders.map((order) => ({ name: momentArena(phase, order), elements: momentElements })),
    };
  });
}

/** The label of a model and its kind; null when it has none. */
export function labelOf(model: CheckedModel): CompiledModel["label"] {
  for (const member of model.declaration.members)
    if (member.kind === "label") return { name: member.name.name, kind: labelKind(member.type) };
  return null;
}
