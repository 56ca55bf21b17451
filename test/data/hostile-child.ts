/** Opens the files named on the command line, and prints how each ended and how much memory it took (JSON). */

import { Notes } from "../../src/data/import/notes.ts";
import { chooseFields, relevantKeys } from "../../src/data/layout/choose.ts";
import { mergeSources } from "../../src/data/layout/merge.ts";
import { openSource } from "../../src/data/layout/open.ts";
import { LAYOUT_DEFAULTS } from "../../src/data/layout-import.ts";
import { DataProblems } from "../../src/data/problem.ts";
import { UserError } from "../../src/diagnostics/problems.ts";

const outcomes: string[] = [];
const relevant = (keys: readonly string[]) => relevantKeys(keys, LAYOUT_DEFAULTS, false);
const before = process.memoryUsage().rss;
for (const path of process.argv.slice(2)) {
  try {
    const opened = await openSource(path, LAYOUT_DEFAULTS);
    const blocks = mergeSources(
      [{ opened, split: null }],
      LAYOUT_DEFAULTS.shares,
      relevant,
      new Notes(),
      new DataProblems(),
    );
    outcomes.push(`loaded ${chooseFields(blocks, LAYOUT_DEFAULTS, false).chosen.length} fields`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    outcomes.push(error.problems[0]?.code ?? "refused");
  }
}
console.log(JSON.stringify({ outcomes, grown: process.memoryUsage().rss - before }));
