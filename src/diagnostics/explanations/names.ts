/** Explanations of mistakes with names, files and calls. */
import { explanationsIn } from "./explanation.ts";

export const nameExplanations = [
  ...explanationsIn("model", [
    [
      "unknown-name",
      "A name stands for nothing here: it is misspelt, not imported, or belongs to another module. Every file imports what it uses.",
      "h = tanh(z)",
      "h = tanh(x)",
    ],
    [
      "used-too-early",
      "Statements are read from top to bottom, so a value is defined above the statements that use it.",
      "h = 2 * g\ng = tanh(x)",
      "g = tanh(x)\nh = 2 * g",
    ],
    [
      "duplicate-name",
      "Names never change: each value, setting, phase and declaration has a name of its own.",
      "h = tanh(x)\nh = sigmoid(h)",
      "h = tanh(x)\ng = sigmoid(h)",
    ],
    [
      "reserved-name",
      "`all` (every parameter), `B` (the batch axis) and the names of metrics have a fixed meaning where names of a model are used.",
      "all = mean(x)",
      "level = mean(x)",
    ],
    [
      "not-called",
      "A function or method is not a value; its result is. Put its arguments in parentheses behind the name.",
      "h = x - mean",
      "h = x - mean(x)",
    ],
    [
      "not-callable",
      "Only modules, slots, instances and functions can be called. A value that has the name of a builtin function hides that function.",
      "h = x(2)",
      "h = x * 2",
    ],
    [
      "no-fields",
      "Only records have fields, such as the result of a function that returns several values. What is inside an instance cannot be read from outside.",
      "h = x.first",
      "h = at(x, axis = D, index = 0)",
    ],
    [
      "unknown-argument",
      "The function or module that is called has no argument of this name.",
      "h = dropout(x, p = 0.5)",
      "h = dropout(x, rate = 0.5)",
    ],
    [
      "missing-argument",
      "An argument without a default was not given.",
      "h = dropout(x)",
      "h = dropout(x, 0.5)",
    ],
    [
      "duplicate-argument",
      "An argument was given twice, for example once by its place and once by its name.",
      "h = dropout(x, 0.5, rate = 0.1)",
      "h = dropout(x, 0.5)",
    ],
    [
      "too-many-arguments",
      "More arguments were given than the function or module accepts.",
      "h = minimum(x, 0, 1)",
      "h = minimum(maximum(x, 0), 1)",
    ],
    [
      "argument-order",
      "Arguments without a name come first, in the order of the declaration. Behind a named argument every other one needs its name.",
      "h = dropout(rate = 0.5, x)",
      "h = dropout(x, rate = 0.5)",
    ],
    [
      "wrong-argument",
      "An argument is of another kind than the one that is asked for: a tensor where a number is needed, a record where a tensor is needed, and so on.",
      "h = dropout(x, y)",
      "h = dropout(x, 0.5)",
    ],
    [
      "number-range",
      "A number is outside the range in which it makes sense.",
      "h = dropout(x, 50)",
      "h = dropout(x, 0.5)",
    ],
    [
      "nothing-to-recompute",
      "`recompute(y, x…)` is y, computed again from x… for its derivative, so that y is made of the values that follow it: the inputs of a block.",
      "h = recompute(exp(x))",
      "h = recompute(exp(x), x)",
    ],
  ]),
  ...explanationsIn("file", [
    [
      "hidden-name",
      "A local name may not hide a module or function of the file: one name means one thing. (Builtin functions may be hidden.)",
      "function half(x: f32[..]) {\n  return x / 2\n}\nfunction quarter(x: f32[..]) {\n  half = half(x)\n  return half / 2\n}",
      "function half(x: f32[..]) {\n  return x / 2\n}\nfunction quarter(x: f32[..]) {\n  return half(half(x))\n}",
    ],
    [
      "wrong-kind",
      "A name stands for another kind of declaration than the place asks for: an interface where a value is needed, a module where an interface is needed.",
      "function half(x: f32[..]) {\n  return x / 2\n}\nmodule Half implements half {\n  (x: f32[..]) {\n    return half(x)\n  }\n}",
      "interface Map {\n  (x: f32[..]) -> f32[..]\n}\nmodule Half implements Map {\n  (x: f32[..]) {\n    return x / 2\n  }\n}",
    ],
    [
      "missing-file",
      "An import names a file that does not exist. A quoted path is relative to the folder of the importing file; `std.…` is the standard library.",
      "import std.layers (Linear)",
      "import std.nn (Linear)",
    ],
    [
      "missing-import",
      "The imported file does not declare this name. Names that a file imports itself are not passed on.",
      "import std.nn (Lineer)",
      "import std.nn (Linear)",
    ],
    [
      "unused-import",
      "A warning: nothing in the file mentions an imported name.",
      "import std.nn (Linear, relu)\n\nfunction f(x: f32[..]) {\n  return relu(x)\n}",
      "import std.nn (relu)\n\nfunction f(x: f32[..]) {\n  return relu(x)\n}",
    ],
    [
      "unused-name",
      "A warning: nothing reads a value, parameter or input. Remove it, or let its name begin with `_` to say that this is meant.",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return x\n}",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return y\n}",
    ],
    [
      "unknown-method",
      "The module that the instance was made from has no method of this name.",
      "module Coder {\n  encode(x: f32[..]) {\n    return tanh(x)\n  }\n}\nmodule Use {\n  (x: f32[..]) {\n    return Coder().encod(x)\n  }\n}",
      "module Coder {\n  encode(x: f32[..]) {\n    return tanh(x)\n  }\n}\nmodule Use {\n  (x: f32[..]) {\n    return Coder().encode(x)\n  }\n}",
    ],
    [
      "unknown-field",
      "The record has no field of this name. Its fields are called like the names behind `return`.",
      "function ends(x: f32[B, T]) {\n  low = min(x, axis = T)\n  high = max(x, axis = T)\n  return low, high\n}\nfunction f(x: f32[B, T]) {\n  return ends(x).top\n}",
      "function ends(x: f32[B, T]) {\n  low = min(x, axis = T)\n  high = max(x, axis = T)\n  return low, high\n}\nfunction f(x: f32[B, T]) {\n  return ends(x).high\n}",
    ],
    [
      "recursion",
      "A module or function contains itself, directly or through others. Everything is unrolled before anything runs, so this would never end. Repetition is a list: `chain([Block() for _ in 1..layers], x)`.",
      "function f(x: f32[..]) -> f32[..] {\n  return f(x - 1)\n}",
      "function f(x: f32[..]) -> f32[..] {\n  return x - 1\n}",
    ],
  ]),
];
