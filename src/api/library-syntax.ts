/** The standard library as it was read when mird was built, so that no process has to read it again. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Cache } from "../base/cache.ts";
import { codeFolder } from "../base/package-folder.ts";
import { libraryParts } from "../check/library.ts";
import { parse } from "../check/load.ts";
import { libraryFile } from "./sources.ts";

/** Lies beside code that was built; the sources read the library themselves, so that they never meet what older sources made of it. */
const FILE = "library.syntax";

/** Syntax of texts, every one serialised by itself: whoever asks gets objects of their own. */
type Texts = ReadonlyMap<string, Uint8Array>;

/** What is written beside built code. */
export function librarySyntax(): { readonly name: string; readonly bytes: Uint8Array } {
  const texts: Texts = new Map(
    libraryParts.map((part) => {
      const text = readFileSync(libraryFile(part), "utf8");
      return [text, serialize(parse({ path: part, text }))];
    }),
  );
  return { name: FILE, bytes: serialize(texts) };
}

/** Knows the syntax of the standard library; everything else is for another cache. */
export class LibraryCache implements Cache {
  readonly #others: Cache;

  constructor(others: Cache) {
    this.#others = others;
  }

  remember<T>(kind: string, key: string, make: () => T): T {
    const known = kind === "syntax" ? builtTexts().get(key) : undefined;
    // The text is the whole key of its syntax, so this is what `make` gives.
    return known === undefined ? this.#others.remember(kind, key, make) : (deserialize(known) as T);
  }
}

let texts: Texts | null = null;

function builtTexts(): Texts {
  texts ??= readTexts();
  return texts;
}

function readTexts(): Texts {
  try {
    return deserialize(readFileSync(join(codeFolder, FILE))) as Texts;
  } catch {
    // There is none, or it was written by a newer Node: the library is then read like any other text.
    return new Map();
  }
}
