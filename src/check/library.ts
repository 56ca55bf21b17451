/** The parts of the standard library, for messages about names that nobody imported. */
import type { Source } from "../diagnostics/source.ts";

/** The files of specs/std, by the names that imports use. */
export const libraryParts: readonly string[] = [
  "attention",
  "bert",
  "fusion",
  "loss",
  "nn",
  "penalty",
  "recurrent",
  "sequence",
  "statistics",
].map((part) => `std.${part}`);

/** The part that declares `name`, or null. The texts are only searched when a name is unknown, so they are not parsed for it. */
export function partThatDeclares(name: string, loadPart: (path: string) => Source | null): string | null {
  const declaration = new RegExp(`^(?:function|module|interface|model)\\s+${name}\\b`, "m");
  return libraryParts.find((path) => declaration.test(loadPart(path)?.text ?? "")) ?? null;
}
