/** Programs that are right, or wrong in several places: what is accepted, what is inferred, and in which order problems come. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { libraryParts } from "../../src/check/library.ts";
import { printChecked } from "../../src/check/print-checked.ts";
import { check } from "../support/check.ts";

const specs = join(dirname(fileURLToPath(import.meta.url)), "../../specs");
const lines = (source: string) =>
  printChecked(check(source).program)
    .split("\n")
    .map((line) => line.trim());

/** Each of these is a whole program without a single message. */
const good: Readonly<Record<string, string>> = {
  "axes meet by name": `function fine(x: f32[B, T, D], y: f32[B, T], z: f32[D], s: f32) {
  return (x + z) * y - s
}`,
  "a unit axis stretches": "function fine(x: f32[B, 1], y: f32[B, D]) {\n  return x * y\n}",
  "a column and a vector of the same rows meet row by row":
    "function fine(x: f32[B, 1], y: f32[B]) -> f32[B, 1] {\n  return x - y\n}",
  "sizes are numbers": "function fine(x: f32[B, D]) {\n  return x / sqrt(D) + (B - 1) / B\n}",
  "any axes": "function fine(x: f32[..], y: f32[..]) -> f32[..] {\n  return where(x > y, x, 0)\n}",
  "axes before and behind": "function fine(x: f32[B, .., D]) {\n  return mean(x, axis = D)\n}",
  "static choice":
    "function fine(x: f32[..], deep: flag = true, k: size = 3) {\n  return if deep and k > 2 then tanh(x) else x\n}",
  "a size argument names axes": "function fine(x: f32[k, D], k: size) {\n  return sum(x, axis = k)\n}",
  "renamed axes": `function fine(x: f32[B, D]) {
  y = rename(x, B = J)
  return dot(x, y, axis = D) + expand(mean(rename(x, B = J), axis = D), [B])
}`,
  "split and merge": `function fine(x: f32[B, width], heads: size) -> f32[B, width] {
  parts = split(x, axis = width, into = [heads, width / heads])
  return merge(parts, [heads, width / heads])
}`,
  "quotients cancel": "function fine(x: f32[B, (D / 2) * 2], d: f32[D]) {\n  return x + d\n}",
  "quotients add up": `function fine(x: f32[B, D / 3], d: f32[D]) {
  return concat(x, x, x) + d
}`,
  "lists of tensors": `function fine(x: f32[B, D], y: f32[B, D], z: f32[B, D]) -> f32[B, D] {
  all = [x, y, z]
  return sum(all) + mean(a * b for a, b in pairs(all)) + max(a * i for a, i in zip(all, 1..3))
}`,
  "sizes change along a list of known length": `function fine(x: f32[B]) {
  return sum(mean(expand(x, [2 * i])) for i in 1..3)
}`,
  "a record goes through": `function parts(x: f32[B, D]) {
  centre = mean(x, axis = B)
  spread = variance(x, axis = B)
  return centre, spread
}
function fine(x: f32[B, D]) {
  return parts(x)
}`,
  "a number is a scalar":
    "function fine(x: f32[..]) -> (value: f32[..], weight: f32) {\n  value = x\n  weight = 0\n  return value, weight\n}",
  "names may start with an underscore and stay unused":
    "function fine(x: f32[..]) {\n  _y = tanh(x)\n  return x\n}",
  "whole numbers compare": `model Fine {
  input words : ids[B, L~] < V
  label mood : class[B] < C
  loss share = mean(float(words == 0)) + mean(float(mood > 1))
}`,
  "methods share what stands before them": `module Coder(width: size) {
  inner = Map(width)
  encode(x: f32[B, D]) -> f32[B, width] {
    return inner(x)
  }
  decode(x: f32[B, D]) -> f32[B, width] {
    return 2 * inner(x)
  }
}
module Map(out: size) {
  (x: f32[B, D]) -> f32[B, out] {
    param weight : f32[out, D] = orthogonal(1)
    return dot(x, weight, axis = D)
  }
}
model Fine {
  input x : f32[B, D]
  coder = Coder(4)
  loss gap = mean(coder.encode(x) - coder.decode(x))
}`,
  "a module takes a module": `interface Activation {
  (x: f32[..]) -> f32[..]
}
module Tanh implements Activation {
  (x: f32[..]) -> f32[..] {
    return tanh(x)
  }
}
module Outer(activation: Activation = Tanh()) {
  (x: f32[B, D]) -> f32[B, D] {
    return Inner(activation)(x)
  }
}
module Inner(activation: Activation) {
  (x: f32[B, D]) -> f32[B, D] {
    return activation()(x)
  }
}
model Fine {
  input x : f32[B, D]
  loss level = mean(Outer()(x)) + mean(Outer(Tanh)(x))
}`,
  "a general module implements a special interface": `interface Encoder(out: size) {
  (x: f32[B, T~, D]) -> f32[B, out]
}
module Mean(out: size, scale: number = 1) implements Encoder {
  (x: f32[B, T, D], shift: number = 0) {
    param weight : f32[out, D] = 1
    return scale * dot(mean(x, axis = T), weight, axis = D) + shift
  }
}
model Fine {
  input audio : f32[B, Ta~, Da]
  slot encoder : Encoder = Mean(scale = 2)
  loss level = mean(encoder(3)(audio))
}`,
  "raggedness travels": `function steps(x: f32[B, T, D]) -> f32[B, T] {
  return mean(x, axis = D)
}
function lengths(x: f32[B, T~]) -> f32[B] {
  return length(x, axis = T)
}
model Fine {
  input audio : f32[B, Ta~, Da]
  loss level = mean(lengths(steps(audio)))
}`,
  "what a phase minimises uses imports": `import std.loss (mse)
model Fine {
  input x : f32[B]
  label y : f32[B]
  param scale : f32 = 1
  scaled = scale * x
  output scaled predicts y
}
train Fine {
  batch 8
  phase all_of_it {
    minimize mse(scaled, y)
    updates all
    with Adam(lr = 1e-3)
  }
  epochs 1
}`,
  "files may be empty": "",
};

