/**
 * From tensor graph to kernels: decides which values exist (units.ts), which of them share a kernel (group.ts), writes the kernels (lower.ts) and
 * puts them in order. Memory is planned later, in `src/plan/`.
 */
import { at } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpName } from "../ir/op-table.ts";
import { ops } from "../ops/index.ts";
import type { Group } from "./group.ts";
import { groupUnits, predecessors } from "./group.ts";
import { lowerGroup, lowerLibrary } from "./lower.ts";
import { lowerScan } from "./lower-scan.ts";
import { kernelName } from "./names.ts";
import { prepareGraph } from "./prepare.ts";
import type { Call, Scheduled, WorkValue } from "./scheduled.ts";
import { SegmentMap } from "./segments.ts";
import type { Concessions } from "./storage.ts";
import { placeName, Storage } from "./storage.ts";
import type { FusionTarget } from "./target.ts";
import { fusionTarget } from "./target.ts";
import type { Unit } from "./units.ts";
import { chooseUnits } from "./units.ts";

/** The kernels of every segment of a graph, in order. */
export function fuse(graph: Graph, target: Partial<FusionTarget>): Scheduled {
  const full = fusionTarget(target);
  const prepared = prepareGraph(graph, full);
  const segments = new SegmentMap(prepared);
  const chosen = chooseUnits(segments, full);
  const concessions: Concessions = { moved: new Set(), saved: new Set() };
  for (;;) {
    const storage = new Storage(segments, chosen, concessions);
    const scheduled = schedule(prepared, storage, concessions, full);
    if (scheduled !== null) return scheduled;
  }
}

/** Null when the order of reads and writes of arenas asked for another concession. */
function schedule(
  graph: Graph,
  storage: Storage,
  concessions: Concessions,
  target: FusionTarget,
): Scheduled | null {
  const segments: Scheduled["segments"][number][] = [];
  for (const [index, { name, phase, repeat, kind }] of graph.segments.entries()) {
    const candidates = storage.candidates(index, concessions);
    if (candidates === null) return null;
    const groups = groupUnits(candidates, target, (source) => placeName(storage.placeOf(source, index)));
    segments.push({
      name,
      phase,
      repeat,
      kind,
      calls: orderGroups(groups).map((group) => callOf(group, storage, target)),
    });
  }
  const values = new Map(storage.units.map((unit) => [unit.id, workValue(unit)]));
  return { segments, values };
}

function workValue({ id, node }: Unit): WorkValue {
  return {
    id,
    dtype: node.dtype,
    elements: elementCount(node.shape),
    op: node.op,
    shape: node.shape,
    origin: node.origin,
  };
}

function callOf(group: Group, storage: Storage, target: FusionTarget): Call {
  const nodes = nodesOf(group);
  const { kernel, locations } = lower(group, nodes, storage, target);
  return {
    kernel,
    operands: locations,
    flops: nodes.reduce((sum, node) => sum + flopsOf(node), 0),
    origins: originsOf(group, nodes),
  };
}

/** What the kernel of a group computes. */
function nodesOf({ members }: Group): readonly Node[] {
  const [first] = members;
  if (first !== undefined && members.length === 1) return first.reads.nodes;
  return [...new Set(members.flatMap((member) => member.reads.nodes))];
}

function lower(group: Group, nodes: readonly Node[], storage: Storage, target: FusionTarget) {
  const { unit } = at(group.members, 0);
  if (unit.node.op === "scan" && !unit.isCopy)
    return lowerScan(unit, unit.node, storage, (graph) => fuse(graph, target));
  if (group.kind === "library") return lowerLibrary(group, storage);
  return lowerGroup(group, kernelName(group, nodes), storage);
}

function flopsOf<Op extends OpName>(node: NodeOf<Op>): number {
  return ops[node.op].flops(node);
}

const MOST_ORIGINS = 8;

/** Places of the heaviest values first, then those of what is computed along the way. */
function originsOf(group: Group, nodes: readonly Node[]): readonly Span[] {
  const weight = { contraction: 0, library: 0, reduction: 1, map: 2 };
  const units = group.members.map((member) => member.unit).sort((a, b) => weight[a.kind] - weight[b.kind]);
  const spans: Span[] = [];
  for (const { origin } of [...units.map((unit) => unit.node), ...nodes]) {
    if (spans.length === MOST_ORIGINS) break;
    if (origin !== null && !spans.some((span) => sameSpan(span, origin))) spans.push(origin);
  }
  return spans;
}

function sameSpan(a: Span, b: Span): boolean {
  return a === b || (a.start === b.start && a.end === b.end && a.source.path === b.source.path);
}

/** Groups after all that they need; otherwise in the order of the graph, each as late as its last member asks. */
function orderGroups(groups: readonly Group[]): readonly Group[] {
  const groupOf = new Map(
    groups.flatMap((group) => group.members.map((member) => [member.unit, group] as const)),
  );
  const lastMember = (group: Group) => at(group.members, -1).unit.id;
  const roots = [...groups].sort((a, b) => lastMember(a) - lastMember(b));
  const done = new Set<Group>();
  const order: Group[] = [];
  for (const root of roots) {
    const stack = [{ group: root, needed: neededBy(root, groupOf), next: 0 }];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const needed = frame.needed[frame.next++];
      if (needed !== undefined) {
        if (!done.has(needed)) stack.push({ group: needed, needed: neededBy(needed, groupOf), next: 0 });
        continue;
      }
      if (!done.has(frame.group)) order.push(frame.group);
      done.add(frame.group);
      stack.pop();
    }
  }
  return order;
}

function neededBy(group: Group, groupOf: ReadonlyMap<Unit, Group>): readonly Group[] {
  const needed = group.members.flatMap((member) =>
    predecessors(member).flatMap((unit) => groupOf.get(unit) ?? []),
  );
  return [...new Set(needed)].filter((other) => other !== group);
}
