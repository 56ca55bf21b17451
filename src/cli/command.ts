/** What all commands share: how they are registered, how options are read, how the exit code comes out. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { Io } from "./io.ts";

/** Where the commands of one invocation leave their exit code. */
export interface Session {
  readonly io: Io;
  exitCode: number;
  /** Whether problems are printed as JSON; set by the command that runs. */
  json: boolean;
}

/** Adds commands to the program. */
export type Register = (program: Command, session: Session) => void;

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** A whole number of at least `least`, for `Option.argParser`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > 2147483647) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    }
    return value;
  };
}

/** A number between two limits. */
export function numberBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= low && value <= high)) {
      throw new InvalidArgumentError(`It must be a number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** Adds `--model`. */
export function addModelOption(command: Command): Command {
  return command.option("--model <name>", "the model to work on (default: the first one of the file)");
}