describe("good programs", () => {
  it.each(Object.entries(good))("%s", (_, source) => {
    expect(check(source).messages).toBe("");
  });

  it.each(["mird.mird", ...readdirSync(join(specs, "std")).map((file) => `std/${file}`)])(
    "specs/%s",
    (file) => {
      expect(check(readFileSync(join(specs, file), "utf8")).messages).toBe("");
    },
  );

  it("knows all parts of the standard library", () => {
    const files = readdirSync(join(specs, "std")).map((file) => `std.${file.replace(".mird", "")}`);
    expect([...libraryParts].sort()).toEqual(files.sort());
  });
});

describe("inferred types", () => {
  it("follow from the statements", () => {
    const printed = lines(`function parts(x: f32[B, T, D], y: ids[B] < V) {
  flat = merge(x, [T, D])
  hot = one_hot(y)
  return flat, hot
}`);
    expect(printed).toContain(
      "function parts(x: f32[B, T, D], y: ids[B] < V) -> (flat: f32[B, T * D], hot: f32[B, V]) {",
    );
  });

  it("give every call sizes of its own for axes that a function makes", () => {
    const { codes } = check(`function others(x: f32[B, D]) {
  return rename(x, B = J)
}
function wrong(x: f32[B, D]) {
  return others(x) + others(x)
}`);
    expect(codes).toEqual(["shape-mismatch"]);
  });

  it("show the numbers of a train block", () => {
    const source = `model Tiny {
  number rate = 2e-3
  input x : f32[B, D]
  param map : f32[D] = 1
  loss task = mean(x * map)
}
model Fast = Tiny with { rate = 0.5 }
train Tiny {
  batch 2 * 8
  phase go {
    maximize task
    updates all
    with Adam(lr = rate / 2, decay = all)
    group map (lr = 0)
    schedule cosine(warmup = 0.1)
    clip value 0.8
  }
  epochs 3
}
`;
    const { program, messages } = check({ source, set: ["epochs=7", "go.repeat=2"] });
    expect(messages).toBe("");
    const [tiny, fast] = program.models;
    expect(tiny?.train?.epochs).toBe(7);
    expect(fast?.train?.epochs).toBe(3);
    expect(program.chosen?.name).toBe("Tiny");
    const [phase] = tiny?.train?.phases ?? [];
    expect(phase).toMatchObject({
      sign: -1,
      repeat: 2,
      optimizer: {
        kind: "adam",
        settings: { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0, decay: "all" },
      },
      groups: [{ settings: { lr: 0 } }],
      schedule: { kind: "cosine", warmup: 0.1 },
      clip: { by: "value", limit: 0.8 },
    });
    expect(fast?.train?.phases[0]?.optimizer.settings.lr).toBe(0.25);
    expect(program.models[0]?.train?.batch).toEqual({ labelled: 16, unlabelled: 0 });
  });
});

