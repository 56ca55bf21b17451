/**
 * One suite over all devices: golden values, one step of every spec, random graphs with their gradients; a line for each configuration, details of what
 * fails below it. `npx tsx test/devices/run.ts [--only TEXT] [--parts oracles,specs,graphs] [--graphs N] [--seed N] [--path PATH]`
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { folderExists } from "../oracles/case-file.ts";
import { compiledOn } from "../oracles/devices/compiled.ts";
import { referenceDevice } from "../oracles/devices/reference.ts";
import { runOracles } from "../oracles/suite.ts";
import type { Configuration } from "./configurations.ts";
import { configurations } from "./configurations.ts";
import { differential } from "./differential.ts";
import { everySpec } from "./steps.ts";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    parts: { type: "string", default: "oracles,specs,graphs" },
    graphs: { type: "string", default: "40" },
    seed: { type: "string" },
    path: { type: "string" },
  },
});
const parts = flags.parts.split(",");
// A new seed each day finds new graphs; it is printed, so that a failure can be seen again.
const seed = flags.seed === undefined ? Math.floor(Date.now() / 86_400_000) : Number(flags.seed);
const root = resolve(process.env.MIRD_ORACLES ?? "../shared/oracles");
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Runs the suite on one configuration; whether all of it has passed. */
async function runOn(configuration: Configuration): Promise<boolean> {
  const start = performance.now();
  const details: string[] = [];
  const note = (line: string) => void details.push(`    ${line.replaceAll("\n", "\n    ")}`);
  const cells: string[] = [];
  let failures = 0;
  const count = (what: string, { passed, failed }: { readonly passed: number; readonly failed: number }) => {
    cells.push(`${what} ${passed} passed, ${failed} failed`);
    failures += failed;
  };
  const opened = await configuration.open();
  try {
    if (parts.includes("oracles") && folderExists(root)) {
      const device = configuration.name === "reference" ? referenceDevice() : compiledOn(opened);
      count("oracles", await runOracles(device, root, [], note));
    }
    if (parts.includes("specs")) count("specs", await everySpec(opened, note));
    if (parts.includes("graphs")) {
      const { path } = flags;
      const options = { graphs: Number(flags.graphs), seed, ...(path === undefined ? {} : { path }) };
      const result = await differential(opened, options);
      count("graphs", result);
      if (result.failure !== null) note(result.failure);
    }
  } finally {
    opened.backend.close();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  say(`${configuration.name}: ${cells.join("; ")}; ${seconds} s`);
  for (const line of details) say(line);
  return failures === 0;
}

const chosen = configurations.filter(({ name }) => name.includes(flags.only));
if (chosen.length === 0)
  throw new Error(
    `no configuration is called like that: ${configurations.map(({ name }) => name).join("; ")}`,
  );
if (parts.includes("oracles") && !folderExists(root))
  say(`Golden values are left out: there are none in ${root}, which MIRD_ORACLES names.`);
if (parts.includes("graphs")) say(`Random graphs of seed ${seed}`);
let all = true;
for (const configuration of chosen) all = (await runOn(configuration)) && all;
process.exitCode = all ? 0 : 1;
