/** The report of `mird bench`, for people and for programs. */
import { describeLine, describePlace } from "../diagnostics/source.ts";
import type { KernelPart, Part } from "../driver/bench.ts";
import { amount, milliseconds, percent, quantity } from "../report/quantity.ts";
import { alignColumns } from "../report/tables.ts";
import type { BenchReport } from "./bench.ts";

/** Device, ceilings, iteration, phases, and the `top` most expensive kernels. */
export function describeBench(report: BenchReport, top: number): string {
  const { device, ceilings, ready, iteration, phases, kernels, profiling } = report;
  const { arithmetic, memory } = ceilings;
  const sizes = [...report.sizes].map(([name, value]) => `${name} ${value}`).join(", ");
  const total = Object.values(ready).reduce((sum, time) => sum + time, 0);
  const { median, low, high, runs } = iteration.milliseconds;
  const lines = [
    `Model ${report.model} on ${device.name}. ${device.reason}`,
    `Sizes: ${sizes}`,
    `Data: ${report.data ?? "invented, every row with all its steps"}`,
    `Ready after ${seconds(total)}: check ${seconds(ready.check)}, compile ${seconds(ready.compile)}, device ${seconds(ready.prepare)}`,
    `Ceilings: ${quantity(arithmetic.perSecond, "FLOP/s")} (${arithmetic.what}), ${quantity(memory.perSecond, "B/s")} (${memory.what})`,
    "",
    `Iteration: ${milliseconds(median)} ms, best ${milliseconds(low)}, nine in ten below ${milliseconds(high)} (${amount(runs, "measurement")})`,
    "",
    alignColumns([
      ["phase", "repeat", "ms", "share", "dispatches", ...RATES],
      ...phases.map((phase) => [
        phase.name,
        String(phase.repeat),
        milliseconds(phase.milliseconds),
        percent(phase.milliseconds / sum(phases)),
        String(phase.dispatches),
        ...rates(phase, report),
      ]),
      [
        "iteration",
        "",
        milliseconds(median),
        "",
        String(iteration.dispatches),
        ...rates({ ...iteration, milliseconds: median }, report),
      ],
    ]),
  ];
  if (profiling === null) {
    lines.push("This device cannot time single kernels; phases were run one after another.");
    return `${lines.join("\n")}\n`;
  }
  const shown = kernels.slice(0, top);
  const rest = kernels.slice(top);
  lines.push(
    alignColumns(
      [
        ["kernel", "phase", "times", "ms", "share", ...RATES, "spec"],
        ...shown.map((kernel) => [
          kernel.kernel,
          kernel.phase,
          String(kernel.dispatches),
          milliseconds(kernel.milliseconds),
          percent(kernel.milliseconds / sum(kernels)),
          ...rates(kernel, report),
          specLine(kernel),
        ]),
        ...(rest.length === 0
          ? []
          : [[`${rest.length} more`, "", "", milliseconds(sum(rest)), percent(sum(rest) / sum(kernels))]]),
      ],
      { left: ["spec"] },
    ),
    `${profiling} Together they took ${milliseconds(sum(kernels))} ms.`,
  );
  return `${lines.join("\n")}\n`;
}

const RATES = ["arithmetic", "of ceiling", "memory", "of ceiling"] as const;

/** Operations and bytes per second, each with its part of the ceiling. */
function rates(part: Part, { ceilings }: BenchReport): string[] {
  const perSecond = (amount: number) => amount / (part.milliseconds / 1000);
  const [flops, bytes] = [perSecond(part.flops), perSecond(part.bytes)];
  return [
    quantity(flops, "FLOP/s"),
    percent(flops / ceilings.arithmetic.perSecond),
    quantity(bytes, "B/s"),
    percent(bytes / ceilings.memory.perSecond),
  ];
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, part) => total + part.milliseconds, 0);
}

function seconds(time: number): string {
  return `${(time / 1000).toFixed(2)} s`;
}

function specLine({ kind, origins: [origin] }: KernelPart): string {
  if (kind === "update") return "optimiser";
  return origin === undefined ? "-" : describeLine(origin);
}

/** All measurements; times in milliseconds, rates per second. */
export function benchJson(report: BenchReport): unknown {
  const { model, sizes, data, device, ready, ceilings, iteration, profiling, phases, kernels } = report;
  return {
    model,
    sizes: Object.fromEntries(sizes),
    data,
    device,
    ready,
    ceilings,
    iteration,
    profiling,
    phases,
    kernels: kernels.map((kernel: KernelPart) => ({ ...kernel, origins: kernel.origins.map(describePlace) })),
  };
}
