/** What a compiled model costs, as tables: of `mird compile` and of report pages. The first row of each is its header. */
import type { Summary } from "../driver/summary.ts";
import { quantity } from "../report/quantity.ts";

interface SummaryTables {
  readonly modules: readonly (readonly string[])[];
  readonly phases: readonly (readonly string[])[];
  readonly memory: readonly (readonly string[])[];
}

/** Parameters by module, work by phase, memory by purpose. */
export function summaryTables(summary: Summary): SummaryTables {
  const { phases, iteration, memory, arenas } = summary;
  const work = (item: { dispatches: number; flops: number; bytes: number }) => [
    String(item.dispatches),
    quantity(item.flops, "FLOP"),
    quantity(item.bytes, "B"),
  ];
  return {
    modules: modulesTable(summary),
    phases: [
      ["phase", "repeat", "kernels", "dispatches", "work", "traffic"],
      ...phases.map((phase) => [phase.name, String(phase.repeat), String(phase.kernels), ...work(phase)]),
      ["iteration", "", "", ...work(iteration)],
    ],
    memory: [
      ["memory", "bytes"],
      ["work, at most at once", quantity(memory.peakBytes, "B")],
      ["work, without reuse", quantity(memory.sumBytes, "B")],
      ...purposes(arenas, sumOf(summary.states) > 0).map(([purpose, bytes]) => [
        purpose,
        quantity(bytes, "B"),
      ]),
    ],
  };
}

/** Numbers by the first part of their paths: parameters, and states where there are any. */
function modulesTable({ modules, states }: Summary): string[][] {
  const hasStates = sumOf(states) > 0;
  const row = (name: string, parameters: number, kept: number) =>
    [name, parameters, ...(hasStates ? [kept] : [])].map((cell) => cell.toLocaleString("en"));
  return [
    ["module", "parameters", ...(hasStates ? ["states"] : [])],
    ...[...new Set([...Object.keys(modules), ...Object.keys(states)])].map((name) =>
      row(name, modules[name] ?? 0, states[name] ?? 0),
    ),
    row("all", sumOf(modules), sumOf(states)),
  ];
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What the arenas that each input, label or phase has one of are for; others stand for themselves. */
const PURPOSES: Readonly<Record<string, string>> = {
  data: "dataset",
  present: "dataset",
  length: "dataset",
  moment1: "optimiser state",
  moment2: "optimiser state",
};

/** Bytes by purpose, in the order of the first arena of each. */
export function purposes(arenas: Summary["arenas"], hasStates = false): [purpose: string, bytes: number][] {
  const sums = new Map<string, number>();
  for (const [name, bytes] of Object.entries(arenas)) {
    const own = name === "parameters" && hasStates ? "parameters and states" : name;
    const purpose = PURPOSES[name.split(".")[0] ?? name] ?? own;
    sums.set(purpose, (sums.get(purpose) ?? 0) + bytes);
  }
  return [...sums];
}
