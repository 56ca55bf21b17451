/** The summary of `mird compile` for people. */
import { summaryTables } from "../api/summary-tables.ts";
import type { Summary } from "../driver/summary.ts";
import { alignColumns } from "../report/tables.ts";

/** Sizes, parameters by module, work by phase, memory. */
export function describeSummary(summary: Summary, target: string): string {
  const sizes = Object.entries(summary.sizes).map(([name, value]) => `${name} ${value}`);
  const { modules, phases, memory } = summaryTables(summary);
  return [
    `Model ${summary.model}, compiled for a ${target} device`,
    `Sizes: ${sizes.join(", ")}`,
    "",
    alignColumns(modules),
    alignColumns(phases),
    alignColumns(memory),
  ].join("\n");
}
