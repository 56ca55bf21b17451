/** Names of generated kernels, for plans and profiles: what a kernel does, as far as a few words can say. */
import type { Node } from "../ir/graph.ts";
import { uniformValue } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import { expressionCost } from "./cost.ts";
import type { Group } from "./group.ts";

const MOST_WORDS = 3;

/** A name such as `softmax_rows`, `matmul_add_relu` or `map_tanh`. */
export function kernelName(group: Group, nodes: readonly Node[]): string {
  const words = wordsOf(nodes);
  if (group.kind === "contraction") return ["matmul", ...mostTelling(words)].join("_");
  if (group.domain === null) {
    if (words.size > 0) return ["map", ...mostTelling(words)].join("_");
    return nodes.some((node) => node.op === "take" || node.op === "gather") ? "gather" : "copy";
  }
  const { axes } = group.domain;
  const where = axes.every((axis) => axis.reduced) ? "all" : axes.at(-1)?.reduced ? "rows" : "columns";
  return `${reductionWord(nodes, words)}_${where}`;
}

function reductionWord(nodes: readonly Node[], words: Words): string {
  const has = (word: string) => words.has(word);
  const reducers = ["max", "sum"].filter((op) => nodes.some((node) => node.op === op));
  if (reducers.length === 2 && has("exp")) return has("log") ? "log_softmax" : "softmax";
  const sums = nodes.filter((node) => node.op === "sum").length;
  if (sums >= 2 && (has("sqrt") || has("power"))) return "normalize";
  return [...reducers, ...mostTelling(words)].join("_");
}

/** What the nodes of a kernel are called: the first node of each word, and the cost of the costliest. */
type Words = ReadonlyMap<string, { readonly first: number; readonly cost: number }>;

function wordsOf(nodes: readonly Node[]): Words {
  const words = new Map<string, { first: number; cost: number }>();
  for (const node of nodes) {
    const word = wordFor(node);
    if (word === null) continue;
    const cost = expressionCost(node);
    const known = words.get(word);
    if (known === undefined) words.set(word, { first: node.id, cost });
    else {
      known.first = Math.min(known.first, node.id);
      known.cost = Math.max(known.cost, cost);
    }
  }
  return words;
}

/** The costliest words, in the order of computation. */
function mostTelling(words: Words): readonly string[] {
  return [...words]
    .sort(([, a], [, b]) => b.cost - a.cost || a.first - b.first)
    .slice(0, MOST_WORDS)
    .sort(([, a], [, b]) => a.first - b.first)
    .map(([word]) => word);
}

/** Null for what says nothing about the purpose. */
function wordFor(node: Node): string | null {
  const { scheduling } = ops[node.op];
  if (scheduling !== "elementwise") return node.op === "random" ? "dropout" : null;
  switch (node.op) {
    case "maximum":
      return node.inputs.some((input) => uniformValue(input) === 0) ? "relu" : "maximum";
    case "cast":
    case "stop_gradient":
    case "scale_gradient":
    case "recompute":
    case "where":
    case "less":
    case "less_equal":
    case "equal":
    case "and":
    case "or":
    case "not":
      return null;
    default:
      return node.op;
  }
}
