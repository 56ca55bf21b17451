/**
 * Constant folding beyond single numbers: what depends on positions only may still be the same everywhere, as the mask of an axis
 * without padding. Smallest and largest values tell, whatever the size of a tensor.
 */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { type Pass, rewriteGraph } from "./pass.ts";

/** The smallest and the largest value that an element may have; true is 1. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Beyond it, 32-bit floats leave out whole numbers. */
const MOST_EXACT = 2 ** 24;

export const fold: Pass = {
  name: "fold",
  doc: "Replaces what depends on no input and has the same value everywhere by that number.",
  run: (graph, { g }) => {
    const known = new Map<Node, Bounds>();
    return rewriteGraph(graph, g, (node, replacement) => {
      const made = g.moved(node, replacement);
      const bounds = known.get(made) ?? boundsOf(made, known);
      if (bounds === null) return made;
      const isUniform = bounds.low === bounds.high && made.op !== "constant" && made.op !== "broadcast";
      const folded = isUniform ? g.full(made.shape, bounds.low, made.dtype) : made;
      known.set(made, bounds);
      known.set(folded, bounds);
      return folded;
    });
  },
};

/** Null for inputs, what depends on them, and what takes more than a look at the operands' bounds. */
function boundsOf(node: Node, known: ReadonlyMap<Node, Bounds>): Bounds | null {
  if (node.op === "constant") return exact(node.attributes.value, node.attributes.value);
  if (node.op === "iota") return exact(0, at(node.shape, node.attributes.axis) - 1);
  if (node.op === "input" || node.op === "random") return null;
  const operands: Bounds[] = [];
  for (const input of node.inputs) {
    const bounds = known.get(input);
    if (bounds === undefined) return null;
    operands.push(bounds);
  }
  const [a, b = a] = operands;
  // A scan whose states all begin as numbers may take nothing from outside.
  if (a === undefined || b === undefined) return null;
  switch (node.op) {
    case "reshape":
    case "transpose":
    case "broadcast":
    case "slice":
      return a;
    case "cast":
      return node.dtype === "bool" || node.inputs[0]?.dtype === "f32" ? null : a;
    case "not":
      return { low: 1 - a.high, high: 1 - a.low };
    case "and":
    case "minimum":
      return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    case "or":
    case "maximum":
      return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    case "less":
      return truth(a.high < b.low, a.low >= b.high);
    case "less_equal":
      return truth(a.high <= b.low, a.low > b.high);
    case "equal":
      return truth(a.low === b.high && a.high === b.low, a.high < b.low || a.low > b.high);
    case "add":
      return node.dtype === "i32" ? exact(a.low + b.low, a.high + b.high) : null;
    case "subtract":
      return node.dtype === "i32" ? exact(a.low - b.high, a.high - b.low) : null;
    case "concat":
      return {
        low: Math.min(...operands.map((bounds) => bounds.low)),
        high: Math.max(...operands.map((bounds) => bounds.high)),
      };
    default:
      return null;
  }
}

/** Bounds that every element type holds without rounding; -0 is left alone, since no comparison tells it from 0. */
function exact(low: number, high: number): Bounds | null {
  const isExact = Math.abs(low) <= MOST_EXACT && Math.abs(high) <= MOST_EXACT && !Object.is(low, -0);
  return isExact ? { low, high } : null;
}

/** A comparison that certainly holds, certainly fails, or depends on the position. */
function truth(holds: boolean, fails: boolean): Bounds {
  return { low: holds ? 1 : 0, high: fails ? 0 : 1 };
}
