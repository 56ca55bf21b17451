/** What passes the checker can be built: every program here is checked without an error and then elaborated, with its gradients, at small sizes. */
import { describe, expect, it } from "vitest";
import { iterationGraph, placeParameters } from "../../src/driver/iteration.ts";
import { check } from "../support/check.ts";

const wrap = (declarations: string, statements: string) => `import std.nn (Linear, Mlp)
${declarations}
model M {
  size d = 4
  size n = 2
  flag deep = true
  input x : f32[B, D]
  input audio : f32[B, T~, Da]
  param shift : f32 = 0
${statements}
}
train M {
  batch 4
  phase all_of_it {
    minimize out + shift
    updates all
    with Sgd(lr = 0.1)
  }
  epochs 1
}
`;

const sizes = new Map(Object.entries({ B: 4, L: 5, T: 6, D: 8, Da: 3, V: 7 }));

const cases: Readonly<Record<string, string>> = {
  lazyRename: wrap("", ` y = rename(x, B = J)\n z = expand(mean(x, axis = D), [B, J])\n loss out = mean(z)`),
  renameInReturn: wrap(
    `function g(x: f32[B, D]) {\n a = dot(x, rename(x, B = J), axis = D)\n return mean(a, axis = J)\n}`,
    ` loss out = mean(g(x) + g(x))`,
  ),
  power: wrap("", ` k = d ^ 2\n m = d * d\n param w : f32[m, D]\n loss out = mean(dot(x, w, axis = D)) * k`),
  ifNumber: wrap("", ` k = if deep then 2 else 3\n loss out = mean(x) * k`),
  ifInstance: wrap("", ` f = if deep then Linear(d) else Linear(d)\n loss out = mean(f(x))`),
  ifList: wrap("", ` f = if deep then [x, x] else [tanh(x), x]\n loss out = mean(sum(f))`),
  tuples: wrap("", ` ps = pairs([x, tanh(x), -x])\n loss out = sum(mean(a * b) for a, b in ps)`),
  nested: wrap(
    "",
    ` ws = [[Linear(k)(x) for k in 1..2] for j in 1..2]\n loss out = sum(sum(mean(w) for w in row) for row in ws)`,
  ),
  chainRange: wrap("", ` blocks = [Mlp(d, d) for _ in 1..n]\n loss out = mean(chain(blocks, Linear(d)(x)))`),
  zipSeq: wrap(
    "",
    ` hs = [Linear(d) for i in 1..n]\n loss out = sum(mean(h(x)) * i for h, i in zip(hs, 1..n))`,
  ),
  sizeArgs: wrap(
    `function f(x: f32[k, D], k: size) {\n return sum(x, axis = k)\n}`,
    ` loss out = mean(f(x, B))`,
  ),
  restChain: wrap(
    `function f(x: f32[.., D], y: f32[..]) -> f32[..] {\n return mean(x, axis = D) + y\n}`,
    ` a = f(audio, mean(audio, axis = Da))\n loss out = mean(a)`,
  ),
  unitColumn: wrap("", ` c = Linear(1)(x)\n v = mean(x, axis = D)\n loss out = mean(c - v)`),
  methods: wrap(
    `module C(w: size) {\n inner = Linear(w)\n enc(x: f32[B, D]) { return inner(x) }\n both(x: f32[B, D]) {\n a = inner(x)\n b = tanh(a)\n return a, b\n }\n}`,
    ` c = C(d)\n r = c.both(x)\n loss out = mean(c.enc(x) + r.a * r.b)`,
  ),
  passSlot: wrap(
    `interface Act {\n (x: f32[..]) -> f32[..]\n}\nmodule Tanh implements Act {\n (x: f32[..]) { return tanh(x) }\n}\nmodule O(act: Act = Tanh()) {\n (x: f32[B, D]) { return I(act)(x) }\n}\nmodule I(act: Act) {\n (x: f32[B, D]) { return act()(x) }\n}`,
    ` slot act : Act = Tanh\n loss out = mean(O()(x)) + mean(O(act)(x)) + mean(O(Tanh)(x)) + mean(act()(audio))`,
  ),
  raggedVariant: wrap(
    `function f(x: f32[B, T, D]) { return concat(x, x) }\nfunction g(x: f32[B, T, D], y: f32[B, T]) { return mean(f(x * y), axis = T) }`,
    ` loss out = mean(g(audio, mean(audio, axis = Da)))`,
  ),
  moduleLevelSize: wrap(
    `module S(w: size) {\n half = w / 2\n param k : f32[half, 2]\n (x: f32[B, D]) { return mean(x) + mean(merge(k, [half, 2])) }\n}`,
    ` loss out = S(d)(x)`,
  ),
  quotient: wrap(
    `module H(w: size, heads: size) {\n (x: f32[B, D]) {\n q = split(Linear(w)(x), axis = w, into = [heads, w / heads])\n return mean(merge(q, [heads, w / heads]) + Linear(w)(x))\n }\n}`,
    ` loss out = H(6, 3)(x)`,
  ),
  ids: wrap("", ` input t : ids[B, L~] < V\n loss out = mean(one_hot(t)) + mean(float(t < 3))`),
  flags: wrap("", ` f = deep and n > 1 or not deep\n loss out = mean(if f == deep then x else -x)`),
  unaryModel: wrap(
    `module U implements Q {\n (x: f32[..], k: number) { return x * k }\n}\ninterface Q {\n (x: f32[..], k: number) -> f32[..]\n}`,
    ` slot q : Q = U()\n loss out = mean(q()(k = 2, x = x))`,
  ),
  pairsSeq: wrap(
    "",
    ` hs = [Linear(d)(x) for i in 1..n]\n loss out = sum(mean(a * b) for a, b in pairs(hs)) + mean(max(hs))`,
  ),
};
describe("checked programs", () => {
  it.each(Object.entries(cases))("%s can be built", (_, source) => {
    const { program, problems } = check(source);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    const model = program.chosen;
    const train = model?.train;
    if (model == null || train == null) throw new Error("the program has no model to train");
    const setup = { model, train, sizes, dataRows: 10 };
    expect(iterationGraph(setup, placeParameters(setup)).losses.map(({ name }) => name)).toContain("out");
  });
});
