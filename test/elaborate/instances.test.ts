/** Instances: paths of parameters, sharing, slots, comprehensions. */
import { expect, test } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import { TestModel } from "../support/elaborate.ts";

const two = { sizes: { B: 2, D: 2 }, inputs: { x: { values: [1, 2, 3, 4] } } };

test("a parameter is called after the statements that lead to it", () => {
  const model = new TestModel(
    `import std.nn (Linear, Mlp)
model M {
  input x : f32[B, D]
  layer = Linear(2)
  once = layer(x)
  pair = Linear(2)(x) + Linear(2)(x)
  deep = Mlp(3, 2)(x)
}`,
    two,
  );
  expect(model.paths("once")).toEqual(["layer.weight", "layer.offset"]);
  expect(model.paths("pair").slice(2)).toEqual([
    "pair.1.weight",
    "pair.1.offset",
    "pair.2.weight",
    "pair.2.offset",
  ]);
  expect(model.paths("deep").slice(6).sort()).toEqual([
    "deep.first.offset",
    "deep.first.weight",
    "deep.second.offset",
    "deep.second.weight",
  ]);
});

test("a branch that is not chosen and a parameter that nothing reads are not made", () => {
  const model = new TestModel(
    `import std.nn (Linear)
model M {
  flag wide = false
  input x : f32[B, D]
  unread = Linear(7)(x)
  y = if wide then Linear(2)(x) else Linear(2, bias = false)(x)
}`,
    two,
  );
  expect(model.paths("y")).toEqual(["y.2.weight"]);
});

test("an instance shares its parameters, a fresh one does not", () => {
  const model = new TestModel(
    `import std.nn (Linear)
model M {
  input x : f32[B, D]
  layer = Linear(2)
  same = sum((layer(x) - layer(x)) ^ 2)
  fresh = sum((Linear(2)(x) - Linear(2)(x)) ^ 2)
}`,
    two,
  );
  expect(model.values("same")).toEqual([0]);
  expect(model.values("fresh")[0]).toBeGreaterThan(0);
});

test("methods of one instance share what stands before them", () => {
  const model = new TestModel(
    `import std.nn (Linear)
module Tied {
  weights = Linear(2, bias = false)
  (x: f32[B, D]) -> f32[B, 2] {
    return weights(x)
  }
  again(x: f32[B, D]) -> f32[B, 2] {
    return weights(x)
  }
}
model M {
  input x : f32[B, D]
  tied = Tied()
  gap = sum(abs(tied(x) - tied.again(x)))
}`,
    two,
  );
  expect(model.values("gap")).toEqual([0]);
  expect([...model.requests.keys()]).toEqual(["tied.weights.weight"]);
});

const slotted = `import std.nn (Linear)
interface Map(out: size) {
  (x: f32[B, D]) -> f32[B, out]
}
module Plain(out: size, bias: flag = true) implements Map {
  inner = Linear(out, bias)
  (x: f32[B, D]) -> f32[B, out] {
    return inner(x)
  }
}
module Twice(out: size, factor: number = 2) implements Map {
  (x: f32[B, D]) -> f32[B, out] {
    return factor * Linear(out)(x)
  }
}
model M {
  input x : f32[B, D]
  slot map : Map = Plain(bias = false)
  y = map(3)(x)
}
model Other = M with { map = Twice(factor = 5) }`;

test("a slot is filled with a module, whose parameters remember it", () => {
  const model = new TestModel(slotted, two);
  expect(model.shape("y")).toEqual([2, 3]);
  expect([...model.requests].map(([path, { slots }]) => [path, slots])).toEqual([
    ["y.inner.weight", ["map"]],
  ]);
});

test("a variant fills the slot otherwise", () => {
  const model = new TestModel({ source: slotted, model: "Other" }, two);
  expect(model.paths("y").sort()).toEqual(["y.return.offset", "y.return.weight"]);
  expect(model.shape("y")).toEqual([2, 3]);
});

test("comprehensions make an instance for each turn, named by its items", () => {
  const model = new TestModel(
    `import std.penalty (Club, Penalty)
import std.nn (Linear)
model M {
  input x : f32[B, D]
  slot penalty : Penalty = Club(4)
  z_a = Linear(2)(x)
  z_b = Linear(2)(x)
  z_c = Linear(2)(x)
  estimators = [penalty()(a, b) for a, b in pairs(z_a, z_b, z_c)]
  numbered = [Linear(2)(x) for i in 1..2]
  loss mi = sum(e.bound for e in estimators)
  total = sum(numbered)
}`,
    two,
  );
  const { node, terms } = model.model.loss("mi");
  expect(terms.map(({ name }) => name)).toEqual(["mi[z_a,z_b]", "mi[z_a,z_c]", "mi[z_b,z_c]"]);
  const sum = terms.reduce((total, term) => total + (model.evaluate(term.node)[0] ?? 0), 0);
  expect(model.evaluate(node)[0]).toBeCloseTo(sum, 12);
  const estimators = [...model.requests.values()].filter(({ slots }) => slots.includes("penalty"));
  expect(new Set(estimators.map(({ path }) => path.split(".")[0]))).toEqual(
    new Set(["estimators[z_a,z_b]", "estimators[z_a,z_c]", "estimators[z_b,z_c]"]),
  );
  expect(model.paths("total").slice(-4)).toEqual([
    "numbered[1].weight",
    "numbered[1].offset",
    "numbered[2].weight",
    "numbered[2].offset",
  ]);
});

