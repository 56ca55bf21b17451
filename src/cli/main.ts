#!/usr/bin/env node
/** The program `mird`. */
import { processIo } from "./io.ts";
import { run } from "./program.ts";

const args = process.argv.slice(2);
// A reader that closes early (`mird … | head`) is no mistake.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
process.exitCode = await run(args, processIo(args));
