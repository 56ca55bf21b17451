/** The order of the optimisation passes, with the reason for each place, and the function that runs them. */
import type { Graph } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { verifyGraph } from "../ir/graph-verify.ts";
import { ops } from "../ops/index.ts";
import { batch } from "./batch/batch.ts";
import { fold } from "./fold.ts";
import { hoist } from "./hoist.ts";
import { orient } from "./orient.ts";
import { type Pass, rewriteGraph } from "./pass.ts";
import { piecewise } from "./piecewise/piecewise.ts";
import { prune } from "./prune.ts";
import { separate } from "./separate/separate.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";
import { steps } from "./steps.ts";

export const passes: readonly Pass[] = [
  // Before all others, which then drop what computes an operand that no step reads.
  steps,
  // Early, because everything later is smaller for it: derivatives come full of views of views and factors of 1.
  simplify,
  // On simple expressions it has less to compute, and sees masks as comparisons of positions with constants.
  fold,
  // Masks that turned out constant remove their branches.
  simplify,
  // Sees masks and repetitions only where they are simple; what it leaves without a user goes with the next pass.
  separate,
  // Counts users, so dead branches must be gone; moves slices to places where simplify can combine them.
  prune,
  // Also counts users; the transposes that it leaves on operands often meet others and cancel.
  orient,
  simplify,
  // Says what belongs to which segment before anything is put together across nodes.
  hoist,
  // Looks for equal forms, which simplification has made equal; what is stacked and unstacked again then cancels.
  batch,
  simplify,
  // Last, because every rewriting above makes new expressions that may equal others.
  share,
  // Computes some values twice on purpose, which nothing may put together again.
  piecewise,
  // Again, because what was kept may have become part of something else.
  hoist,
];

/** A name for every place in the order of passes: that of the pass, numbered from its second run on. */
export const passNames: readonly string[] = passes.map(({ name }, index) => {
  const runs = passes.slice(0, index + 1).filter((pass) => pass.name === name).length;
  return runs === 1 ? name : `${name}.${runs}`;
});

interface OptimizeOptions {
  /** Check the graph after every pass. */
  readonly verify?: boolean;
  /** Sees the graph after every pass, for dumps. */
  readonly onPass?: (pass: Pass, graph: Graph) => void;
}

/** The graph as it is after a pass; `name` is one of {@link passNames}. */
export function graphAfter(graph: Graph, name: string): Graph {
  let [result, position] = [graph, 0];
  optimize(graph, {
    onPass: (_, current) => {
      if (passNames[position++] === name) result = current;
    },
  });
  return result;
}

/** An equivalent graph that takes less work. */
export function optimize(graph: Graph, { verify = false, onPass }: OptimizeOptions = {}): Graph {
  const g = new GraphBuilder(ops);
  let current = rewriteGraph(graph, g, (node, replacement) => g.moved(node, replacement));
  for (const pass of passes) {
    current = pass.run(current, { g });
    if (verify) verifyGraph(current, ops);
    onPass?.(pass, current);
  }
  return current;
}
