/** Ctrl-C: once asks a training to stop after its iteration, twice ends the program at once. */
import { EXIT } from "./failure.ts";
import type { Io } from "./io.ts";

interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives the signals back to the system. */
  readonly release: () => void;
}

/** Watches SIGINT and SIGTERM until it is released. */
export function catchInterrupts(io: Io): Interrupt {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    io.err.write("\nStopping after this iteration; Ctrl-C again ends at once.\n");
    controller.abort();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
