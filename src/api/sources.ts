/** Where spec texts come from: files, the standard library that is shipped beside the program, or the record in a run folder. */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative } from "node:path";
import { packageFolder } from "../base/package-folder.ts";
import type { LoadSource } from "../check/load.ts";
import { readText } from "../data/files.ts";
import type { Source } from "../diagnostics/source.ts";

/** Texts by key: `std.nn` for a part of the library, the path as typed for a file. */
export type Sources = Record<string, string>;

/** Reads imports from the disk and notes every text in `record`. */
export function diskLoader(record: Sources): LoadSource {
  return (path, from) => {
    const library = isLibrary(path);
    const file = library ? libraryFile(path) : besides(path, from);
    if (!existsSync(file)) return null;
    const text = readText(file);
    record[library ? path : file] = text;
    return { path: library ? shownPath(file) : file, text };
  };
}

/** A spec as it is given: the path of a file, or a text with the name that messages call it by, which its imports are relative to. */
export type GivenSpec = string | { readonly text: string; readonly path?: string };

/** Opens a spec. Throws a UserError when it cannot be read. */
export function readSpec(given: GivenSpec, record: Sources): Source {
  const file = normalize(typeof given === "string" ? given : (given.path ?? "spec.mird"));
  const text = typeof given === "string" ? readText(file) : given.text;
  record[file] = text;
  return { path: file, text };
}

/** A spec that is shipped with mird: `critic` → specs/critic.mird. */
export function shippedSpec(name: string): Source {
  const file = join(packageFolder, "specs", `${name}.mird`);
  return { path: shownPath(file), text: readText(file) };
}

/** Reads imports from the texts of a run, so that it means what it meant when it was made. */
export function recordLoader(record: Readonly<Sources>): LoadSource {
  return (path, from) => {
    const library = isLibrary(path);
    const key = library ? path : besides(path, from);
    const text = record[key];
    return text === undefined ? null : { path: library ? shownPath(libraryFile(path)) : key, text };
  };
}

function isLibrary(path: string): boolean {
  return /^std(\.\w+)+$/.test(path);
}

/** `std.nn` → specs/std/nn.mird. */
export function libraryFile(path: string): string {
  const parts = path.split(".").slice(1);
  return `${join(packageFolder, "specs", "std", ...parts)}.mird`;
}

function besides(path: string, from: Source | null): string {
  return normalize(isAbsolute(path) || from === null ? path : join(dirname(from.path), path));
}

/** The shortest way to write the path of a library file from here. */
function shownPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith("..") || isAbsolute(short) ? `std/${basename(file)}` : short;
}
