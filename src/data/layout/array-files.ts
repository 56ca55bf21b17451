/** Array files that a table or a line of JSON names: they must lie in the folder of the file that names them. */
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { reason } from "../files.ts";
import { dataError } from "../problem.ts";
import type { StoredArray } from "../readers/array.ts";
import { FileBytes } from "../readers/bytes.ts";
import { parseNpy } from "../readers/npy.ts";
import type { Remark } from "./columns.ts";

/** Whether a cell names an array file. */
export function isArrayPath(text: string): boolean {
  return /\.npy$/i.test(text);
}

/** Opens the array that `path` names from inside `file`; `place` says where it is named. */
export function openArrayFile(file: string, path: string, place: FilePlace, remarks: Remark[]): StoredArray {
  const folder = resolve(dirname(file));
  const target = resolve(folder, path);
  if (isAbsolute(path) || isOutside(folder, target)) throw outside(path, place);
  try {
    if (isOutside(realpathSync(folder), realpathSync(target))) throw outside(path, place);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw dataError("data-unreadable", place, `\`${path.slice(0, 120)}\` cannot be read: ${reason(error)}.`);
  }
  const { array, trailing } = parseNpy(new FileBytes(target), { file: target });
  if (trailing > 0)
    remarks.push({ what: "array files with bytes behind their values", count: 1, examples: [path] });
  return array;
}

function isOutside(folder: string, target: string): boolean {
  const way = relative(folder, target);
  return way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function outside(path: string, place: FilePlace): Error {
  return dataError(
    "data-unsafe",
    place,
    `\`${path.slice(0, 120)}\` lies outside the folder of the file that names it.`,
    "Keep the arrays in the folder of the table, and name them from there.",
  );
}
