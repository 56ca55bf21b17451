/** The differential test: random graphs with their gradients, on a device by the whole path of the compiler, against the interpreter node by node. */
import fc from "fast-check";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import { lower } from "../../src/driver/compile.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { printGraph } from "../../src/ir/graph-print.ts";
import { ops } from "../../src/ops/index.ts";
import { worstError } from "../support/kernel-run.ts";
import type { RandomGraph } from "../support/random-graph.ts";
import { randomGraphs } from "../support/random-graph.ts";
import { run } from "../support/tensors.ts";
import type { OpenedDevice } from "./configurations.ts";

/** Largest difference, relative to the larger of 1 and the value: some hundred roundings of float32. */
const TOLERANCE = 2e-4;
/** Elements between the starts of results. */
const SPACING = 64;

export interface DifferentialOptions {
  readonly graphs: number;
  readonly seed: number;
  /** Where in the shrinking of an earlier run to begin, as that run has printed it. */
  readonly path?: string;
}

export interface DifferentialResult {
  /** Graphs that agreed, before the first that did not. */
  readonly passed: number;
  readonly failed: number;
  /** The smallest graph that disagrees, and how to see it again. */
  readonly failure: string | null;
}

/** Compares so many random graphs; stops at the first that disagrees, and makes it as small as possible. */
export async function differential(
  device: OpenedDevice,
  { graphs, seed, path }: DifferentialOptions,
): Promise<DifferentialResult> {
  const property = fc.asyncProperty(randomGraphs({ steps: 12, smooth: true, scans: true }), async (graph) => {
    const difference = await compare(device, graph, resultsOf(graph));
    if (difference !== null) throw new Error(difference);
  });
  const outcome = await fc.check(property, {
    numRuns: graphs,
    seed,
    ...(path === undefined ? {} : { path }),
  });
  if (!outcome.failed) return { passed: outcome.numRuns, failed: 0, failure: null };
  const [graph] = outcome.counterexample ?? [];
  const error = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : "";
  const text = graph === undefined ? "" : printGraph(graphFor(resultsOf(graph)));
  const again = `--parts graphs --graphs 1 --seed ${outcome.seed} --path ${outcome.counterexamplePath}`;
  return { passed: outcome.numRuns - 1, failed: 1, failure: `${error}\n\n${text}\nAgain: ${again}` };
}

/** What the last steps have made, a loss of it, and the gradients of the loss with respect to all inputs. */
function resultsOf({ g, results, inputs }: RandomGraph): Node[] {
  const loss = results.map((node) => g.mean(g.sin(node))).reduce((a, b) => g.add(a, b));
  return [...results, loss, ...gradient(g, ops, loss, [...inputs.values()])];
}

function graphFor(results: readonly Node[]) {
  let next = 0;
  const outputs = results.map((node, index) => {
    const target = { arena: "results", offset: next };
    next += Math.ceil(elementCount(node.shape) / SPACING) * SPACING;
    return { name: `result${index}`, node, target };
  });
  return { segments: [{ name: "all", phase: "all", repeat: 0, kind: "forward" as const, outputs }] };
}

/** What differs, in words; null when nothing does. */
async function compare(
  { backend, target }: OpenedDevice,
  graph: RandomGraph,
  results: readonly Node[],
): Promise<string | null> {
  const whole = graphFor(results);
  const { program } = lower(whole, { target, verify: true });
  const executable = await backend.prepare(new Map([["all", program]]));
  try {
    for (const [name, { data }] of graph.values)
      if (program.arenas.has(name)) executable.write(name, Float32Array.from(data));
    executable.run("all");
    const want = run(results, graph.values);
    for (const [index, { node, target: range }] of at(whole.segments, 0).outputs.entries()) {
      const length = elementCount(node.shape);
      const values = await executable.read("results", { offset: range.offset, length });
      const got = Float64Array.from(node.dtype === "f32" ? values : new Int32Array(values.buffer));
      const error = worstError(got, at(want, index).data);
      if (!(error < TOLERANCE))
        return `result${index} differs from the interpreter by ${error.toExponential(2)}`;
    }
    return null;
  } finally {
    executable.dispose();
  }
}
