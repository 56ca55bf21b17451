#!/usr/bin/env node
/** The program `mird`. */
import { setFlagsFromString } from "node:v8";
import { processIo } from "./io.ts";
import { run } from "./program.ts";

// Compiling a spec runs much code a few times. By default the engine would optimise too much of it too early, which takes half as long again as the
// work itself; with this, functions that run for long (readers of large files) are optimised a few milliseconds later.
setFlagsFromString("--interrupt-budget=400000");

const args = process.argv.slice(2);
// A reader that closes early (`mird … | head`) is no mistake.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await run(args, processIo(args));
