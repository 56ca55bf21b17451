/** What penalties and blocks of the library must give where the result is known without computing it. */
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { TestModel } from "../support/elaborate.ts";

const ROWS = 7;

function normal(count: number, seed: number): number[] {
  const stream = new RandomStream(seed, 3);
  return Array.from({ length: count }, (_, index) => stream.normal(index));
}

interface Given {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly rows: number;
  readonly widths: readonly [number, number];
  /** All elements of a parameter, or the whole; random where nothing is said. */
  readonly parameter: (path: string) => number | readonly number[] | null;
}

const usual: Given = {
  x: normal(ROWS * 3, 1),
  y: normal(ROWS * 2, 2),
  rows: ROWS,
  widths: [3, 2],
  parameter: () => null,
};

const PAIRWISE = `
/// CLUB as it is defined: every row with every row.
module PairwiseClub(hidden: size) {
  head = GaussianHead(hidden)
  (x: f32[B, M], y: f32[B, N]) -> f32 {
    q = head(x, y)
    target = expand(rename(y, B = J), [B, J])
    every = mean((target - q.mu)^2, axis = J)
    return mean(sum((every - (y - q.mu)^2) / (2 * exp(q.logvar)), axis = N))
  }
}
/// y with the axes of x, which has as many columns.
function like_x(y: f32[B, N], x: f32[B, M]) -> f32[B, M] {
  same = expand(index(M), [M, N]) == expand(index(N), [M, N])
  return dot(y, where(same, 1, 0), axis = N)
}
module PairwiseCategorical(hidden: size) {
  (x: f32[B, M], y: class[B] < C) -> f32 {
    scores = if hidden == 0 then Linear(C)(x) else Mlp(hidden, C)(x)
    chances = log_softmax(scores)
    every = dot(chances, rename(one_hot(y), B = J), axis = C)
    return mean(pick(chances, y)) - mean(every)
  }
}`;

/** Element by element. */
function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 12);
}

/** A model of x, y and a class for each row; the statement \`result = …\` is what is tested. */
function model(body: string, given: Partial<Given> = {}): TestModel {
  const { x, y, rows, widths, parameter } = { ...usual, ...given };
  const source = `
import std.nn (Linear, Mlp, log_softmax)
import std.penalty (
  Club, ClubCategorical, Cmd, CrossCovariance, GaussianHead, Hsic, InfoNce, L1Out, Mine, Nwj, Orthogonal, doubly_centred, gaussian_kernel
)
${PAIRWISE}
model Closed {
  input x : f32[B, M]
  input y : f32[B, N]
  input c : class[B] < C
  ${body}
}`;
  const classes = Array.from({ length: rows }, (_, row) => row % 3);
  const inputs = { x: { values: x }, y: { values: y }, c: { values: classes } };
  const sizes = { B: rows, M: widths[0], N: widths[1], C: 3 };
  const first = new TestModel(source, { sizes, inputs });
  first.model.value("result");
  const parameters = [...first.requests].flatMap(([path, { shape }]): [string, readonly number[]][] => {
    const wanted = parameter(path);
    if (wanted === null) return [];
    return [
      [path, typeof wanted === "number" ? new Array<number>(elementCount(shape)).fill(wanted) : wanted],
    ];
  });
  return new TestModel(source, { sizes, inputs, parameters: Object.fromEntries(parameters) });
}

function result(body: string, given: Partial<Given> = {}): number {
  return model(`result = ${body}`, given).values("result")[0] ?? Number.NaN;
}

const zero = { parameter: () => 0 };

