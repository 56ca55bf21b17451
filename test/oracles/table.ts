/** What describes each golden case. The first entry whose pattern fits a name counts. */
import type { Entry } from "./entry.ts";
import { moduleEntries } from "./table/modules.ts";
import { opEntries } from "./table/ops.ts";
import { penaltyEntries } from "./table/penalties.ts";
import { procedureEntries } from "./table/procedures.ts";

export const table: readonly Entry[] = [
  ...opEntries,
  ...moduleEntries,
  ...penaltyEntries,
  ...procedureEntries,
];