test("`chain` leads through every block", () => {
  const model = new TestModel(
    `module Add(step: number) {
  (x: f32[B, D]) -> f32[B, D] {
    return x + step
  }
}
model M {
  input x : f32[B, D]
  blocks = [Add(i) for i in 1..3]
  y = chain(blocks, x)
}`,
    two,
  );
  expect(model.values("y")).toEqual([7, 8, 9, 10]);
});

test("initial values are arithmetic on sizes", () => {
  const model = new TestModel(
    "import std.nn (Linear)\nmodel M {\n  input x : f32[B, D]\n  y = Linear(2)(x)\n}",
    { sizes: { B: 2, D: 4 }, inputs: { x: { values: [1, 2, 3, 4, 5, 6, 7, 8] } } },
  );
  model.model.value("y");
  expect(model.requests.get("y.weight")?.initialiser).toEqual({ kind: "uniform", low: -0.5, high: 0.5 });
});

function problemsOf(run: () => unknown): UserError["problems"] {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  return [];
}

const codesOf = (run: () => unknown) => problemsOf(run).map(({ code }) => code);
const hintsOf = (run: () => unknown) => problemsOf(run).map(({ hint }) => hint);

test("sizes that do not divide, and sizes without a value, are the user's to mend", () => {
  const heads = `model M {
  size heads = 3
  input x : f32[B, D]
  y = split(x, axis = D, into = [heads, D / heads])
}`;
  const run = (sizes: Record<string, number>) => () =>
    new TestModel(heads, { sizes, inputs: { x: { values: [] } } }).model.value("y");
  expect(codesOf(run({ B: 1, D: 4 }))).toEqual(["size-not-whole"]);
  expect(codesOf(run({ B: 1 }))).toEqual(["unbound-size"]);
  expect(codesOf(run({ B: 1, D: 6 }))).toEqual([]);
});

test("what goes wrong with numbers inside the library is traced to the call of the user's file", () => {
  const model = `import std.attention (SelfEncoder)
function half(z: f32[B, T, D]) -> f32[B, T, D] {
  return z / 2
}
model M {
  size heads = 3
  input x : f32[B, T, D]
  encode = SelfEncoder(layers = 1, heads = heads)
  y = half(encode(x))
}`;
  const run = () =>
    new TestModel(model, { sizes: { B: 1, T: 2, D: 4 }, inputs: { x: { values: [] } } }).model.value("y");
  const [problem] = problemsOf(run);
  expect(problem).toMatchObject({
    code: "size-not-whole",
    primary: { span: { source: { path: "specs/std/sequence.mird" } } },
  });
  const places = problem?.related.map(({ span: { source, start, end } }) => source.text.slice(start, end));
  expect(places).toEqual(["encode(x)"]);
});

test("every size without a value is reported, and `--set` offered only where the model declares it", () => {
  const model = `model M {
  size d
  input x : f32[B, T~, D]
  y = mean(x, axis = T)
}`;
  const run = () => new TestModel(model, { sizes: { B: 1, T: 2 }, inputs: { x: { values: [] } } });
  expect(hintsOf(run)).toEqual([
    "Pass a dataset with `--data DIR`, or `--set d=…`, or give it a default in the model: `size d = …`.",
    "Pass a dataset with `--data DIR`, or give it a default in the model: `size D = …`.",
  ]);
});

test("a slice beyond the end of its axis is the user's to mend", () => {
  const cut = (statement: string) => () =>
    new TestModel(`model M {\n  size n = 3\n  input x : f32[B, D]\n  y = ${statement}\n}`, two).model.value(
      "y",
    );
  expect(codesOf(cut("slice(x, axis = D, from = 0, size = n)"))).toEqual(["slice-range"]);
  expect(codesOf(cut("at(x, axis = D, index = n)"))).toEqual(["slice-range"]);
  expect(codesOf(cut("at(x, axis = D, index = n - 2)"))).toEqual([]);
});

test("instances made while a method returns are told apart, from one another and from those of every statement", () => {
  const model = new TestModel(
    `import std.nn (Linear)
module Pair {
  (x: f32[B, D]) {
    result = Linear(3)(x)
    return a = Linear(4)(result), b = Linear(4)(result)
  }
}
model M {
  input x : f32[B, D]
  both = Pair()(x)
  y = both.a + both.b
}`,
    two,
  );
  const made = ["both.return.1", "both.return.2", "both.result"];
  expect(model.paths("y").sort()).toEqual(
    made.flatMap((path) => [`${path}.offset`, `${path}.weight`]).sort(),
  );
});
