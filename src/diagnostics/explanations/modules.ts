/** Explanations of mistakes with functions, modules, interfaces and lists. */
import { explanationsIn } from "./explanation.ts";

const penalty = "interface Penalty {\n  (x: f32[B, M], y: f32[B, N]) -> f32\n}\n";
const gap = `${penalty}module Gap(scale: number) implements Penalty {\n  (x: f32[B, M], y: f32[B, N]) {\n    return scale * (mean(x) - mean(y))\n  }\n}\n`;
const filled = (slot: string) =>
  `${gap}model M {\n  input x : f32[B, D]\n  slot penalty : Penalty = ${slot}\n  loss apart = penalty()(x, x)\n}`;
const block =
  "module Block {\n  (x: f32[B, D]) -> f32[B, D] {\n    param w : f32[D]\n    return x * w\n  }\n}\n";

export const moduleExplanations = [
  ...explanationsIn("file", [
    [
      "unknown-module-setting",
      "A table of weights compares a field of `config.json` with a setting of its module.",
      `${block}weights Public for Block {\n  config hidden_size = wide\n}`,
      `${block}weights Public for Block {\n  config model_type = "block"\n}`,
    ],
    [
      "weights-index",
      "What the path of a parameter has in brackets stands in braces in the name of its tensor.",
      `${block}weights Public for Block {\n  "layer.0.weight" = w[i]\n}`,
      `${block}weights Public for Block {\n  "layer.{i-1}.weight" = w[i]\n}`,
    ],
    [
      "param-not-allowed",
      "A function has no parameters of its own; modules and models do.",
      "function f(x: f32[B, D]) {\n  param w : f32[D] = 1\n  return x * w\n}",
      "module F {\n  (x: f32[B, D]) {\n    param w : f32[D] = 1\n    return x * w\n  }\n}",
    ],
    [
      "instance-not-allowed",
      "An instance owns parameters, so it is made in a module or model, not in a function or a phase.",
      `${block}function f(x: f32[B, D]) {\n  return Block()(x)\n}`,
      `${block}module F {\n  (x: f32[B, D]) {\n    return Block()(x)\n  }\n}`,
    ],
    [
      "no-methods",
      "A module or interface without a method has nothing that could be called.",
      "module F {\n  param w : f32[3]\n}",
      "module F {\n  param w : f32[3]\n  (x: f32[..]) {\n    return x * mean(w)\n  }\n}",
    ],
    [
      "duplicate-method",
      "A module has at most one unnamed method, and each other method has a name of its own.",
      "module F {\n  (x: f32[..]) {\n    return x\n  }\n  (y: f32[..]) {\n    return -y\n  }\n}",
      "module F {\n  (x: f32[..]) {\n    return x\n  }\n  back(y: f32[..]) {\n    return -y\n  }\n}",
    ],
    [
      "interface-mismatch",
      "A module lacks something that an interface asks for: a method, an argument, a setting or a part of the result, or accepts less than the interface promises to its users. The message lists every difference.",
      `${penalty}module Gap implements Penalty {\n  (x: f32[B, M]) {\n    return mean(x)\n  }\n}`,
      `${penalty}module Gap implements Penalty {\n  (x: f32[B, M], y: f32[B, N]) {\n    return mean(x) - mean(y)\n  }\n}`,
    ],
    [
      "missing-setting",
      "What fills a slot gives every setting of its own that has no default.",
      filled("Gap()"),
      filled("Gap(scale = 2)"),
    ],
    [
      "setting-given-later",
      "A setting that the interface has is given by whoever makes an instance from the slot, not where the slot is filled.",
      `interface Map(out: size) {\n  (x: f32[B, D]) -> f32[B, out]\n}\nmodule Repeat(out: size) implements Map {\n  (x: f32[B, D]) {\n    return expand(mean(x, axis = D), [B, out])\n  }\n}\nmodel M {\n  input x : f32[B, D]\n  slot map : Map = Repeat(out = 3)\n  loss level = mean(map(3)(x))\n}`,
      `interface Map(out: size) {\n  (x: f32[B, D]) -> f32[B, out]\n}\nmodule Repeat(out: size) implements Map {\n  (x: f32[B, D]) {\n    return expand(mean(x, axis = D), [B, out])\n  }\n}\nmodel M {\n  input x : f32[B, D]\n  slot map : Map = Repeat()\n  loss level = mean(map(3)(x))\n}`,
    ],
    [
      "not-a-module",
      "A slot or a setting of interface type is filled by a module with its settings.",
      filled("32"),
      filled("Gap(32)"),
    ],
    [
      "slot-with-settings",
      "A slot holds a module with its settings; it is passed on by its name alone.",
      `${gap}module Twice(part: Penalty) {\n  (x: f32[B, D]) {\n    return 2 * part()(x, x)\n  }\n}\nmodule Use(part: Penalty) {\n  (x: f32[B, D]) {\n    return Twice(part(scale = 2))(x)\n  }\n}`,
      `${gap}module Twice(part: Penalty) {\n  (x: f32[B, D]) {\n    return 2 * part()(x, x)\n  }\n}\nmodule Use(part: Penalty) {\n  (x: f32[B, D]) {\n    return Twice(part)(x)\n  }\n}`,
    ],
    [
      "empty-slot",
      "A model can be built only when a module fills each of its slots: by default, in a variant, or with `--set`.",
      `${gap}model M {\n  input x : f32[B, D]\n  slot penalty : Penalty\n  loss apart = penalty()(x, x)\n}`,
      filled("Gap(1)"),
    ],
    [
      "wrong-default",
      "The default of a setting is of the setting's kind.",
      "module F(twice: flag = 2) {\n  (x: f32[..]) {\n    return if twice then 2 * x else x\n  }\n}",
      "module F(twice: flag = true) {\n  (x: f32[..]) {\n    return if twice then 2 * x else x\n  }\n}",
    ],
    [
      "tensor-default",
      "Only static arguments have defaults; a tensor is given in every call.",
      "function f(x: f32[..], by: f32 = 0) {\n  return x + by\n}",
      "function f(x: f32[..], by: number = 0) {\n  return x + by\n}",
    ],
    [
      "module-argument",
      "Modules are settings of a module, given when an instance is made; they are not arguments of a method or function.",
      `${penalty}module F {\n  (x: f32[B, D], part: Penalty) {\n    return mean(x)\n  }\n}`,
      `${penalty}module F(part: Penalty) {\n  (x: f32[B, D]) {\n    return part()(x, x)\n  }\n}`,
    ],
    [
      "wrong-result",
      "What is returned does not have the declared type. The result type may be left out; where it stands it is checked.",
      "function f(x: f32[B, T, D]) -> f32[B, D] {\n  return mean(x, axis = D)\n}",
      "function f(x: f32[B, T, D]) -> f32[B, D] {\n  return mean(x, axis = T)\n}",
    ],
    [
      "wrong-return",
      "Functions and methods give tensors: one, or several as a record.",
      "function f(x: f32[B, D]) {\n  return [x, -x]\n}",
      "function f(x: f32[B, D]) {\n  return concat(x, -x)\n}",
    ],
    [
      "return-needs-name",
      "The fields of a returned record have names: those of the values behind `return`, or those that are written before them, as in `return y, z = 2 * y`.",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return y, 2 * y\n}",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return y, z = 2 * y\n}",
    ],
    [
      "duplicate-field",
      "Every field of a record has a name of its own.",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return y, y\n}",
      "function f(x: f32[..]) {\n  y = tanh(x)\n  return x, y\n}",
    ],
    [
      "chain-changes-type",
      "In a `chain` whose length a setting decides, every instance gives the type that it is called with.",
      "module Halve {\n  (x: f32[B, D]) {\n    return mean(x, axis = D)\n  }\n}\nmodule F(n: size) {\n  (x: f32[B, D]) {\n    return chain([Halve() for _ in 1..n], x)\n  }\n}",
      `${block}module F(n: size) {\n  (x: f32[B, D]) {\n    return chain([Block() for _ in 1..n], x)\n  }\n}`,
    ],
    [
      "not-chainable",
      "Every link of a `chain` takes one tensor and gives one tensor.",
      "module Meet {\n  (x: f32[..], y: f32[..]) {\n    return x + y\n  }\n}\nmodule F {\n  (x: f32[..]) {\n    return chain([Meet()], x)\n  }\n}",
      `${block}module F {\n  (x: f32[B, D]) {\n    return chain([Block()], x)\n  }\n}`,
    ],
    [
      "range-end",
      "`a..b` is the list of the whole numbers from `a` to `b`; both ends are whole numbers or sizes.",
      "function f(x: f32[..], n: number) {\n  return sum(x * i for i in 1..n)\n}",
      "function f(x: f32[..], n: size) {\n  return sum(x * i for i in 1..n)\n}",
    ],
    [
      "varying-type",
      "The elements of a list whose length a setting decides all have one type, so no size in it may change from turn to turn.",
      "function f(x: f32[B], n: size) {\n  return sum(mean(part) for part in [expand(x, [2 * i]) for i in 1..n])\n}",
      "function f(x: f32[B], n: size) {\n  return sum(mean(part) for part in [expand(x, [2 * n]) for i in 1..n])\n}",
    ],
    [
      "unknown-length",
      "`concat` and `stack` give a size that depends on how many tensors there are, so the list's length is known without settings.",
      "function f(x: f32[B, D], n: size) {\n  return concat([x * i for i in 1..n])\n}",
      "function f(x: f32[B, D]) {\n  return concat([x * i for i in 1..3])\n}",
    ],
  ]),
  ...explanationsIn("model", [
    [
      "not-a-list",
      "`for`, `zip`, `chain` and `pairs` of one value go through a list, not through a tensor.",
      "h = sum(v for v in x)",
      "h = sum(v for v in [x, -x])",
    ],
    ["empty-list", "The sum, mean or maximum of an empty list has no value.", "h = sum([])", "h = sum([x])"],
    [
      "destructure-mismatch",
      "Each element of the list is taken apart into the names before `in`, so there are as many names as parts.",
      "h = sum(a - b for a, b in [x, -x])",
      "h = sum(a - b for a, b in pairs(x, -x))",
    ],
    [
      "zip-lengths",
      "`zip` pairs two lists one to one, so both are equally long.",
      "h = sum(a * i for a, i in zip([x, x], 1..3))",
      "h = sum(a * i for a, i in zip([x, x], 1..2))",
    ],
    [
      "param-element",
      "Training moves parameters in small steps, so they hold `f32`.",
      "param w : bool[D]",
      "param w : f32[D]",
    ],
    [
      "wrong-initial-value",
      "A parameter starts as a number that is known at compile time, or as `uniform(low, high)`, `normal(mean, std)` or `orthogonal(gain)`.",
      "param w : f32[D] = x",
      "param w : f32[D] = normal(0, 0.02)",
    ],
    [
      "initialiser-axes",
      "`orthogonal` makes the rows of a matrix perpendicular, so the parameter has two or more axes.",
      "param w : f32[D] = orthogonal(1)",
      "param w : f32[D, D] = orthogonal(1)",
    ],
    [
      "initialiser-elsewhere",
      "`uniform`, `normal` and `orthogonal` say how a parameter starts. Random numbers in every step come from `uniform_like(x)` and `normal_like(x)`.",
      "h = x + normal(0, 1)",
      "h = x + normal_like(x)",
    ],
  ]),
];
