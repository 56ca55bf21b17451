/** What a case asks of a device: to hold arenas and to run a graph over them. */
import type { ArenaRange, Graph, Node } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";

export type Contents = Float32Array | Int32Array;

/** A graph that is ready to run on arenas of its own, which start as zeros. */
export interface Session {
  /** Replaces elements of an arena from its start on; an arena that the graph does not read is left out. */
  write(arena: string, values: Contents): void;
  run(): void;
  read(range: ArenaRange, elements: number): Promise<Float64Array>;
  dispose(): void;
}

export interface OracleDevice {
  readonly description: string;
  open(graph: Graph): Promise<Session>;
  close(): void;
}

/** Elements between the starts of results: what every device accepts as the start of a binding. */
const SPACING = 64;

/** The values of nodes, given what lies in the arenas that they read. */
export async function compute(
  device: OracleDevice,
  nodes: readonly Node[],
  arenas: ReadonlyMap<string, Contents>,
): Promise<Float64Array[]> {
  let next = 0;
  const outputs = nodes.map((node, index) => {
    const target = { arena: "results", offset: next };
    next += Math.ceil(elementCount(node.shape) / SPACING) * SPACING;
    return { name: `result.${index}`, node, target };
  });
  const session = await device.open({
    segments: [{ name: "case", phase: "case", repeat: 0, kind: "forward", outputs }],
  });
  try {
    for (const [arena, values] of arenas) session.write(arena, values);
    session.run();
    return await Promise.all(
      outputs.map(({ node, target }) => session.read(target, elementCount(node.shape))),
    );
  } finally {
    session.dispose();
  }
}
