/**
 * Horizontal batching: the six estimators of a model, the two heads of each, the projections of an attention compute the same thing on different
 * operands. Contractions and reductions of one form that do not need each other become one over stacked operands; what they are computed from is
 * stacked on the way, as far as it has one form too. Weights that lie side by side in their arena are a stack for nothing.
 */
import { at } from "../../base/invariant.ts";
import type { Graph, Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { type Replacement, replaceRoots } from "../../ir/graph-walk.ts";
import { stackedNode } from "../../ir/stacked-node.ts";
import { ops } from "../../ops/index.ts";
import { Homes } from "../homes.ts";
import type { Pass } from "../pass.ts";
import { laneOrder } from "./lane-order.ts";
import { Lanes } from "./lanes.ts";
import { joinOutputs } from "./outputs.ts";
import { Schedule } from "./schedule.ts";
import { Signatures } from "./signature.ts";
import type { Plan } from "./stacking.ts";
import { isInput, Stacking, stackedOperands, union } from "./stacking.ts";

/** Elements that may be copied for each kernel that is saved. */
const COPIES_PER_KERNEL = { contraction: 1 << 17, reduction: 1 << 11 };
const SMALL_COPIES = 1 << 12;

export const batch: Pass = {
  name: "batch",
  doc: "Computes independent contractions and reductions of one form together, on stacked operands.",
  run: (graph, { g }) => new Batching(graph, g).run(),
};

class Batching {
  readonly #graph: Graph;
  readonly #g: GraphBuilder;
  readonly #homes: Homes;
  readonly #lanes: Lanes;
  readonly #stacking: Stacking;
  readonly #schedule: Schedule;
  /** New nodes by old ones. */
  readonly #made = new Map<Node, Node>();
  /** First segment of new nodes. */
  readonly #newHomes = new Map<Node, number>();
  /** New nodes that are found in a stack since. */
  readonly #moved = new Map<Node, Node>();
  readonly #forms: Signatures;
  readonly #origins: Signatures;
  /** The new node for an old one that is made. */
  readonly #replacement: Replacement = (old) => this.#current(this.#made.get(old) ?? old);
  #segment = 0;

  constructor(graph: Graph, g: GraphBuilder) {
    this.#graph = graph;
    this.#g = g;
    this.#homes = new Homes(graph);
    this.#lanes = new Lanes(g, graph);
    this.#forms = new Signatures((node) => leafForm(node));
    this.#origins = new Signatures((node) => this.#originOf(node));
    this.#schedule = new Schedule(this.#homes, isHeavy, kindOf);
    this.#stacking = new Stacking({
      g,
      lanes: this.#lanes,
      mayCompute: (node) => isView(node) || this.#homeOf(node) >= this.#segment,
      mayRead: (node) => !isInput(node) || this.#homes.holdsUntil(node, this.#homeOf(node), this.#segment),
      current: (node) => this.#current(node),
      replaced: (node, lane) => this.#moved.set(node, lane),
    });
  }

  run(): Graph {
    for (const index of this.#graph.segments.keys()) {
      this.#begin(index);
      for (let nodes = this.#schedule.next(index); nodes !== null; nodes = this.#schedule.next(index)) {
        this.#compute(nodes);
        for (const node of nodes) this.#schedule.done(node);
      }
    }
    const { segments } = replaceRoots(this.#graph, (node) => this.#new(node));
    return {
      segments: segments.map((segment, index) => {
        this.#begin(index);
        return { ...segment, outputs: joinOutputs(segment.outputs, (nodes) => this.#stacking.plan(nodes)) };
      }),
    };
  }

  #begin(segment: number): void {
    this.#segment = segment;
    this.#stacking.reset();
  }

  /** Computes heavy nodes of one kind, in as few groups as pay. */
  #compute(nodes: readonly Node[]): void {
    if (!this.#together(nodes)) {
      for (const alike of this.#partition(nodes, this.#forms)) {
        if (this.#together(alike)) continue;
        for (const same of this.#partition(alike, this.#origins)) this.#together(same);
      }
    }
    for (const node of nodes) if (!this.#made.has(node)) this.#new(node);
  }

  /** Computes nodes as one, if that pays. */
  #together(nodes: readonly Node[]): boolean {
    if (nodes.length < 2) return false;
    const operands = new Map(
      nodes.map((node) => [node, node.inputs.map((input) => this.#new(input))] as const),
    );
    const sorted = laneOrder(nodes, (node) => operands.get(node) ?? [], this.#lanes);
    const first = at(sorted, 0);
    const plans = first.inputs.map((_, position) =>
      this.#stacking.plan(sorted.map((node) => at(operands.get(node) ?? [], position))),
    );
    if (!pays(first, plans, nodes.length)) return false;
    const g = this.#g;
    const stack = g.withOrigin(first.origin, () =>
      stackedNode(g, first, stackedOperands(plans), nodes.length),
    );
    for (const [lane, node] of sorted.entries()) this.#made.set(node, this.#lanes.unstack(stack, lane));
    this.#follow(sorted);
    return true;
  }

  /** Keeps nodes together in what is computed from them alone (an offset that is added), so that it stays with the contraction. */
  #follow(nodes: readonly Node[]): void {
    let current = nodes;
    for (;;) {
      const users = current.flatMap((node) => {
        const own = this.#homes.users(node);
        return own.length === 1 ? own : [];
      });
      const [first] = users;
      if (first === undefined || new Set(users).size < nodes.length) return;
      const ready = users.every(
        (user) =>
          user.op === first.op && !isHeavy(user) && user.inputs.every((input) => this.#isReady(input)),
      );
      if (!ready) return;
      const plan = this.#stacking.plan(users.map((user) => this.#new(user)));
      if (plan.copies.size > 0 || plan.shared !== null) return;
      plan.make();
      current = users;
    }
  }

  /** Whether everything heavy below a node has been made. */
  #isReady(node: Node): boolean {
    return this.#made.has(node) || this.#schedule.isAvailable(node);
  }

  #partition(nodes: readonly Node[], signatures: Signatures): readonly (readonly Node[])[] {
    const parts = new Map<string, Node[]>();
    for (const node of nodes) {
      const key = node.inputs.map((input) => signatures.of(this.#new(input))).join(" ");
      parts.set(key, [...(parts.get(key) ?? []), node]);
    }
    return [...parts.values()];
  }

  /** The new node for an old one; everything heavy below it is made already. */
  #new(root: Node): Node {
    const known = this.#made.get(root);
    if (known !== undefined) return this.#current(known);
    const stack = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const waiting = stack.length;
      if (!this.#made.has(node))
        for (const input of node.inputs) if (!this.#made.has(input)) stack.push(input);
      if (stack.length > waiting) continue;
      stack.pop();
      if (!this.#made.has(node)) this.#make(node);
    }
    return this.#current(this.#made.get(root) ?? root);
  }

  #make(node: Node): void {
    const made = this.#g.withOrigin(node.origin, () => this.#g.moved(node, this.#replacement));
    this.#made.set(node, made);
    const home = this.#homes.of(node);
    this.#newHomes.set(made, Math.min(this.#newHomes.get(made) ?? home, home));
  }

  #current(node: Node): Node {
    return this.#moved.get(node) ?? node;
  }

  #homeOf(node: Node): number {
    return this.#newHomes.get(node) ?? this.#segment;
  }

  /** As in {@link leafForm}, but with the identity of what is stored: nodes of one signature are lanes of the same stacks. */
  #originOf(node: Node): string | null {
    const lane = this.#lanes.of(node);
    if (lane !== null && lane.stack.kind === "node") return `stack ${lane.stack.node.id}`;
    return isHeavy(node) ? `node ${node.id}` : leafForm(node);
  }
}

function isHeavy(node: Node): boolean {
  const { scheduling } = ops[node.op];
  return scheduling === "contraction" || scheduling === "reduction" || scheduling === "library";
}

function isView(node: Node): boolean {
  return ops[node.op].scheduling === "view" || node.op === "constant" || node.op === "iota";
}

function leafForm(node: Node): string | null {
  if (node.op === "input") {
    const { arena, version } = node.attributes;
    return `${arena} ${version} ${node.dtype} ${node.shape.join("x")}`;
  }
  return isHeavy(node) ? `${node.op}${node.attributesName} ${node.shape.join("x")}` : null;
}

/** What nodes must have in common to be computed together: the operation, and how the views above their operands turn them. */
function kindOf(node: Node): string {
  const operands = node.inputs.map((input) => {
    let current = input;
    let views = "";
    while (current.op === "transpose" || current.op === "reshape") {
      if (current.op === "transpose") views += `t${current.attributes.permutation.join("")}`;
      current = at<Node>(current.inputs, 0);
    }
    return `${input.dtype}${input.shape.join("x")}${views}${current.op === "input" ? "i" : ""}`;
  });
  return `${node.op}${node.attributesName} ${operands.join(" ")}`;
}

/** Whether one kernel on these stacks is better than one for each node. */
function pays(first: Node, plans: readonly Plan[], count: number): boolean {
  const { scheduling } = ops[first.op];
  if (scheduling === "library" || plans.every((plan) => plan.shared !== null)) return false;
  const limit = scheduling === "contraction" ? COPIES_PER_KERNEL.contraction : COPIES_PER_KERNEL.reduction;
  let [saved, elements] = [count - 1, 0];
  for (const copy of union(plans)) {
    if (copy.isMade) continue;
    elements += copy.elements;
    // Small copies are made once and serve many kernels, so that they are counted less.
    saved -= copy.elements <= SMALL_COPIES ? 1 / 2 : 1;
  }
  return saved > 0 && elements <= limit * saved;
}
