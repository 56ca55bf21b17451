/** The report of `mird compile --memory`, for people and for programs. */

import { purposes } from "../api/summary-tables.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { describeLine, describePlace } from "../diagnostics/source.ts";
import type { MemoryReport } from "../driver/memory.ts";
import type { LiveValue } from "../plan/explain.ts";
import { percent, quantity } from "../report/quantity.ts";
import { alignColumns } from "../report/tables.ts";

export interface MemoryFacts {
  readonly report: MemoryReport;
  /** Why the model does not fit the device; null when it does. */
  readonly problem: Diagnostic | null;
  /** The device. */
  readonly device: string;
}

/** Values that the table for people names. */
const SHOWN = 20;

export function describeMemory({ report, problem, device }: MemoryFacts): string {
  const { peak, peakBytes, sumBytes, arenas, totalBytes, model } = report;
  const others = Object.fromEntries([...arenas].filter(([name]) => name !== "work"));
  const lines = [
    `Model ${model}: ${bytes(totalBytes)} on the device.`,
    "",
    alignColumns([
      ["memory", "bytes"],
      ["work, at most at once", bytes(peakBytes)],
      ["work, without reuse", bytes(sumBytes)],
      ...purposes(others).map(([purpose, size]) => [purpose, bytes(size)]),
      ["all", bytes(totalBytes)],
    ]),
  ];
  if (peak !== null) lines.push(describePeak(report, peak));
  lines.push(problem === null ? `It fits: ${device}.` : `It does not fit: ${device}.\n${problem.text}`);
  return `${lines.join("\n")}\n`;
}

function describePeak(
  { peakBytes, sumBytes }: MemoryReport,
  peak: NonNullable<MemoryReport["peak"]>,
): string {
  const shown = peak.live.slice(0, SHOWN);
  const rest = peak.live.slice(SHOWN);
  const restBytes = rest.reduce((sum, { bytes: size }) => sum + size, 0);
  const gaps = peakBytes - peak.bytes;
  return [
    `Most is in work memory at kernel ${peak.kernel} of ${peak.segment}: ${peak.live.length} tensors, ${bytes(peak.bytes)}${gaps > 0 ? ` (and ${bytes(gaps)} of gaps between them)` : ""}.`,
    `Places are used again: ${percent(1 - peakBytes / sumBytes)} of what all tensors take together is saved.`,
    "",
    alignColumns(
      [
        ["tensor", "shape", "bytes", "share", "made by", "needed until", "spec"],
        ...shown.map((value) => [
          value.op,
          shapeOf(value),
          bytes(value.bytes),
          percent(value.bytes / peak.bytes),
          `${value.madeBy.kernel} of ${value.madeBy.segment}`,
          `${value.neededBy.kernel} of ${value.neededBy.segment}`,
          value.origin === null ? "-" : describeLine(value.origin),
        ]),
        ...(rest.length === 0
          ? []
          : [[`${rest.length} more`, "", bytes(restBytes), percent(restBytes / peak.bytes)]]),
      ],
      { left: ["shape", "made by", "needed until", "spec"] },
    ),
  ].join("\n");
}

function shapeOf({ dtype, shape }: LiveValue): string {
  return `${dtype}[${shape.join(", ")}]`;
}

function bytes(value: number): string {
  return quantity(value, "B");
}

/** Everything, all tensors included; sizes in bytes. */
export function memoryJson({ report, problem, device }: MemoryFacts): unknown {
  const { peak, arenas, ...totals } = report;
  return {
    ...totals,
    device,
    fits: problem === null,
    arenas: Object.fromEntries(arenas),
    peak: peak && {
      ...peak,
      live: peak.live.map((value) => ({
        ...value,
        origin: value.origin === null ? null : describePlace(value.origin),
      })),
    },
  };
}
