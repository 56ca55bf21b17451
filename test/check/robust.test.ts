/** The checker on damaged and on large programs: it never fails itself, and it stays quick. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printChecked } from "../../src/check/print-checked.ts";
import { check } from "../support/check.ts";
import { calls } from "./cases/calls.ts";
import { lists } from "./cases/lists.ts";
import { models } from "./cases/models.ts";
import { modules } from "./cases/modules.ts";
import { training } from "./cases/training.ts";

const specs = join(dirname(fileURLToPath(import.meta.url)), "../../specs");
const library = readdirSync(join(specs, "std")).map((file) => readFileSync(join(specs, "std", file), "utf8"));
const small = Object.values({ ...calls, ...lists, ...models, ...modules, ...training }).map((given) =>
  typeof given === "string" ? given : given.source,
);
/** One declaration of the library with what it imports, so that damage is checked often rather than in long texts. */
const pieces = library.flatMap((text) => {
  const imports = text.split("\n").filter((line) => line.startsWith("import "));
  return text
    .split(/\n(?=\/\/\/)/)
    .slice(1)
    .map((piece) => `${imports.join("\n")}\n${piece}`);
});

const tokens = (text: string) => text.match(/\s+|\w+|"[^"]*"|->|\.\.|[<>=!]=|./g) ?? [];

type Damage = { readonly kind: "delete" | "swap" | "copy"; readonly at: number; readonly from: number };

function damage(text: string, steps: readonly Damage[]): string {
  const parts = tokens(text);
  for (const { kind, at, from } of steps) {
    const [place, other] = [Math.floor(at * parts.length), Math.floor(from * parts.length)];
    const [here = "", there = ""] = [parts[place], parts[other]];
    if (kind === "delete") parts.splice(place, 1);
    else {
      parts[place] = there;
      if (kind === "swap") parts[other] = here;
    }
  }
  return parts.join("");
}

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const step: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom("delete", "swap", "copy"),
  at: share,
  from: share,
});

/** A chain of modules, each made from the one before. */
function tower(height: number): string {
  const first = `module M0 {\n  (x: f32[.., D]) -> f32[.., D] {\n    param w : f32[D] = 1\n    return x * w\n  }\n}\n`;
  const others = Array.from(
    { length: height - 1 },
    (_, index) =>
      `module M${index + 1}(width: size = 4, rate: number = 0.1) {\n  inner = M${index}()\n  (x: f32[.., D]) -> f32[.., D] {\n    y = inner(x)\n    return dropout(tanh(y + x) * width, rate)\n  }\n}\n`,
  );
  // The highest comes first, so that nothing may depend on the order of the text.
  return [
    ...others.reverse(),
    first,
    `model Tower {\n  input x : f32[B, D]\n  loss level = mean(M${height - 1}()(x))\n}\n`,
  ].join("\n");
}

describe("damaged programs", () => {
  it("give messages, never a failure of the checker", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...small, ...pieces),
        fc.array(step, { minLength: 1, maxLength: 4 }),
        (text, steps) => {
          const { program, problems } = check(damage(text, steps));
          printChecked(program);
          for (const { primary, related, title } of problems) {
            expect(title.split(" ").length).toBeLessThanOrEqual(6);
            for (const label of [...(primary === null ? [] : [primary]), ...related]) {
              expect(label.span.start).toBeLessThanOrEqual(label.span.end);
              expect(label.span.end).toBeLessThanOrEqual(label.span.source.text.length);
            }
          }
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });
});

describe("one character that makes a syntax error", () => {
  it("is nearly always all that is reported", () => {
    const whole = [...small, ...pieces].filter((text) => check(text).problems.length === 0);
    let [broken, followed] = [0, 0];
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        share,
        fc.constantFrom("insert", "delete", "replace"),
        fc.constantFrom(..."(){}[],=:.~#$§\"'x1 \n-+*/<|"),
        (text, place, kind, sign) => {
          const at = Math.floor(place * text.length);
          const damaged = `${text.slice(0, at)}${kind === "delete" ? "" : sign}${text.slice(kind === "insert" ? at : at + 1)}`;
          const { codes } = check(damaged);
          const syntax = codes.filter((code) => code.startsWith("syntax-"));
          if (syntax.length > 0) broken++;
          if (syntax.length > 0 && syntax.length < codes.length) followed++;
        },
      ),
      { numRuns: 1500, seed: 7 },
    );
    expect(broken).toBeGreaterThan(400);
    // What is left are damages that cannot be told from what was meant, such as a line break in the middle of a name.
    expect(followed / broken).toBeLessThan(0.03);
  });
});

describe("large programs", () => {
  it("a thousand modules, each on top of the one before, take seconds at most", () => {
    const source = tower(1000);
    const start = performance.now();
    expect(check(source).messages).toBe("");
    // About one second on a free machine, most of it parsing; anything that grows with the square would take minutes.
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  it("deeply nested calls cost what they are long", () => {
    const depth = 60;
    const source = `function deep(x: f32[..]) {\n  return ${"tanh(".repeat(depth)}x${")".repeat(depth)} + ${"sum([".repeat(depth)}1${"])".repeat(depth)}\n}\n`;
    expect(check(source).messages).toBe("");
  });
});
