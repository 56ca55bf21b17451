/** Explanations of mistakes in the form of a spec. */
import { explanationsIn } from "./explanation.ts";

export const syntaxExplanations = [
  ...explanationsIn("file", [
    [
      "syntax-unexpected",
      "Something stands where the grammar has no place for it. The message says what could stand there.",
      "function f(x: f32[..]) {\n  return x x\n}",
      "function f(x: f32[..]) {\n  return x * x\n}",
    ],
    [
      "syntax-incomplete",
      "Something is missing: a value, a name, or the rest of a statement.",
      "function f(x: f32[..]) {\n  y =\n  return x\n}",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return y\n}",
    ],
    [
      "syntax-unclosed",
      "A bracket is opened and never closed.",
      "function f(x: f32[..]) {\n  return tanh(x\n}",
      "function f(x: f32[..]) {\n  return tanh(x)\n}",
    ],
    [
      "syntax-unopened",
      "A bracket is closed that was never opened.",
      "function f(x: f32[..]) {\n  return x)\n}",
      "function f(x: f32[..]) {\n  return x\n}",
    ],
    [
      "syntax-unclosed-text",
      "Quoted text ends in the line in which it begins.",
      'import "./mine.mird (Part)',
      "import std.nn (Linear)",
    ],
    [
      "syntax-unknown-character",
      "A character is not part of the language.",
      "function f(x: f32[..]) {\n  return x ? 1\n}",
      "function f(x: f32[..]) {\n  return x + 1\n}",
    ],
    [
      "syntax-bad-number",
      "Digits do not form a number: numbers look like `64`, `0.5` and `1e-3`.",
      "function f(x: f32[..]) {\n  return .5 * x\n}",
      "function f(x: f32[..]) {\n  return 0.5 * x\n}",
    ],
    [
      "syntax-reserved-word",
      "`if`, `then`, `else`, `for`, `in`, `not`, `and`, `or`, `true`, `false`, `param` and `return` cannot be names.",
      "function f(x: f32[..]) {\n  for = tanh(x)\n  return x\n}",
      "function f(x: f32[..]) {\n  return x\n}",
    ],
    [
      "syntax-name-case",
      "Names of modules, interfaces and models start with a capital letter, names of functions with a small one.",
      "function Half(x: f32[..]) {\n  return x / 2\n}",
      "function half(x: f32[..]) {\n  return x / 2\n}",
    ],
    [
      "syntax-missing-comma",
      "The items of a list or call are separated by commas.",
      "function f(x: f32[B, D]) {\n  return concat(x x)\n}",
      "function f(x: f32[B, D]) {\n  return concat(x, x)\n}",
    ],
    [
      "syntax-line-start",
      "A statement ends at the end of its line, unless the line ends with an operator; so no line starts with an operator.",
      "function f(x: f32[..]) {\n  y = x\n    + 1\n  return y\n}",
      "function f(x: f32[..]) {\n  y = x +\n    1\n  return y\n}",
    ],
    [
      "syntax-chained-comparison",
      "Comparisons do not chain: `a < b < c` is written as two comparisons.",
      "function f(x: f32[..]) {\n  return float(0 < x < 1)\n}",
      "function f(x: f32[..]) {\n  return float(0 < x and x < 1)\n}",
    ],
    [
      "syntax-comprehension",
      "`… for x in …` leaves out its brackets only where it is the one argument of a call.",
      "function f(x: f32[B, D]) {\n  return concat(x, v for v in [x])\n}",
      "function f(x: f32[B, D]) {\n  return sum(v for v in [x])\n}",
    ],
    [
      "syntax-missing-return",
      "Every function and method ends with one `return`.",
      "function f(x: f32[..]) {\n  y = tanh(x)\n}",
      "function f(x: f32[..]) {\n  return tanh(x)\n}",
    ],
    [
      "syntax-after-return",
      "`return` is the last statement of a body.",
      "function f(x: f32[..]) {\n  return x\n  y = 2\n}",
      "function f(x: f32[..]) {\n  y = 2 * x\n  return y\n}",
    ],
    [
      "syntax-missing-result",
      "A method of an interface says what it gives, since it has no body that would show it.",
      "interface Map {\n  (x: f32[..])\n}",
      "interface Map {\n  (x: f32[..]) -> f32[..]\n}",
    ],
    [
      "syntax-order",
      "Statements that all methods share stand above the first method of a module.",
      "module F {\n  (x: f32[..]) {\n    return x\n  }\n  param w : f32\n}",
      "module F {\n  param w : f32\n  (x: f32[..]) {\n    return x * w\n  }\n}",
    ],
    [
      "syntax-unknown-type",
      "Tensors hold `f32`, `ids`, `class` or `bool`; settings are a `size`, a `number`, a `flag` or of an interface.",
      "function f(x: float[B]) {\n  return x\n}",
      "function f(x: f32[B]) {\n  return x\n}",
    ],
    [
      "syntax-bound",
      "Only `ids` and `class` have a bound.",
      "function f(x: f32[B] < C) {\n  return x\n}",
      "function f(x: ids[B] < C) {\n  return one_hot(x)\n}",
    ],
    [
      "syntax-too-deep",
      "A value has more brackets inside each other than mird reads in one piece. Give parts of it names of their own.",
      `function f(x: f32) {\n  return ${"(".repeat(400)}x${")".repeat(400)}\n}`,
      "function f(x: f32) {\n  return x\n}",
    ],
  ]),
  ...explanationsIn("phase", [
    [
      "syntax-selection",
      "`all` already takes every parameter; only `except` can follow it.",
      "updates all, map",
      "updates all",
    ],
  ]),
];
