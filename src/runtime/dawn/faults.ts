/** Errors that a device reports behind our back: they are kept, and thrown at the next call, so that none is silent. */
import { CompilerBug } from "../../base/invariant.ts";
import { UserError } from "../../diagnostics/problems.ts";

export class DeviceFaults {
  #first: Error | null = null;
  #closing = false;

  /** Watches a device until it is closed. */
  constructor(device: GPUDevice) {
    device.onuncapturederror = (event) => {
      const { error } = event;
      // It is thrown later; without this, it is printed as well.
      event.preventDefault();
      this.report(
        error.constructor.name === "GPUOutOfMemoryError"
          ? outOfMemory(error.message)
          : new CompilerBug(`the device refused a command: ${error.message}`),
      );
    };
    void device.lost.then((info) => {
      if (!this.#closing) this.report(deviceLost(info.message));
    });
  }

  report(error: Error): void {
    this.#first ??= error;
  }

  /** Throws what has been reported, if anything. */
  check(): void {
    if (this.#first !== null) throw this.#first;
  }

  /** From now on, losing the device is what is meant to happen. */
  expectLoss(): void {
    this.#closing = true;
  }
}

function deviceLost(message: string): UserError {
  const text = `The graphics device stopped answering while it was in use: ${message}\n\nA driver does that when a kernel runs for too long, when the machine was suspended, or when the driver was replaced.`;
  return deviceError(
    "device-lost",
    "The device was lost",
    text,
    "Run again with `--resume` to go on from the last checkpoint.",
  );
}

/** The device has no room for what a program needs. */
export function outOfMemory(text: string): UserError {
  return deviceError(
    "device-memory",
    "The device has too little memory",
    text,
    "Choose a smaller batch, or a device with more memory.",
  );
}

/** A problem of the device, for exit code 3. */
export function deviceError(code: string, title: string, text: string, hint: string): UserError {
  return new UserError(
    [{ code, severity: "error", title, primary: null, related: [], place: { file: "device" }, text, hint }],
    3,
  );
}
