/** The graph of one evaluation batch: outputs and losses without dropout, with the weight of each loss for averaging over batches. */
import { at } from "../base/invariant.ts";
import type { Graph, Node, Output } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import type { CompiledModel, DataArena, RecordedOutput } from "../train/compiled.ts";
import type { ParameterLayout } from "../train/layout.ts";
import { ALIGNMENT, aligned } from "../train/layout.ts";
import type { TrainingSetup } from "./iteration.ts";
import { elaborate } from "./iteration.ts";

export interface EvaluationGraph {
  readonly graph: Graph;
  readonly losses: CompiledModel["evaluationLosses"];
  readonly outputs: readonly RecordedOutput[];
  readonly data: readonly DataArena[];
}

export function evaluationGraph(setup: TrainingSetup, layout: ParameterLayout): EvaluationGraph {
  const g = new GraphBuilder(ops);
  const placed = new Map(layout.parameters.map((parameter) => [parameter.path, parameter]));
  const { model, inputs } = elaborate(
    setup,
    g,
    () => "evaluation",
    false,
    ({ path, shape }) => {
      const offset = placed.get(path)?.offset ?? 0;
      return g.input({ name: path, arena: "parameters", offset, version: 0, shape, dtype: "f32" });
    },
  );
  const outputs: Output[] = [];
  const recorded: RecordedOutput[] = [];
  let next = 0;
  for (const { name, predicts } of model.outputs) {
    const { node } = model.value(name);
    outputs.push({ name, node, target: { arena: "outputs", offset: next } });
    recorded.push({ name, offset: next, rowElements: elementCount(node.shape.slice(1)), predicts });
    next += aligned(elementCount(node.shape));
  }
  const losses: { name: string; offset: number; weight: number }[] = [];
  const weights = new Map<Node, number>();
  let scalar = 0;
  const record = (name: string, node: Node): number => {
    const offset = ALIGNMENT * scalar++;
    outputs.push({ name, node, target: { arena: "losses", offset } });
    return offset;
  };
  for (const name of model.lossNames) {
    const loss = model.loss(name);
    const rows = participatingRows(g, loss.node);
    const weight = weights.get(rows) ?? record(`${name}.weight`, rows);
    weights.set(rows, weight);
    for (const { name: own, node } of [loss, ...loss.terms])
      losses.push({ name: own, offset: record(own, node), weight });
  }
  const graph: Graph = {
    segments: [{ name: "evaluation", phase: "evaluation", repeat: 0, kind: "forward", outputs }],
  };
  return { graph, losses, outputs: recorded, data: [...inputs.arenas.values()] };
}

/** How many rows of the batch have everything that a loss reads: the rows where all presence fields under it are set. */
function participatingRows(g: GraphBuilder, loss: Node): Node {
  const batch = topologicalOrder([loss]).find(
    (node) => node.op === "input" && node.attributes.arena === "batch",
  );
  if (batch === undefined) return g.constant(1);
  const present = topologicalOrder([loss]).filter(
    (node) => node.op === "take" && isPresence(at(node.inputs, 0)) && node.shape.length === 1,
  );
  const rows = present.reduce((all, node) => g.and(all, g.notEqual(node, 0)), g.greaterEqual(batch, 0));
  return g.sum(g.cast(rows, "f32"));
}

function isPresence(node: Node): boolean {
  return node.op === "input" && node.attributes.arena.startsWith("present.");
}
