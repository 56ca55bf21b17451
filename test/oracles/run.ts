/**
 * Runs every golden case of the folder in `MIRD_ORACLES` on the device in `MIRD_DEVICE` (`webgpu`, `cpu` or `reference`): prints the misses, lists what is
 * left out with the reason, and ends with `N passed, N failed, N skipped`. Arguments: parts of case names, to run some only.
 */
import { resolve } from "node:path";
import { folderExists } from "./case-file.ts";
import { openDevice } from "./devices/open.ts";
import { runOracles, selectCases } from "./suite.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const root = resolve(process.env.MIRD_ORACLES ?? "../shared/oracles");
  if (!folderExists(root)) {
    say(`There are no golden values in ${root}. Set MIRD_ORACLES to the folder that holds them.`);
    return 1;
  }
  const parts = process.argv.slice(2);
  const device = await openDevice(process.env.MIRD_DEVICE ?? "webgpu");
  say(`${selectCases(root, parts).length} cases of ${root} on ${device.description}`);
  const { passed, failed, skipped } = await runOracles(device, root, parts, say);
  device.close();
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