describe("CLUB", () => {
  it("is the mean over all pairs of rows", () => {
    const bound = result("Club(8)(x, y).bound");
    expect(Math.abs(bound)).toBeGreaterThan(1e-3);
    expect(model("estimate = Club(8)\n  result = estimate(x, y).bound").values("result")[0]).toBeCloseTo(
      model("estimate = PairwiseClub(8)\n  result = estimate(x, y)").values("result")[0] ?? Number.NaN,
      12,
    );
  });

  it("is 0 when y is the same in every row, and when q does not look at x", () => {
    const constant = { y: new Array<number>(ROWS * 2).fill(0.7) };
    expect(result("Club(8)(x, y).bound", constant)).toBeCloseTo(0, 12);
    const blind = { parameter: (path: string) => (path.endsWith("first.weight") ? 0 : null) };
    expect(result("Club(8)(x, y).bound", blind)).toBeCloseTo(0, 12);
  });

  it("is not the leave-one-out bound", () => {
    const bound = (name: string) =>
      model(`estimate = ${name}(8)\n  result = estimate(x, y).bound`).values("result")[0] ?? Number.NaN;
    expect(Math.abs(bound("Club") - bound("L1Out"))).toBeGreaterThan(1e-3);
  });

  it.each([0, 8])("of classes counts all pairs of rows; %i hidden units", (hidden) => {
    const shares = model(`estimate = ClubCategorical(${hidden})\n  result = estimate(x, c).bound`);
    const pairwise = model(`estimate = PairwiseCategorical(${hidden})\n  result = estimate(x, c)`);
    expect(shares.values("result")[0]).toBeCloseTo(pairwise.values("result")[0] ?? Number.NaN, 12);
    expect(Math.abs(shares.values("result")[0] ?? 0)).toBeGreaterThan(1e-3);
  });

  it("of Gaussian pairs with the true q is rho^2 / (1 - rho^2), far above their information", () => {
    const [rows, rho] = [4000, 0.5];
    const x = normal(rows, 4);
    const noise = normal(rows, 5);
    const y = x.map((value, row) => rho * value + Math.sqrt(1 - rho ** 2) * (noise[row] ?? 0));
    // The mean is rho * x = rho * relu(x) - rho * relu(-x); the log-variance is log(1 - rho^2).
    const exact: Readonly<Record<string, readonly number[]>> = {
      "mu.first.weight": [1, -1],
      "mu.first.offset": [0, 0],
      "mu.second.weight": [rho, -rho],
      "mu.second.offset": [0],
      "logvar.first.weight": [0, 0],
      "logvar.first.offset": [0, 0],
      "logvar.second.weight": [0, 0],
      "logvar.second.offset": [Math.atanh(Math.log(1 - rho ** 2))],
    };
    const parameter = (path: string) => exact[path.split(".").slice(-3).join(".")] ?? null;
    const bound = result("Club(4)(x, y).bound", { x, y, rows, widths: [1, 1], parameter });
    expect(bound).toBeCloseTo(rho ** 2 / (1 - rho ** 2), 1);
    expect(bound).toBeGreaterThan(2 * (-0.5 * Math.log(1 - rho ** 2)));
  });
});

describe("critics", () => {
  it("that say the same of everything give 0; NWJ gives -1/e", () => {
    for (const name of ["InfoNce", "Mine"])
      expect(result(`${name}(8)(x, y).bound`, zero), name).toBeCloseTo(0, 12);
    expect(result("Nwj(8)(x, y).bound", zero)).toBeCloseTo(-Math.exp(-1), 12);
  });

  it("of InfoNCE never give more than the logarithm of the rows", () => {
    for (const scale of [1, 10, 1000]) {
      const scaled = { x: usual.x.map((v) => scale * v), y: usual.y.map((v) => scale * v) };
      expect(result("InfoNce(8)(x, y).bound", scaled)).toBeLessThanOrEqual(Math.log(ROWS));
    }
  });
});

describe("measures without an estimator", () => {
  it("HSIC with linear kernels is the squared cross-covariance", () => {
    const kernels = "doubly_centred(dot(x, rename(x, B = J), axis = M)) * dot(y, rename(y, B = J), axis = N)";
    expect(result(`mean(${kernels}) - 2 * CrossCovariance()(x, y).bound`)).toBeCloseTo(0, 12);
    expect(result("CrossCovariance()(x, y).bound")).toBeGreaterThan(1e-3);
  });

  it("HSIC of something with itself is above that with something else, and does not depend on scale", () => {
    const own = result("Hsic()(x, x).bound");
    expect(own).toBeGreaterThan(2 * result("Hsic()(x, y).bound"));
    expect(result("Hsic()(100 * x, x).bound")).toBeCloseTo(own, 10);
  });

  it("CMD and MMD of the same rows in another order are 0", () => {
    const turned = Array.from({ length: ROWS }, (_, row) => usual.x.slice(3 * row, 3 * row + 3))
      .reverse()
      .flat();
    const same = { y: turned, widths: [3, 3] as const };
    const cmd = "Cmd()(x, like_x(y, x))";
    expect(result(cmd, same)).toBeCloseTo(0, 12);
    expect(result(cmd, { ...same, y: turned.map((v) => v + 0.1) })).toBeGreaterThan(0.1);
    const kernel = (a: string, b: string) => `mean(gaussian_kernel(${a}, rename(${b}, B = J)))`;
    const other = "like_x(y, x)";
    expect(
      result(`${kernel("x", "x")} + ${kernel(other, other)} - 2 * ${kernel("x", other)}`, same),
    ).toBeCloseTo(0, 12);
  });

  it("orthogonality is 0 when one side is the same in every row", () => {
    expect(result("Orthogonal()(x, y).bound", { y: new Array<number>(ROWS * 2).fill(1) })).toBeCloseTo(0, 12);
    expect(result("Orthogonal()(x, y).bound")).toBeGreaterThan(1e-3);
  });
});

