/** The summary of `mird compile` for people. */
import type { Summary } from "../driver/summary.ts";
import { quantity } from "../report/quantity.ts";
import { alignColumns } from "../report/tables.ts";

/** Sizes, parameters by module, work by phase, memory. */
export function describeSummary(summary: Summary, target: string): string {
  const { modules, parameters, phases, iteration, memory, arenas } = summary;
  const work = (item: { dispatches: number; flops: number; bytes: number }) => [
    String(item.dispatches),
    quantity(item.flops, "FLOP"),
    quantity(item.bytes, "B"),
  ];
  const sizes = Object.entries(summary.sizes).map(([name, value]) => `${name} ${value}`);
  return [
    `Model ${summary.model}, compiled for a ${target} device`,
    `Sizes: ${sizes.join(", ")}`,
    "",
    alignColumns([
      ["module", "parameters"],
      ...Object.entries(modules).map(([name, count]) => [name, count.toLocaleString("en")]),
      ["all", parameters.toLocaleString("en")],
    ]),
    alignColumns([
      ["phase", "repeat", "kernels", "dispatches", "work", "traffic"],
      ...phases.map((phase) => [phase.name, String(phase.repeat), String(phase.kernels), ...work(phase)]),
      ["iteration", "", "", ...work(iteration)],
    ]),
    alignColumns([
      ["memory", "bytes"],
      ["work, at most at once", quantity(memory.peakBytes, "B")],
      ["work, without reuse", quantity(memory.sumBytes, "B")],
      ...purposes(arenas).map(([purpose, bytes]) => [purpose, quantity(bytes, "B")]),
    ]),
  ].join("\n");
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
export function purposes(arenas: Summary["arenas"]): [purpose: string, bytes: number][] {
  const sums = new Map<string, number>();
  for (const [name, bytes] of Object.entries(arenas)) {
    const purpose = PURPOSES[name.split(".")[0] ?? name] ?? name;
    sums.set(purpose, (sums.get(purpose) ?? 0) + bytes);
  }
  return [...sums];
}