describe("overrides", () => {
  const mird = readFileSync(join(specs, "mird.mird"), "utf8");

  it.each([
    "penalty=Orthogonal",
    "penalty=None()",
    "penalty=Club(hidden = 2 * d)",
    "d=32",
    "rate=0.5",
    "batch=8",
  ])("--set %s", (set) => {
    expect(check({ source: mird, set: [set] }).messages).toBe("");
  });

  it("go through chains of variants, the last one deciding", () => {
    const { program, messages } = check(`model A {
  size d = 1
  size e = 2
  input x : f32[B, D]
  param map : f32[D, d, e]
  loss task = mean(map) + mean(x)
}
model C = B with { d = 7 }
model B = A with { d = 5, e = 6 }`);
    expect(messages).toBe("");
    const of = (name: string) =>
      [...(program.models.find((model) => model.name === name)?.overrides ?? [])].map(([key, { value }]) => [
        key,
        value.kind === "number" ? value.value : null,
      ]);
    expect(of("C")).toEqual([
      ["d", 7],
      ["e", 6],
    ]);
    expect(of("B")).toEqual([
      ["d", 5],
      ["e", 6],
    ]);
  });

  it("refuse a module that does not fit, naming the interface and what is missing", () => {
    const { messages } = check({ source: mird, set: ["penalty=Mlp(8, 8)"] });
    expect(messages).toContain("does not implement `Penalty`");
    expect(messages).toContain("the argument `y` is missing");
  });
});

describe("several mistakes", () => {
  it("are all reported, in the order of the text, and none twice", () => {
    const { codes } = check(`function first(x: f32[B, D]) {
  return men(x)
}
module Second(out: size) {
  (x: f32[B, D]) -> f32[B, out] {
    param weight : f32[out, E]
    y = dot(x, weight, axis = D)
    return y + unknown
  }
}
model Third {
  input x : f32[B, D]
  h = Second(4, 5)(x)
  g = tanh(h) + first(x) * 2
  loss task = x
  output g
}
train Third {
  batch 0
  phase a {
    minimize task
    updates nothing
    with Adam(rl = 1)
  }
}`);
    expect(codes).toEqual([
      "unknown-name",
      "unknown-size",
      "unknown-name",
      "too-many-arguments",
      "loss-not-scalar",
      "incomplete-train",
      "number-range",
      "unknown-selection",
      "unknown-argument",
    ]);
  });

  it("a failed import causes no second message", () => {
    const { codes } = check(`import std.nn (Linaer)
model Tiny {
  input x : f32[B, D]
  a = Linaer(4)
  loss level = mean(a(x)) + mean(Linaer(2)(x))
}`);
    expect(codes).toEqual(["missing-import"]);
  });

  it("a module that contains itself still has its own statements checked", () => {
    const { codes } = check(`module A {
  (x: f32[B, D]) {
    y = nothing_here
    return A()(x)
  }
}`);
    expect(codes).toEqual(["unknown-name", "recursion"]);
  });
});
