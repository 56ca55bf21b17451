/** Files with syntax errors: what a lost line would have said is no second mistake, and mistakes of other files are still told. */
import { describe, expect, it } from "vitest";
import { check } from "../support/check.ts";

const MODEL = `model Base {
  number rate = 0.1
  input x : f32[B, D]
  label y : f32[B]
  param map : f32[D] = 1
  y_hat = dot(x, map, axis = D)
  loss task = mean((y_hat - y)^2)
  output y_hat predicts y
}
`;
const TRAIN = `train Base {
  batch 8
  phase model {
    minimize task
    updates all
    with Adam(lr = 0.1)
  }
  epochs 5
}
`;
const IMPORT = `import "./base.mird" (Base)\n`;
/** A line that cannot be read, in a declaration that nothing else needs. */
const BROKEN = "function other(x: f32) {\n  return )\n}\n";

/** Codes of the mistakes that are not of the syntax. */
function codes(source: string, base: string, others: Readonly<Record<string, string>> = {}): string[] {
  const { codes: all } = check({ source, files: { ...others, "./base.mird": base } });
  expect(all.some((code) => code.startsWith("syntax-"))).toBe(true);
  return all.filter((code) => !code.startsWith("syntax-"));
}

describe("with a syntax error in the entry file, of the train block in another one is told", () => {
  it.each([
    ["a missing line", TRAIN.replace("  batch 8\n", ""), "incomplete-train"],
    ["a phase without an optimiser", TRAIN.replace(/ {4}with .*\n/, ""), "incomplete-phase"],
    ["an unknown name as a number", TRAIN.replace("epochs 5", "epochs many"), "unknown-name"],
    ["a selection of nothing", TRAIN.replace("updates all", "updates mapp"), "unknown-selection"],
    ["a metric that there is not", TRAIN.replace("epochs 5", "epochs 5\n  report mea"), "unknown-metric"],
  ])("%s", (_, train, code) => {
    expect(codes(`${IMPORT}${BROKEN}`, `${MODEL}${train}`)).toEqual([]);
    const source = `${IMPORT}model Other = Base with { rate = 0.2 }\n${BROKEN}`;
    expect(codes(source, `${MODEL}${train}`)).toEqual([code]);
  });
});

describe("with a syntax error in one declaration, what is wrong with the names of others is told", () => {
  it.each([
    ["an unknown name", "f32[D]) {\n  return x * factro", "unknown-name"],
    ["an unknown function", "f32[D]) {\n  return sqare(x)", "unknown-name"],
    ["an unknown size", "f32[D]) {\n  return expand(x, [Q, D])", "unknown-size"],
  ])("%s", (_, rest, code) => {
    expect(codes(`${BROKEN}function one(x: ${rest}\n}\n`, MODEL)).toEqual([code]);
    // A name that stands in what could not be read may have been declared there.
    const lost = BROKEN.replace(")", ") factro sqare Q");
    expect(codes(`${lost}function one(x: ${rest}\n}\n`, MODEL)).toEqual([]);
  });

  it("a method that a damaged module does not seem to have is no mistake", () => {
    const module =
      "module Part {\n  (x: f32[D]) -> f32[D] {\n    return x\n  }\n  other(x: f32[D] -> f32[D] {\n    return x\n  }\n}\n";
    const model = "model M {\n  input x : f32[B, D]\n  part = Part()\n  loss l = mean(part.other(x))\n}\n";
    expect(codes(`${module}${model}`, MODEL)).toEqual([]);
    expect(codes(`${module}${model.replace("Part()", "Parts()")}`, MODEL)).toEqual(["unknown-name"]);
    expect(codes(`${module}${model.replace("(x))", "(y))")}`, MODEL)).toEqual(["unknown-name"]);
  });
});

describe("one mistake, one message", () => {
  it.each([
    [
      "a `return` that cannot be read is not missed",
      "function f(x: f32) {\n  return (x\n}\n",
      "syntax-unclosed",
    ],
    [
      "a quote takes the closers of its line",
      'function f(x: f32) {\n  y = (x + "a)\n  return x\n}\n',
      "syntax-unclosed-text",
    ],
    [
      "a name of a builtin function that a lost line defines",
      "function f(x: f32) -> f32 {\n  shift = tanh(x $)\n  return shift\n}\n",
      "syntax-unknown-character",
    ],
  ])("%s", (_, source, code) => {
    expect(check(source).codes).toEqual([code]);
    expect(check(`${source}function g(y: f32) {\n  return f(y)\n}\n`).codes).toEqual([code]);
  });
});

describe("nothing more is said of what an unreadable line of an imported file would have given", () => {
  const changes = (lines: string) =>
    `${IMPORT}model Other = Base with { rate = 0.2 }\ntrain Other with { ${lines} }\n`;
  it.each([
    ["a line of the training", MODEL, TRAIN.replace("batch 8", "batch )"), "epochs 3"],
    ["a line of a phase", MODEL, TRAIN.replace("updates all", "updates )"), "phase model { clip norm 1 }"],
    ["the training", MODEL, TRAIN.replace("train Base", "train"), "epochs 3"],
    ["a parameter", MODEL.replace("f32[D] = 1", "f32[D = 1"), TRAIN, "phase model { updates map }"],
    ["a loss", MODEL.replace("mean((y_hat - y)^2)", ")"), TRAIN, "report task"],
    ["a setting", MODEL.replace("rate = 0.1", "rate = )"), TRAIN, "phase model { with Adam(lr = rate) }"],
  ])("%s", (_, model, train, lines) => {
    expect(codes(changes(lines), `${model}${train}`)).toEqual([]);
  });

  it.each([
    ["a setting", "number extra = )", "phase model { with Adam(lr = extra) }", "unknown-name"],
    ["a loss", "loss flat = )", "report flat", "unknown-metric"],
    ["a slot", "slot head : = Flat", "phase model { updates head }", "unknown-selection"],
  ])("%s, where it is all that a variant of a third file adds", (_, lost, lines, code) => {
    const source = `import "./wide.mird" (Wide)\nmodel Last = Wide with { rate = 0.2 }\ntrain Wide with { ${lines} }\n`;
    const wide = (members: string) => `${IMPORT}model Wide = Base with { ${members} }\n`;
    expect(codes(source, `${MODEL}${TRAIN}`, { "./wide.mird": wide(lost) })).toEqual([]);
    const told = codes(source, `${MODEL}${TRAIN}`, { "./wide.mird": `${wide("rate = 0.3")}${BROKEN}` });
    expect(told).toEqual([code]);
  });

  it("a slot that a variant of a third file adds", () => {
    const wide = `${IMPORT}interface Head {
  (x: f32[B, D]) -> f32[B]
}
model Wide = Base with { slot head : = Flat, loss flat = mean(map^2) }
`;
    const source = `import "./wide.mird" (Wide)\nmodel Last = Wide with { rate = 0.2 }\ntrain Wide with { phase model { updates head } }\n`;
    expect(codes(source, `${MODEL}${TRAIN}`, { "./wide.mird": wide })).toEqual([]);
  });
});
