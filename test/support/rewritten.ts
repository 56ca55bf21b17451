/** What a pass makes of a small graph, as text. */
import { expect } from "vitest";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printNodes } from "../../src/ir/graph-print.ts";
import { graphRoots } from "../../src/ir/graph-walk.ts";
import { ops } from "../../src/ops/index.ts";
import type { Pass } from "../../src/optimize/pass.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { graphOf } from "./graphs.ts";
import { inputNode } from "./tensors.ts";

/** The printed result of `pass` on what `make` builds from an f32[2, 4] input x and an f32[2, 4] input y. */
export function rewritten(
  pass: Pass,
  make: (g: GraphBuilder, x: Node, y: Node) => Node | readonly Node[],
): string {
  const g = new GraphBuilder(ops);
  const made = make(g, inputNode(g, "x", [2, 4]), inputNode(g, "y", [2, 4]));
  const nodes = "op" in made ? [made] : made;
  return `\n${printNodes(graphRoots(pass.run(graphOf(...nodes), { g })))}\n`;
}

/** That two ways of writing a computation come out as the same nodes. */
export function expectSame(
  pass: Pass,
  written: (g: GraphBuilder, x: Node, y: Node) => Node,
  wanted: (g: GraphBuilder, x: Node, y: Node) => Node,
): void {
  expect(rewritten(pass, written)).toBe(rewritten(simplify, wanted));
}
