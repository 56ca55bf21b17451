/** Syntax errors as the user sees them: each golden file holds a source and its messages. */
import { describe } from "vitest";
import { goldenTests } from "../support/golden.ts";
import { parse } from "../support/syntax.ts";

const inModel = (line: string): string => `model Mird {\n  ${line}\n}\n`;
const inMethod = (line: string): string =>
  `module Scale() {\n  (x: f32[..]) {\n    ${line}\n    return x\n  }\n}\n`;
const inPhase = (line: string): string => `train Mird {\n  phase model {\n    ${line}\n  }\n}\n`;

const sources: Readonly<Record<string, string>> = {
  "unclosed-parenthesis": inModel("z = concat(a, mean(b)\n  y = z"),
  "unclosed-bracket-in-call": inModel("z = concat([a, b, axis = D)"),
  "unclosed-brace": "module Scale() {\n  (x: f32) {\n    return x\n  }\n\nmodel Mird {\n  size d = 64\n}\n",
  "unclosed-inner-brace":
    "module Scale() {\n  (x: f32) {\n    y = x\n    return y\n}\n\nmodel Mird {\n  size d = 64\n}\n",
  "stray-parenthesis": inModel("z = mean(a))"),
  "stray-brace": "model Mird {\n  size d = 64\n  }\n}\n",
  "unknown-character": inModel("z = a ; b"),
  "foreign-letters": inModel("größe = 3"),
  "power-sign": inModel("z = a ** 2"),
  "block-comment": "/* a model */\nmodel Mird {\n}\n",
  "typographic-minus": inModel("z = a \u2212 b"),
  "control-characters": inModel("z = a \u0007\u202e b"),
  "number-without-leading-digit": inModel("number rate = .5"),
  "number-with-underscore": inModel("size d = 1_000"),
  "number-without-fraction": inModel("number rate = 1."),
  "number-with-letters": inModel("size d = 64d"),
  "number-too-large": inModel("number rate = 1e999"),
  "unclosed-text": 'import "./penalty.mird (Penalty)\n',
  "reserved-word": inModel("in = 3"),
  "missing-comma": inModel("z = concat(a b)"),
  "single-equals": inMethod("y = if x = 2 then x else 1"),
  "missing-else": inMethod("y = if bias then x"),
  "else-on-next-line": inMethod("y = if bias then x\n      else 1"),
  "operator-starts-line": inMethod("y = x\n      + 1"),
  "chained-comparison": inMethod("y = where(0 < x < 1, x, 0)"),
  "chained-range": inModel("z = [i for i in 1..2..3]"),
  index: inModel("z = a[0]"),
  "unknown-element-type": inModel("input audio : float32[B, D]"),
  "bound-on-floats": inModel("input audio : f32[B, D] < V"),
  "missing-value": inModel("z =\n  y = 3"),
  "missing-type": inModel("input text"),
  "parameter-without-type": inMethod("param weight = 3"),
  "two-statements-in-a-line": inModel("size d = 64 size e = 32"),
  "foreign-keyword": inModel("let z = mean(a)"),
  "line-of-a-phase": inModel("minimize task"),
  "mistyped-member": inModel("lable y : f32[B]"),
  "mistyped-declaration": "modul Linear(out: size) {\n}\n",
  "call-as-statement": inModel("print(z)"),
  "return-in-module": "module Scale() {\n  return 3\n}\n",
  "missing-return": "function relu(x: f32[..]) -> f32[..] {\n  y = where(x > 0, x, 0)\n}\n",
  "statement-after-return": "function relu(x: f32[..]) {\n  return x\n  y = 3\n}\n",
  "statement-below-method": "module Scale() {\n  (x: f32) {\n    return x\n  }\n  param s : f32 = 1\n}\n",
  "interface-without-result": "interface Penalty {\n  (x: f32[B, M], y: f32[B, N])\n}\n",
  "small-module-name": "module linear(out: size) {\n}\n",
  "capital-function-name": "function Relu(x: f32) {\n  return x\n}\n",
  "lone-comprehension": inModel("z = sum(e.bound for e in es, axis = D)"),
  "all-and-more": inPhase("updates all, penalty"),
  "bad-selection": "train Mird {\n  select best valid.mae\n}\n",
  "optimiser-without-call": inPhase("with Adam"),
  "too-deep": inModel(`z = ${"(".repeat(10_000)}a${")".repeat(10_000)}`),
  "head-and-body": "module Scale(s) {\n  (x: f32) {\n    y = x +\n    return y\n  }\n}\n",
  "several-at-once": [
    "import std.nn Linear",
    "",
    "model Mird {",
    "  size d = ",
    "  input text : ids[B, L~ < V",
    "  z = mean(text",
    "  y = z +* 2",
    "}",
    "",
    "train Mird {",
    "  phase 3 {",
    "    minimise z",
    "  }",
    "  epochs",
    "}",
    "",
  ].join("\n"),
};

describe("syntax errors", () => {
  const cases = Object.entries(sources).map(([name, text]) => {
    const shown = text.length > 2000 ? `${text.slice(0, 60)}…\n` : text;
    return [name, () => `${shown}${"─".repeat(40)}\n${parse(text).messages}`] as const;
  });
  goldenTests("syntax", Object.fromEntries(cases));
});