describe("losses", () => {
  it("under a logarithm have the gradient of the loss over the loss, whatever its scale", () => {
    const gradient = (loss: string) => {
      const tested = model(`result = ${loss}`);
      const [value = Number.NaN] = tested.values("result");
      return { value, slope: tested.gradient("result", "x") };
    };
    const plain = gradient("mean(x^2)");
    const expected = plain.slope.map((slope) => slope / plain.value);
    for (const loss of ["log(mean(x^2))", "log(1000 * mean(x^2))"])
      expectClose(gradient(loss).slope, expected);
  });
});

describe("a decaying memory", () => {
  it("is the recurrence step by step, for each row as far as it goes", () => {
    const [steps, width] = [4, 2];
    const written = normal(2 * steps * width, 6);
    const keep = normal(2 * steps * width, 7);
    const lengths = [4, 2];
    const source = `
import std.sequence (decayed_sum)
model Memory {
  input w : f32[B, T~, D]
  input k : f32[B, T~, D]
  result = decayed_sum(w, k)
}`;
    const inputs = { w: { values: written, lengths }, k: { values: keep, lengths } };
    const tested = new TestModel(source, { sizes: { B: 2, T: steps, D: width }, inputs });
    const expected = lengths.flatMap((length, row) =>
      [0, 1].map((column) => {
        let state = 0;
        for (let step = 0; step < length; step++) {
          const place = (row * steps + step) * width + column;
          state = Math.exp(keep[place] ?? 0) * state + (written[place] ?? 0);
        }
        return state;
      }),
    );
    expectClose(tested.values("result"), expected);
  });
});

describe("the adaptation gate", () => {
  const gate = (parameter: (path: string) => number | null, beta: number, text = normal(12, 8)) => {
    const source = `
import std.fusion (AdaptationGate)
model Gate {
  input text : f32[B, L, W]
  input audio : f32[B, L, D]
  gate = AdaptationGate(${beta})
  result = gate(text, audio, audio)
}`;
    const inputs = { text: { values: text }, audio: { values: normal(8, 9) } };
    const sizes = { B: 2, L: 2, W: 3, D: 2 };
    const first = new TestModel(source, { sizes, inputs });
    first.model.value("result");
    const parameters = [...first.requests].flatMap(([path, { shape }]): [string, number[]][] => {
      const value = path.startsWith("gate.normalise") ? Number(path.endsWith("scale")) : parameter(path);
      return value === null ? [] : [[path, new Array<number>(elementCount(shape)).fill(value)]];
    });
    return new TestModel(source, { sizes, inputs, parameters: Object.fromEntries(parameters) }).values(
      "result",
    );
  };

  function normalised(text: readonly number[]): number[] {
    return text.map((value, index) => {
      const row = text.slice(3 * Math.floor(index / 3), 3 * Math.floor(index / 3) + 3);
      const mean = row.reduce((sum, v) => sum + v, 0) / 3;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 3;
      return (value - mean) / Math.sqrt(variance + 1e-5);
    });
  }

  it("without a shift only normalises", () => {
    const text = normal(12, 8);
    expectClose(
      gate(() => 0, 1, text),
      normalised(text),
    );
  });

  it("with a large beta moves by the whole shift", () => {
    // Gates of 1 and shifts of 2 for every word and both sources.
    const parameter = (path: string) => {
      if (path.endsWith("weight")) return 0;
      return /shift_\w+\.gate\./.test(path) ? 1 : 2;
    };
    const text = normal(12, 8);
    const moved = normalised(text.map((value) => value + 4));
    expectClose(gate(parameter, 1e9, text), moved);
  });
});
