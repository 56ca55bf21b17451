/**
 * Several tensors of one shape as one tensor with a leading axis, with as little copying as possible: lanes of a stack are a view, expressions of the
 * same form are one expression over stacked operands, and only what has nothing in common is put side by side by a concat.
 */
import { at } from "../../base/invariant.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { type StackedOperands, stackedNode } from "../../ir/stacked-node.ts";
import { ops } from "../../ops/index.ts";
import type { Lane, Lanes } from "./lanes.ts";

/** A concat that a plan needs. */
export interface Copy {
  readonly elements: number;
  /** Another plan has made it, so that it costs nothing any more. */
  isMade: boolean;
}

/** How to stack some nodes. */
export interface Plan {
  readonly copies: ReadonlySet<Copy>;
  /** All nodes are this one, and there is no leading axis. */
  readonly shared: Node | null;
  /** The stack: a leading axis with a place for every node. */
  readonly make: () => Node;
}

export interface StackingContext {
  readonly g: GraphBuilder;
  readonly lanes: Lanes;
  /** Whether a node may be computed anew in the current segment. */
  readonly mayCompute: (node: Node) => boolean;
  /** Whether an input can still be read in the current segment. */
  readonly mayRead: (node: Node) => boolean;
  /** The node that stands for one that was made earlier. */
  readonly current: (node: Node) => Node;
  /** Tells that `node` is from now on found at `lane` of a stack. */
  readonly replaced: (node: Node, lane: Node) => void;
}

const NO_COPIES: ReadonlySet<Copy> = new Set();

/** How deep expressions are stacked. */
const MOST_LEVELS = 60;

export class Stacking {
  readonly #context: StackingContext;
  /** Plans by the numbers of what they stack: those that are carried out, and those of the current segment. */
  readonly #made = new Map<string, Plan>();
  readonly #open = new Map<string, Plan>();

  constructor(context: StackingContext) {
    this.#context = context;
  }

  /** Forgets plans that nothing was made of: what may be computed has changed. */
  reset(): void {
    this.#open.clear();
  }

  plan(nodes: readonly Node[], level = 0): Plan {
    const first = at(nodes, 0);
    if (nodes.every((node) => node === first)) {
      const make = () => this.#context.g.broadcastTo(first, [nodes.length, ...first.shape]);
      return { copies: NO_COPIES, shared: first, make };
    }
    const key = nodes.map((node) => node.id).join(" ");
    const known = this.#made.get(key) ?? this.#open.get(key);
    if (known !== undefined) return known;
    const plan = once(this.#newPlan(nodes, level), () => {
      this.#made.set(key, plan);
      // Making it may have moved the nodes into stacks; it is to be found by their new names too.
      this.#made.set(nodes.map((node) => this.#context.current(node).id).join(" "), plan);
    });
    this.#open.set(key, plan);
    return plan;
  }

  #newPlan(nodes: readonly Node[], level: number): Plan {
    const view = this.#asView(nodes);
    if (view !== null) return { copies: NO_COPIES, shared: null, make: () => view };
    const repeated = this.#asRepeats(nodes, level);
    if (repeated !== null) return repeated;
    const together = level < MOST_LEVELS ? this.#asExpression(nodes, level) : null;
    if (together?.copies.size === 0 && new Set(nodes).size === nodes.length) return together;
    const apart = this.#asParts(nodes, level);
    if (together === null) return apart;
    // What is computed apart takes a kernel each. But what several places have in common is computed once, unless that means to copy much more (a
    // mask that is spread over features).
    const isRepeated = new Set(nodes).size < nodes.length;
    return copiedElements([together]) <= copiedElements([apart]) * (isRepeated ? 1 / 8 : 4)
      ? together
      : apart;
  }

  /** Lanes at equal distances in one stack. */
  #asView(nodes: readonly Node[]): Node | null {
    const { lanes, mayRead } = this.#context;
    const first = lanes.of(at(nodes, 0));
    const second = lanes.of(at(nodes, 1));
    if (first === null || second === null) return null;
    const step = second.lane - first.lane;
    const regular = nodes.every((node, index) => {
      const own = lanes.of(node);
      return (
        own !== null &&
        sameStack(own.stack, first.stack) &&
        own.lane === first.lane + index * step &&
        mayRead(node)
      );
    });
    return regular ? lanes.view(first.stack, first.lane, step, nodes.length) : null;
  }

  /** Every node the same number of times in a row. */
  #asRepeats(nodes: readonly Node[], level: number): Plan | null {
    const distinct = nodes.filter((node, index) => node !== nodes[index - 1]);
    const times = nodes.length / distinct.length;
    if (times === 1 || !Number.isInteger(times)) return null;
    if (!nodes.every((node, index) => node === distinct[Math.floor(index / times)])) return null;
    const plan = this.plan(distinct, level);
    const { g } = this.#context;
    const make = () => {
      const stack = plan.make();
      const [count, ...shape] = stack.shape;
      const spread = g.broadcastTo(g.reshape(stack, [count ?? 1, 1, ...shape]), [
        count ?? 1,
        times,
        ...shape,
      ]);
      return g.reshape(spread, [nodes.length, ...shape]);
    };
    return { ...plan, make };
  }

  /** One operation on stacked operands. */
  #asExpression(nodes: readonly Node[], level: number): Plan | null {
    const { g, mayCompute, replaced, lanes } = this.#context;
    const first = at(nodes, 0);
    if (!nodes.every((node) => mayCompute(node) && sameOperation(node, first))) return null;
    const operands = first.inputs.map((_, position) =>
      this.plan(
        nodes.map((node) => at<Node>(node.inputs, position)),
        level + 1,
      ),
    );
    if (!canStack(first, operands)) return null;
    const make = () => {
      const stack = g.withOrigin(first.origin, () =>
        stackedNode(g, first, stackedOperands(operands), nodes.length),
      );
      nodes.forEach((node, lane) => {
        replaced(node, lanes.unstack(stack, lane));
      });
      return stack;
    };
    return { copies: union(operands), shared: null, make };
  }

  /** The different nodes: lanes of one stack, what one operation computes, and the rest. */
  #parts(nodes: readonly Node[]): readonly (readonly Node[])[] {
    const { lanes } = this.#context;
    const parts = new Map<string, Node[]>();
    for (const node of nodes) {
      const lane = lanes.of(node);
      const key =
        lane === null
          ? operationOf(node)
          : lane.stack.kind === "node"
            ? `stack ${lane.stack.node.id}`
            : `run ${lane.stack.first.id}`;
      const alike = parts.get(key) ?? [];
      parts.set(key, alike);
      if (!alike.includes(node)) alike.push(node);
    }
    return [...parts.values()];
  }

  /** Stacks of those that have one form, put side by side. */
  #asParts(nodes: readonly Node[], level: number): Plan {
    const { g, lanes, replaced } = this.#context;
    const shape = at(nodes, 0).shape;
    const copy: Copy = { elements: nodes.length * elementCount(shape), isMade: false };
    const parts = this.#parts(nodes);
    const regular = interleaved(nodes, parts) && parts.length > 1;
    const plans = parts.map((part) =>
      part.length < nodes.length && part.length > 1 ? this.plan(part, level) : null,
    );
    const known = plans.flatMap((plan) => plan ?? []);
    const make = () => {
      copy.isMade = true;
      const stacks = plans.map((plan) => plan?.make() ?? null);
      if (regular) {
        const side = stacks.map((stack, index) => {
          const own = stack ?? g.reshape(at(at(parts, index), 0), [1, ...shape]);
          return g.reshape(own, [nodes.length / parts.length, 1, ...shape]);
        });
        const whole = g.reshape(g.concat(side, 1), [nodes.length, ...shape]);
        // The parts were made for it, so that others had better read it too.
        if (plans.every((plan) => plan !== null))
          for (const [lane, node] of nodes.entries()) replaced(node, lanes.unstack(whole, lane));
        return whole;
      }
      const place = (node: Node) => {
        const part = parts.findIndex((each) => each.includes(node));
        const stack = stacks[part] ?? null;
        return stack === null
          ? g.reshape(node, [1, ...shape])
          : g.sliceAxis(stack, 0, at(parts, part).indexOf(node), 1);
      };
      return g.concat(
        runs(nodes).map(({ node, count }) => g.broadcastTo(place(node), [count, ...shape])),
        0,
      );
    };
    return { copies: new Set([copy, ...union(known)]), shared: null, make };
  }
}

