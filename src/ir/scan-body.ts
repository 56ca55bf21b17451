/**
 * The body of the primitive `scan`: one step of a recurrence as a graph of its own.
 *
 * Operands of the node are initial states (those that are no plain number), sequences and constants, as `operands` says. The result f32[steps + 1, width] has a row
 * for every boundary between steps: row t holds the states before step t, row t + 1 those after it, with the outputs of the step beside them. In reverse, the step of
 * row t reads the states of row t + 1 and writes row t. So the states of all steps are at hand for the derivative.
 *
 * Everything in a row starts at a multiple of {@link ROW_ALIGNMENT} elements, and rows are as long as such a multiple: what a step reads and writes can be bound to a
 * device as it lies. Leaves of the body are inputs of the arenas named here; nothing else is known inside.
 */
import { at } from "../base/invariant.ts";
import type { DType, Graph, Node, NodeOf } from "./graph.ts";
import { elementCount } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { printGraph } from "./graph-print.ts";
import { graphRoots, topologicalOrder } from "./graph-walk.ts";
import { ARENA_ALIGNMENT } from "./program.ts";
import { substituteInputs } from "./substitute.ts";

/** In elements. */
const ROW_ALIGNMENT = ARENA_ALIGNMENT / 4;

/** Elements from the start of a part of a row to the next part. */
export function alignedElements(elements: number): number {
  return Math.ceil(elements / ROW_ALIGNMENT) * ROW_ALIGNMENT;
}

/** Arenas of a body: states before and after the step; offsets are places in a row. */
export const STATE_ARENA = "state";
export const NEXT_ARENA = "next";

/** The arena of an operand; a step sees what it reads of it from offset 0 on. */
export function operandArena(operand: number): string {
  return `operand ${operand}`;
}

export interface ScanState {
  readonly shape: readonly number[];
  /** Where it lies in a row. */
  readonly slot: number;
  /** The number that every element starts with; null: an operand of kind `initial` says. */
  readonly initial: number | null;
}

export type ScanOperand =
  /** What state number `state` starts with. */
  | { readonly kind: "initial"; readonly state: number }
  /** Step t reads a tensor of this shape from element `start + t * stride` on. */
  | {
      readonly kind: "sequence";
      readonly shape: readonly number[];
      readonly dtype: DType;
      readonly start: number;
      readonly stride: number;
    }
  /** Every step reads the same. */
  | { readonly kind: "constant"; readonly shape: readonly number[]; readonly dtype: DType };

/** What a step computes. */
export interface ScanResult {
  readonly node: Node;
  /** Where it lies in a row: for the first `states.length` results, the slots of the states. */
  readonly slot: number;
}

interface ScanParts {
  readonly operands: readonly ScanOperand[];
  readonly states: readonly ScanState[];
  /** The next states, then the outputs. */
  readonly results: readonly ScanResult[];
}

export class ScanBody implements ScanParts {
  readonly operands: readonly ScanOperand[];
  readonly states: readonly ScanState[];
  readonly results: readonly ScanResult[];
  /** Elements of a row of the result. */
  readonly width: number;
  /** Equal exactly for equal bodies. */
  readonly key: string;

  constructor({ operands, states, results }: ScanParts) {
    this.operands = operands;
    this.states = states;
    this.results = results;
    this.width = results.reduce(
      (end, { node, slot }) => Math.max(end, slot + alignedElements(elementCount(node.shape))),
      0,
    );
    this.key = `${JSON.stringify([operands, states])}\n${printGraph(this.graph)}`;
  }

  /** The step as a graph with one segment. */
  get graph(): Graph {
    const outputs = this.results.map(({ node, slot }, index) => ({
      name: index < this.states.length ? `state ${index}` : `output ${index - this.states.length}`,
      node,
      target: { arena: NEXT_ARENA, offset: slot },
    }));
    return { segments: [{ name: "step", phase: "scan", repeat: 0, kind: "forward", outputs }] };
  }

  /** The same roles with other nodes: what a pass made of {@link graph}. */
  withGraph(graph: Graph): ScanBody {
    const nodes = graphRoots(graph);
    const results = this.results.map((result, index) => ({ ...result, node: nodes[index] ?? result.node }));
    return new ScanBody({ ...this, results });
  }

  /** Numbers of the operands that the step or its start reads, ascending. */
  readOperands(): ReadonlySet<number> {
    const read = new Set<number>();
    for (const node of this.nodes()) {
      const leaf = node.op === "input" ? this.leaf(node) : null;
      if (leaf?.kind === "operand") read.add(leaf.index);
    }
    return new Set(
      this.operands.flatMap(({ kind }, index) => (kind === "initial" || read.has(index) ? [index] : [])),
    );
  }

  /** The same step over some of the operands; `g` makes its nodes. */
  withOperands(g: GraphBuilder, kept: ReadonlySet<number>): ScanBody {
    const names = new Map([...kept].map((old, index) => [operandArena(old), operandArena(index)]));
    const roots = this.results.map(({ node }) => node);
    const renamed = substituteInputs(g, roots, ({ attributes }) => {
      const arena = names.get(attributes.arena) ?? attributes.arena;
      return g.input({ ...attributes, arena, name: names.get(attributes.name) ?? attributes.name });
    });
    const results = this.results.map(({ slot }, index) => ({
      slot,
      node: renamed[index] ?? at(roots, index),
    }));
    const operands = this.operands.filter((_, index) => kept.has(index));
    return new ScanBody({ operands, states: this.states, results });
  }

  /** Every node of the step, operands before their users. */
  nodes(): readonly Node[] {
    return topologicalOrder(this.results.map(({ node }) => node));
  }

  /** Which state or operand a leaf stands for. */
  leaf(input: NodeOf<"input">): { readonly kind: "state" | "operand"; readonly index: number } {
    const { arena, offset } = input.attributes;
    if (arena === STATE_ARENA)
      return { kind: "state", index: this.states.findIndex(({ slot }) => slot === offset) };
    return { kind: "operand", index: this.operands.findIndex((_, index) => operandArena(index) === arena) };
  }
}
