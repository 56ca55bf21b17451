/** Scans over random steps, and the same recurrences written out step by step. */
import fc from "fast-check";
import { at } from "../../src/base/invariant.ts";
import type { Node } from "../../src/ir/graph.ts";
import type { GraphBuilder } from "../../src/ir/graph-build.ts";
import { sameShape } from "../../src/ir/graph-walk.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { substituteInputs } from "../../src/ir/substitute.ts";
import { randomGraphs } from "./random-graph.ts";
import { inputNode, sampleTensor } from "./tensors.ts";

export interface RandomScan {
  readonly g: GraphBuilder;
  /** Initial state, sequence, constant. */
  readonly inputs: readonly Node[];
  readonly values: ReadonlyMap<string, Tensor>;
  /** The state after every step and after the last one, the outputs, and their sum. */
  readonly scanned: readonly Node[];
  readonly unrolled: readonly Node[];
}

/** Steps with a state, mostly a sequence and a constant, up to five of them in either direction. */
export function randomScans(operations: number): fc.Arbitrary<RandomScan> {
  return fc
    .record({
      graph: randomGraphs({ steps: operations, smooth: true }),
      steps: fc.integer({ min: 1, max: 5 }),
      reverse: fc.boolean(),
      fromZero: fc.boolean(),
    })
    .map(({ graph: { g, inputs, results }, steps, reverse, fromZero }) => {
      const [state, sequence, constant] = [...inputs.values()];
      if (state === undefined) throw new Error("a graph without inputs");
      const found = at(results, 0);
      const part = sameShape(found.shape, state.shape) ? found : g.mean(found);
      const next = g.tanh(g.add(g.mul(state, 0.5), part));
      const output = at(results, -1);
      const given = new Map<string, Tensor>();
      const outer = (name: string, shape: readonly number[]) => {
        given.set(name, sampleTensor({ shape, dtype: "f32", low: -1.5, high: 1.5 }, given.size));
        return inputNode(g, name, shape);
      };
      const initial = fromZero ? g.zerosLike(state) : outer("initial", state.shape);
      const values = sequence === undefined ? null : outer("values", [steps, ...sequence.shape]);
      const same = constant === undefined ? null : outer("constant", constant.shape);

      const made = buildScan(g, {
        steps,
        reverse,
        states: [{ before: state, initial, next }],
        sequences: sequence === undefined || values === null ? [] : [{ step: sequence, values }],
        constants: constant === undefined || same === null ? [] : [{ step: constant, value: same }],
        outputs: [output],
        sums: [output],
      });
      const scanned = [at(made.after, 0), at(made.last, 0), at(made.outputs, 0), at(made.sums, 0)];

      const order = Array.from({ length: steps }, (_, index) => (reverse ? steps - 1 - index : index));
      const states: Node[] = [];
      const outputs: Node[] = [];
      let before = initial;
      for (const step of order) {
        const [after, now] = substituteInputs(g, [next, output], (leaf) => {
          if (leaf === state) return before;
          if (leaf === sequence && values !== null)
            return g.reshape(g.sliceAxis(values, 0, step, 1), leaf.shape);
          return leaf === constant && same !== null ? same : leaf;
        });
        if (after === undefined || now === undefined) throw new Error("a step without results");
        states[step] = after;
        outputs[step] = now;
        before = after;
      }
      const stacked = (nodes: readonly Node[]) =>
        g.concat(
          nodes.map((node) => g.reshape(node, [1, ...node.shape])),
          0,
        );
      const total = outputs.reduce((a, b) => g.add(a, b));
      const unrolled = [stacked(states), before, stacked(outputs), total];
      const leaves = [initial, values, same].flatMap((node) => (node?.op === "input" ? [node] : []));
      return { g, inputs: leaves, values: given, scanned, unrolled };
    });
}

/** A number that depends on all of the results. */
export function lossOf(g: GraphBuilder, results: readonly Node[]): Node {
  return results.map((node) => g.mean(g.sin(node))).reduce((a, b) => g.add(a, b));
}
