/** The graph that gives a model's outputs for one batch that is handed in: for export to other tools. */
import { CompilerBug } from "../base/invariant.ts";
import type { CheckedModel } from "../check/checked.ts";
import type { InputNodes, InputRequest } from "../elaborate/elaboration.ts";
import { ElaboratedModel } from "../elaborate/model.ts";
import { BATCH_INPUTS } from "../export/onnx.ts";
import type { Node } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { ops } from "../ops/index.ts";
import { randomState } from "./data-inputs.ts";

export interface InferenceOutput {
  readonly name: string;
  readonly node: Node;
  /** The label that it predicts. */
  readonly predicts: string | null;
}

/** The arena of row numbers, which only what is kept for rows of the dataset asks for. */
const DATASET_ROWS = "rows";

/**
 * Outputs as functions of the parameters and of one batch. Every field is an input of its name; beside it stands `NAME.length` (i32[B]) where
 * rows have lengths of their own, 0 for a row without the field, and otherwise `NAME.present` (i32[B], 1 or 0). Only what an output reads is
 * reachable. Dropout and sampling are off.
 */
export function inferenceGraph(
  model: CheckedModel,
  sizes: ReadonlyMap<string, number>,
): readonly InferenceOutput[] {
  const g = new GraphBuilder(ops);
  const elaborated = new ElaboratedModel(model, sizes, {
    g,
    training: false,
    stream: () => "inference",
    parameter: ({ path, shape }) =>
      g.input({ name: path, arena: "parameters", offset: 0, version: 0, shape, dtype: "f32" }),
    input: (request) => batchInput(g, request),
    randomState: () => randomState(g),
    rows: 1,
    batch: () =>
      g.input({
        name: "batch",
        arena: DATASET_ROWS,
        offset: 0,
        version: 0,
        shape: [sizes.get("B") ?? 1],
        dtype: "i32",
      }),
    filled: () => null,
    epoch: () => {
      throw new CompilerBug("the epoch is asked for in training only");
    },
  });
  return elaborated.outputs.map(({ name, predicts }) => ({
    name,
    node: elaborated.value(name).node,
    predicts,
  }));
}

function batchInput(g: GraphBuilder, { name, shape, type }: InputRequest): InputNodes {
  const rows = shape.slice(0, 1);
  const given = (field: string, extents: readonly number[], dtype: "f32" | "i32") =>
    g.input({ name: field, arena: BATCH_INPUTS, offset: 0, version: 0, shape: extents, dtype });
  const node = given(name, shape, type.element === "f32" ? "f32" : "i32");
  const ragged = type.axes.some((axis) => axis.kind === "axis" && axis.ragged);
  if (!ragged) return { node, present: g.notEqual(given(`${name}.present`, rows, "i32"), 0), lengths: null };
  const lengths = given(`${name}.length`, rows, "i32");
  return { node, present: g.less(0, lengths), lengths };
}
