/** The steps of scans are graphs of their own, which no other pass looks into. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import type { ScanBody } from "../ir/scan-body.ts";
import { ops } from "../ops/index.ts";
import { fold } from "./fold.ts";
import { orient } from "./orient.ts";
import { type Pass, rewriteGraph } from "./pass.ts";
import { prune } from "./prune.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";

/** As in the pipeline, without what concerns several segments. */
const STEP_PASSES: readonly Pass[] = [simplify, fold, simplify, prune, orient, simplify, share];

interface Optimized {
  readonly operands: ReadonlySet<number>;
  readonly body: ScanBody;
}

export const steps: Pass = {
  name: "steps",
  doc: "Optimises the step of every scan, and drops what the step no longer reads.",
  run: (graph, { g }) => {
    // The same step occurs in every repeat of a phase.
    const known = new Map<string, Optimized>();
    return rewriteGraph(graph, g, (node, replacement) => {
      const made = g.moved(node, replacement);
      if (made.op !== "scan") return made;
      const { key } = made.attributes.body;
      const { operands, body } = known.get(key) ?? optimized(made.attributes.body);
      known.set(key, { operands, body });
      const inputs = [...operands].map((operand) => at<Node>(made.inputs, operand));
      return g.node("scan", inputs, { ...made.attributes, body });
    });
  },
};

/** Over those operands that it reads: their numbers, and the body. */
function optimized(body: ScanBody): Optimized {
  const g = new GraphBuilder(ops);
  let { graph } = body;
  graph = rewriteGraph(graph, g, (node, replacement) => g.moved(node, replacement));
  for (const pass of STEP_PASSES) graph = pass.run(graph, { g });
  const better = body.withGraph(graph);
  const operands = better.readOperands();
  return {
    operands,
    body: operands.size === body.operands.length ? better : better.withOperands(g, operands),
  };
}
