#!/usr/bin/env node
/** The program `mird`, run from its sources; src/cli/start.ts starts the one that was built. */
import { setEngineFlags } from "./engine-flags.ts";
import { main } from "./program.ts";

setEngineFlags();
await main();
