/** How the JavaScript engine shall work for mird. Set before any code is loaded: code that the engine has kept holds under the same flags only. */
import { setFlagsFromString } from "node:v8";
import { hasRelaxedSimd } from "../runtime/wasm/engine.ts";

export function setEngineFlags(): void {
  // Compiling a spec runs much code a few times. By default the engine would optimise too much of it too early, which takes half as long again as
  // the work itself; with this, functions that run for long (readers of large files) are optimised a few milliseconds later.
  setFlagsFromString("--interrupt-budget=400000");
  // Sets its flag where one is needed, which would otherwise happen when a device is opened.
  hasRelaxedSimd();
}
