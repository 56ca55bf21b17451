/** The syntax of the standard library that is built with mird stands for reading it. */
import { readFileSync } from "node:fs";
import { deserialize } from "node:v8";
import { expect, it } from "vitest";
import { librarySyntax } from "../../src/api/library-syntax.ts";
import { libraryParts } from "../../src/check/library.ts";
import { parse } from "../../src/check/load.ts";

it("holds what is read of every part, and each part by itself", () => {
  const built: ReadonlyMap<string, Uint8Array> = deserialize(librarySyntax().bytes);
  expect(built.size).toBe(libraryParts.length);
  for (const part of libraryParts) {
    const text = readFileSync(`specs/${part.replace(".", "/")}.mird`, "utf8");
    const bytes = built.get(text);
    if (bytes === undefined) throw new Error(`${part} is missing`);
    expect(deserialize(bytes)).toEqual(parse({ path: part, text }));
  }
});
