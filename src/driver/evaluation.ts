/** The graph of one evaluation batch: outputs and losses without dropout, with the weight of each loss for averaging over batches. */
import type { TensorValue } from "../builtins/build-context.ts";
import type { ElaboratedModel } from "../elaborate/model.ts";
import type { Graph, Node, Output } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import type { CompiledEvaluation, DataArena, RecordedOutput } from "../train/compiled.ts";
import type { ParameterLayout } from "../train/layout.ts";
import { ALIGNMENT, aligned } from "../train/layout.ts";
import { arePlaces } from "./data-inputs.ts";
import type { TrainingSetup } from "./iteration.ts";
import { elaborate } from "./iteration.ts";

/** How the arenas begin that say which rows have a field. */
const PRESENT = "present.";

export interface EvaluationGraph {
  readonly graph: Graph;
  readonly losses: CompiledEvaluation["losses"];
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
    const value = model.value(name);
    const { node } = value;
    outputs.push({ name, node, target: { arena: "outputs", offset: next } });
    const rowElements = elementCount(node.shape.slice(1));
    recorded.push({ name, offset: next, rowElements, predicts, needs: neededFields(value) });
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
    const rows = participatingRows(g, model.value(name), model);
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

/**
 * How many rows a loss was taken over: those of the batch that have everything it needs, or, where it reads them only joined, merged or cut,
 * those of what it reads.
 */
function participatingRows(g: GraphBuilder, loss: TensorValue, model: ElaboratedModel): Node {
  const batch = topologicalOrder([loss.node]).find(arePlaces);
  if (batch === undefined) return g.constant(1);
  const over = [...(loss.over ?? [])];
  const ofBatch = over.filter(([, along]) => model.isBatch(along));
  const first = ofBatch.length > 0 ? undefined : over[0];
  const rows =
    first === undefined
      ? [g.greaterEqual(batch, 0), ...ofBatch.map(([present]) => present)]
      : over.flatMap(([present, along]) => (along.key === first[1].key ? [present] : []));
  return g.sum(
    g.cast(
      rows.reduce((all, node) => g.and(all, node)),
      "f32",
    ),
  );
}

/** Fields without which a row has no such output. */
function neededFields({ presence }: TensorValue): string[] {
  const under = topologicalOrder([...presence.values()].flatMap((nodes) => [...nodes]));
  const fields = under.flatMap((node) =>
    node.op === "input" && node.attributes.arena.startsWith(PRESENT)
      ? [node.attributes.arena.slice(PRESENT.length)]
      : [],
  );
  return [...new Set(fields)];
}
