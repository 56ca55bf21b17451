/**
 * The whole program in one file (`build.ts` makes it of `src/cli/program.ts`), beside it the bytecode that the engine made of what ran when mird was
 * built. One file loads several times faster than some hundred, and bytecode spares the engine reading the text again, which is a quarter of the
 * time of a command that runs for a second.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

type Program = typeof import("./program.ts");

/** A program in a file: a function of what a module finds around it. */
type Body = (
  module: { exports: Program | null },
  require: NodeJS.Require,
  importPackage: (name: string) => Promise<unknown>,
  url: string,
) => void;

export const PROGRAM_FILE = "program.cjs";
export const BYTECODE_FILE = "program.bytecode";

export interface LoadedProgram {
  readonly program: Program;
  /** Whether the bytecode could be used: it belongs to one version of the engine under one set of flags, and others read the text instead. */
  readonly fromBytecode: boolean;
  /** The bytecode of all that has run until now. */
  readonly bytecode: () => Uint8Array;
}

/** Loads the program that lies in `folder`. */
export function loadProgram(folder: string): LoadedProgram {
  const path = join(folder, PROGRAM_FILE);
  const cachedData = readIfThere(join(folder, BYTECODE_FILE));
  const script = new Script(readFileSync(path, "utf8"), { filename: path, cachedData });
  const module: { exports: Program | null } = { exports: null };
  const url = pathToFileURL(path).href;
  (script.runInThisContext() as Body)(module, createRequire(url), (name) => import(name), url);
  if (module.exports === null) throw new Error(`${path} is no program`);
  return {
    program: module.exports,
    fromBytecode: script.cachedDataRejected === false,
    bytecode: () => script.createCachedData(),
  };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