const operations = new WeakMap<Node, string>();

/** Names the operation of a node, with attributes and shapes of operands. */
function operationOf(node: Node): string {
  const known = operations.get(node);
  if (known !== undefined) return known;
  let name = `${node.op}${node.attributesName}${node.dtype}`;
  for (const input of node.inputs) name += ` ${input.dtype}${input.shape.join("x")}`;
  operations.set(node, name);
  return name;
}

/** Elements that plans copy, each concat counted once. */
export function copiedElements(plans: readonly Plan[]): number {
  let sum = 0;
  for (const copy of union(plans)) if (!copy.isMade) sum += copy.elements;
  return sum;
}

/** Runs `make` at the first call only, and `afterwards` then. */
function once(plan: Plan, afterwards: () => void): Plan {
  let made: Node | null = null;
  const make = () => {
    if (made === null) {
      made = plan.make();
      afterwards();
    }
    return made;
  };
  return { copies: plan.copies, shared: plan.shared, make };
}

/** Operands as plans make them. A shared matrix is spread over the stack, so that views of its lanes stay views. */
export function stackedOperands(plans: readonly Plan[]): StackedOperands {
  return {
    stacked: (index) => at(plans, index).make(),
    shared: (index) => (index === 0 ? at(plans, index).shared : null),
  };
}

/** The concats of all plans. */
export function union(plans: readonly Plan[]): ReadonlySet<Copy> {
  if (plans.length === 1) return at(plans, 0).copies;
  const all = new Set<Copy>();
  for (const plan of plans) for (const copy of plan.copies) all.add(copy);
  return all;
}

function sameStack(a: Lane["stack"], b: Lane["stack"]): boolean {
  return a === b || (a.kind === "node" && b.kind === "node" && a.node === b.node);
}

function sameOperation(a: Node, b: Node): boolean {
  return a.op === b.op && operationOf(a) === operationOf(b);
}

function canStack(node: Node, operands: readonly Plan[]): node is Node {
  const { scheduling } = ops[node.op];
  if (scheduling === "elementwise" || scheduling === "view")
    return operands.some((operand) => operand.shared === null);
  return node.op === "take" && operands[0]?.shared !== null;
}

/** Whether the nodes are the first of each part, then the second of each, and so on; all parts are then equally long. */
function interleaved(nodes: readonly Node[], parts: readonly (readonly Node[])[]): boolean {
  if (nodes.length % parts.length !== 0) return false;
  return nodes.every(
    (node, index) => parts[index % parts.length]?.[Math.floor(index / parts.length)] === node,
  );
}

function runs(nodes: readonly Node[]): readonly { readonly node: Node; readonly count: number }[] {
  const found: { node: Node; count: number }[] = [];
  for (const node of nodes) {
    const last = found.at(-1);
    if (last?.node === node) last.count++;
    else found.push({ node, count: 1 });
  }
  return found;
}

/** An input of an arena. */
export function isInput(node: Node): node is NodeOf<"input"> {
  return node.op === "input";
}
