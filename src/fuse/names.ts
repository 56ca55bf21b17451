/** Names of generated kernels, for plans and profiles: what a kernel does, as far as a few words can say. */
import type { Node } from "../ir/graph.ts";
import { uniformValue } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import { expressionCost } from "./cost.ts";
import type { Group } from "./group.ts";

const MOST_WORDS = 3;

/** A name such as `softmax_rows`, `matmul_add_relu` or `map_tanh`. */
export function kernelName(group: Group): string {
  const nodes = [...new Set(group.members.flatMap((member) => member.reads.nodes))].sort(
    (a, b) => a.id - b.id,
  );
  const words = new Set(nodes.map(wordFor).filter((word) => word !== null));
  if (group.kind === "contraction") return ["matmul", ...mostTelling(nodes, words)].join("_");
  if (group.domain === null) {
    if (words.size > 0) return ["map", ...mostTelling(nodes, words)].join("_");
    return nodes.some((node) => node.op === "take" || node.op === "gather") ? "gather" : "copy";
  }
  const { axes } = group.domain;
  const where = axes.every((axis) => axis.reduced) ? "all" : axes.at(-1)?.reduced ? "rows" : "columns";
  return `${reductionWord(nodes, words)}_${where}`;
}

function reductionWord(nodes: readonly Node[], words: ReadonlySet<string>): string {
  const has = (word: string) => words.has(word);
  const reducers = ["max", "sum"].filter((op) => nodes.some((node) => node.op === op));
  if (reducers.length === 2 && has("exp")) return has("log") ? "log_softmax" : "softmax";
  const sums = nodes.filter((node) => node.op === "sum").length;
  if (sums >= 2 && (has("sqrt") || has("power"))) return "normalize";
  return [...reducers, ...mostTelling(nodes, words)].join("_");
}

/** The costliest words, in the order of computation. */
function mostTelling(nodes: readonly Node[], words: ReadonlySet<string>): readonly string[] {
  const costs = new Map([...words].map((word) => [word, 0]));
  for (const node of nodes) {
    const word = wordFor(node);
    if (word !== null) costs.set(word, Math.max(costs.get(word) ?? 0, expressionCost(node)));
  }
  const chosen = new Set(
    [...costs]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_WORDS)
      .map(([word]) => word),
  );
  return [...words].filter((word) => chosen.has(word));
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
