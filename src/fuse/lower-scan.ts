/** A scan as a loop over the kernels of its step: the step is fused like any graph, and its arenas become moving parts of the operands of the scan. */
import { at } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { replaceRoots, topologicalOrder } from "../ir/graph-walk.ts";
import type { Operand } from "../ir/kernel.ts";
import { NEXT_ARENA, operandArena, type ScanBody, STATE_ARENA } from "../ir/scan-body.ts";
import { ops } from "../ops/index.ts";
import type { Location, LoopOfKernels, Scheduled, StepBinding } from "./scheduled.ts";
import { placeName, type Storage } from "./storage.ts";
import type { Unit } from "./units.ts";

const FIRST_ARENA = "first";

/** The loop that computes a scan, and where its operands are; the result is the last one. */
export function lowerScan(
  unit: Unit,
  node: NodeOf<"scan">,
  storage: Storage,
  fuse: (graph: Graph) => Scheduled,
): { readonly kernel: LoopOfKernels; readonly locations: readonly Location[] } {
  const { steps, reverse, body } = node.attributes;
  const sources = storage.reads(unit).accesses.map(({ source }) => storage.placeOf(source, unit.segment));
  const result = at(storage.storedTo(unit), 0);
  // An operand that several roles read is bound once, since two bindings of one range cannot be told apart by what writes.
  const names = sources.map(placeName);
  const places = [...sources.filter((_, index) => names.indexOf(at(names, index)) === index), result];
  const operandOf = (index: number) =>
    places.findIndex((place) => place !== result && placeName(place) === at(names, index));
  const row = (index: number) => (reverse ? steps - index : index) * body.width;
  const last = places.length - 1;
  const direction = reverse ? -1 : 1;
  const bindings = new Map<string, StepBinding>([
    [FIRST_ARENA, { operand: last, offset: row(0), advance: 0 }],
    [STATE_ARENA, { operand: last, offset: row(0), advance: direction * body.width }],
    [NEXT_ARENA, { operand: last, offset: row(1), advance: direction * body.width }],
  ]);
  const arenas = new Map<string, string>();
  for (const [index, role] of body.operands.entries()) {
    const binding =
      role.kind === "sequence"
        ? {
            operand: operandOf(index),
            offset: role.start + (reverse ? (steps - 1) * role.stride : 0),
            advance: direction * role.stride,
          }
        : { operand: operandOf(index), offset: 0, advance: 0 };
    const same = [...bindings].find(([, other]) => sameBinding(other, binding));
    arenas.set(operandArena(index), same?.[0] ?? operandArena(index));
    if (same === undefined) bindings.set(operandArena(index), binding);
  }
  const operands = places.map(
    ({ elements, dtype }, index): Operand => ({
      name: `operand${index}`,
      elements,
      dtype,
      access: index === last ? "write" : "read",
    }),
  );
  const kernel: LoopOfKernels = {
    kind: "scan",
    name: "scan",
    operands,
    steps,
    first: fuse(firstRow(body, arenas)),
    step: fuse(renameArenas(body.graph, arenas)),
    bindings,
  };
  const locations = places.map(
    (place): Location =>
      place.kind === "work"
        ? { kind: "work", value: place.unit.id }
        : { kind: "arena", arena: place.arena, offset: place.offset },
  );
  return { kernel, locations };
}

function sameBinding(a: StepBinding, b: StepBinding): boolean {
  return a.operand === b.operand && a.offset === b.offset && a.advance === b.advance;
}

/** What fills the row before the first step: the initial states, and zeros where outputs lie in other rows. */
function firstRow(body: ScanBody, arenas: ReadonlyMap<string, string>): Graph {
  const g = new GraphBuilder(ops);
  const parts: Node[] = [];
  let end = 0;
  for (const [index, { shape, slot, initial }] of body.states.entries()) {
    const elements = elementCount(shape);
    if (slot > end) parts.push(g.full([slot - end], 0));
    const operand = body.operands.findIndex((role) => role.kind === "initial" && role.state === index);
    parts.push(
      initial === null
        ? leaf(g, arenas.get(operandArena(operand)) ?? "", elements)
        : g.full([elements], initial),
    );
    end = slot + elements;
  }
  if (body.width > end) parts.push(g.full([body.width - end], 0));
  const node = g.concat(parts, 0);
  const output = { name: "first row", node, target: { arena: FIRST_ARENA, offset: 0 } };
  return { segments: [{ name: "first", phase: "scan", repeat: 0, kind: "forward", outputs: [output] }] };
}

function leaf(g: GraphBuilder, arena: string, elements: number): Node {
  return g.input({ name: arena, arena, offset: 0, version: 0, shape: [elements], dtype: "f32" });
}

/** The step reading each part of memory under one name. */
function renameArenas(graph: Graph, arenas: ReadonlyMap<string, string>): Graph {
  const g = new GraphBuilder(ops);
  const made = new Map<Node, Node>();
  const roots = graph.segments.flatMap(({ outputs }) => outputs.map(({ node }) => node));
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((input) => made.get(input) ?? input);
    const next = g.withOrigin(node.origin, () => {
      if (node.op !== "input") return g.remade(node, inputs);
      const { arena } = node.attributes;
      return g.input({ ...node.attributes, arena: arenas.get(arena) ?? arena });
    });
    made.set(node, next);
  }
  return replaceRoots(graph, (node) => made.get(node) ?? node);
}
