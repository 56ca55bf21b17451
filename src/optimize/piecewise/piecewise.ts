/**
 * Large products that nobody needs as a whole. The logits of a vocabulary are as many as tokens times words, but what a cross-entropy makes of a row of
 * them is two numbers, and their derivative ends in gradients that are sums over rows. They are computed for a few rows at a time, and once
 * more on the way back.
 *
 * That is a third more work, and the weights are read once for each piece, so it is done only beyond 64 MiB: the logits of 7200 tokens over 1500 words take 43 MB
 * and are stored, those over 30522 words would take 879 MB.
 */
import { at, invariant } from "../../base/invariant.ts";
import type { Graph, Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { graphRoots, replaceRoots, topologicalOrder } from "../../ir/graph-walk.ts";
import type { Pass } from "../pass.ts";
import { Pieces } from "./pieces.ts";
import type { Limits, Region } from "./region.ts";
import { findRegion } from "./region.ts";

/** The pass for products of other sizes, for tests. */
export function piecewiseBeyond(limits: Limits): Pass {
  return {
    name: "piecewise",
    doc: "Computes large products, of which only sums and maxima are needed, a few rows at a time and again for the derivative, so that they are never stored.",
    run: (graph, { g }) => {
      let current = graph;
      for (let region = findRegion(current, limits); region !== null; region = findRegion(current, limits))
        current = inPieces(current, g, region);
      return current;
    },
  };
}

export const piecewise: Pass = piecewiseBeyond({ stored: 64 * 2 ** 20, piece: 32 * 2 ** 20 });

/** The graph with the results of a region made from pieces. */
function inPieces(graph: Graph, g: GraphBuilder, region: Region): Graph {
  // What later segments need is found anew afterwards.
  const bare = { segments: graph.segments.map(({ keeps: _, ...segment }) => segment) };
  const stages = resultsByStage(region);
  const replaced = new Map<Node, Node>();
  const pieces = new Pieces(g, region, (old) => {
    const node = replaced.get(old);
    invariant(node !== undefined, `node ${old.id} (${old.op}) was not visited`);
    return node;
  });
  // All results of a stage are made together, so what any of them reads must be there before the first of them.
  const first = stages.flatMap((nodes, stage) => [...wholesRead(g, region, nodes, stage), ...nodes]);
  for (const node of topologicalOrder([...first, ...graphRoots(bare)])) {
    if (replaced.has(node)) continue;
    const stage = stages.findIndex((nodes) => nodes.includes(node));
    if (stage < 0) {
      const inputs = node.inputs.map((input) => replaced.get(input) ?? input);
      replaced.set(
        node,
        g.withOrigin(node.origin, () => g.remade(node, inputs)),
      );
      continue;
    }
    const nodes = at(stages, stage);
    for (const [index, made] of pieces.results(nodes, stage).entries()) replaced.set(at(nodes, index), made);
  }
  return replaceRoots(bare, (node) => replaced.get(node) ?? node);
}

/** Results by the stage in which their rows are computed. */
function resultsByStage({ results, dependences }: Region): readonly (readonly Node[])[] {
  const stages: Node[][] = [];
  for (const node of results) {
    const stage = Math.max(...node.inputs.map((input) => dependences.get(input)?.stage ?? 0));
    while (stages.length <= stage) stages.push([]);
    at(stages, stage).push(node);
  }
  return stages;
}

/** The nodes of which the rows of a stage read parts or all: found by making one row of everything. */
function wholesRead(g: GraphBuilder, region: Region, nodes: readonly Node[], stage: number): readonly Node[] {
  const read = new Set<Node>();
  const probe = new Pieces(g, region, (old) => {
    read.add(old);
    return old;
  });
  probe.pieces(nodes, { from: 0, count: 1, stage });
  return [...read];
}
