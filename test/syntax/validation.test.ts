/** What chevrotain checks of grammar and tokens; programs do without, since it takes time at every start. */
import { expect, it } from "vitest";
import { Grammar } from "../../src/syntax/grammar.ts";
import { makeLexer } from "../../src/syntax/tokens.ts";

it("the rules of the grammar do not contradict each other", () => {
  expect(() => new Grammar(true)).not.toThrow();
});

it("every token can match", () => {
  expect(makeLexer(true).lexerDefinitionErrors).toEqual([]);
});
