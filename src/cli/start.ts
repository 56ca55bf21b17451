#!/usr/bin/env node
/** The program `mird` as it was built. */
import { loadProgram } from "./built-program.ts";
import { setEngineFlags } from "./engine-flags.ts";

setEngineFlags();
await loadProgram(import.meta.dirname).program.main();
