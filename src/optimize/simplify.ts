/** Algebraic simplification: local rules, applied from the leaves upwards until none fits. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { graphOrder, keepsOperands } from "../ir/graph-walk.ts";
import type { OpName } from "../ir/op-table.ts";
import { type Pass, rewriteGraph } from "./pass.ts";
import { algebraRules } from "./rules/algebra.ts";
import { reductionRules } from "./rules/reductions.ts";
import type { Rule, RuleTable } from "./rules/rule.ts";
import { viewRules } from "./rules/views.ts";

const TABLES: readonly RuleTable[] = [algebraRules, viewRules, reductionRules];
const rules = new Map<OpName, readonly Rule[]>();

/** The rules for a primitive, in order. */
function rulesFor(op: OpName): readonly Rule[] {
  const known = rules.get(op);
  if (known !== undefined) return known;
  const found = TABLES.flatMap((table) => table[op] ?? []);
  rules.set(op, found);
  return found;
}

/** Far more than any node needs: rules that undo each other are a mistake to be reported, not a loop to hang in. */
const MOST_STEPS = 1000;
/** Rules also make new nodes below the one they replace; rounds go on until those are simple too. */
const MOST_ROUNDS = 20;

export const simplify: Pass = {
  name: "simplify",
  doc: "Applies the rules of arithmetic, views and reductions until none fits.",
  run: (graph, { g }) => {
    const simple = simpleNodes.get(g) ?? new Set();
    simpleNodes.set(g, simple);
    let current = graph;
    for (let round = 0; round < MOST_ROUNDS && !isSimple(current, simple); round++)
      current = simplifyOnce(current, g, simple);
    return current;
  },
};

/** Nodes that no rule changes, by their builder. Rules look at a node and what is below it, which never changes. */
const simpleNodes = new WeakMap<GraphBuilder, Set<Node>>();

function isSimple(graph: Graph, simple: ReadonlySet<Node>): boolean {
  return graphOrder(graph).every((node) => simple.has(node));
}

function simplifyOnce(graph: Graph, g: GraphBuilder, simple: Set<Node>): Graph {
  return rewriteGraph(graph, g, (node, replacement) => {
    if (simple.has(node) && keepsOperands(node, replacement)) return node;
    let current = rebuild(g, node, node.inputs.map(replacement));
    for (let step = 0; !simple.has(current); step++) {
      if (step === MOST_STEPS) throw new CompilerBug(`the rules for ${node.op} do not come to an end`);
      const next = applyFirst(g, current);
      if (next === null) simple.add(current);
      else current = next;
    }
    return current;
  });
}

function applyFirst(g: GraphBuilder, node: Node): Node | null {
  for (const rule of rulesFor(node.op)) {
    const next = rule(g, node);
    if (next !== null && next !== node) return next;
  }
  return null;
}

/** The operation on new operands, made by the builder's methods so that their local simplifications apply. */
function rebuild(g: GraphBuilder, node: Node, inputs: readonly Node[]): Node {
  const first = inputs[0];
  if (first === undefined) return g.remade(node, inputs);
  switch (node.op) {
    case "negate":
    case "absolute":
    case "sign":
    case "exp":
    case "log":
    case "log1p":
    case "sqrt":
    case "tanh":
    case "sigmoid":
    case "softplus":
    case "erf":
    case "sin":
    case "cos":
    case "floor":
    case "round":
    case "not":
      return g.unary(node.op, first);
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
    case "maximum":
    case "minimum":
    case "equal":
    case "less":
    case "less_equal":
    case "and":
    case "or":
    case "integer_divide":
    case "remainder":
      return g.binary(node.op, first, at(inputs, 1));
    case "power":
      return g.power(first, node.attributes.exponent);
    case "cast":
      return g.cast(first, node.attributes.dtype);
    case "where":
      return g.where(first, at(inputs, 1), at(inputs, 2));
    case "reshape":
      return g.reshape(first, node.attributes.shape);
    case "transpose":
      return g.transpose(first, node.attributes.permutation);
    case "broadcast":
      return g.broadcastTo(first, node.attributes.shape);
    case "slice":
      return g.slice(first, node.attributes.start, node.attributes.size);
    case "pad":
      return g.pad(first, node.attributes.before, node.attributes.after);
    case "concat":
      return g.concat(inputs, node.attributes.axis);
    default:
      return g.remade(node, inputs);
  }
}
