/** The summary of `mird compile` for people. */
import type { Summary } from "../driver/summary.ts";
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
      ...Object.entries(arenas).map(([name, bytes]) => [name, quantity(bytes, "B")]),
    ]),
  ].join("\n");
}

const PREFIXES = ["", "k", "M", "G", "T"];

/** `1.2 MB`, `350 kFLOP`: three digits, decimal prefixes. */
function quantity(value: number, unit: string): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step++;
  }
  const digits = step === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${PREFIXES[step]}${unit}`;
}
