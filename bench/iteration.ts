/**
 * The whole iteration of MIRD on the CPU target and through WebGPU, in one run on one machine, beside the number of library calls that the same iteration
 * is in PyTorch: `npx tsx bench/iteration.ts [--profiles small,mosi] [--devices cpu,webgpu] [--seconds N]`. Prints a table in Markdown.
 */
import { parseArgs } from "node:util";
import { chooseDevice, parseDevice } from "../src/api/devices.ts";
import { NO_CACHE } from "../src/base/cache.ts";
import { bench } from "../src/driver/bench.ts";
import { prepareInvented } from "../src/driver/prepare-invented.ts";
import { quantity } from "../src/report/quantity.ts";
import { describe } from "./measure.ts";
import type { Profile } from "./programs.ts";
import { mirdModel, PROFILES } from "./programs.ts";

/**
 * aten operations of one iteration of the PyTorch baseline, counted by PyTorch's profiler on two threads, nested ones included: structured as the code
 * published with the paper, and tuned by hand for this comparison (batched estimators, library recurrences, fused optimiser).
 */
const ATEN: Readonly<Record<Profile, { readonly published: string; readonly tuned: string }>> = {
  small: { published: "120,416", tuned: "4,542" },
  mosi: { published: "176,600", tuned: "5,091" },
  reference: { published: "not counted", tuned: "5,092" },
};

const { values: flags } = parseArgs({
  options: {
    profiles: { type: "string", default: "small,mosi" },
    devices: { type: "string", default: "cpu,webgpu" },
    seconds: { type: "string", default: "5" },
  },
});

const HEADINGS = [
  ...["profile", "device", "ready, s", "dispatches", "of which estimators", "work"],
  ...["iteration, ms [best to ninth tenth]", "estimators, ms", "aten operations: published", "tuned"],
];
console.log(`| ${HEADINGS.join(" | ")} |\n| ${HEADINGS.map(() => "---").join(" | ")} |`);
for (const profile of PROFILES.filter((name) => flags.profiles.split(",").includes(name)))
  for (const name of flags.devices.split(",")) {
    const { backend, target } = await chooseDevice({ device: parseDevice(name) }, NO_CACHE);
    const start = performance.now();
    const { model, program } = mirdModel(profile);
    const made = prepareInvented({ model, types: program.types, target, limits: backend.limits });
    const compiled = performance.now() - start;
    const result = await bench({ ...made, backend, seconds: Number(flags.seconds) });
    const estimators = result.phases.find((phase) => phase.name === "estimators");
    const cells = [
      profile,
      backend.description,
      ((compiled + result.prepareMilliseconds) / 1000).toFixed(2),
      String(result.iteration.dispatches),
      String(estimators?.dispatches ?? 0),
      quantity(result.iteration.flops, "FLOP"),
      describe(result.iteration.milliseconds, (milliseconds) => milliseconds, 1),
      (estimators?.milliseconds ?? 0).toFixed(1),
      ATEN[profile].published,
      ATEN[profile].tuned,
    ];
    console.log(`| ${cells.join(" | ")} |`);
    backend.close();
  }
