import { expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import { RandomStream } from "../../../src/base/random.ts";
import type { BinaryFunction, Expression, LoopKernel, UnaryFunction } from "../../../src/ir/kernel.ts";
import { compareKernels } from "../../support/compare-kernels.ts";
import { runKernels, softwareDevice } from "../../support/dawn.ts";
import { axes, Expressions, index, read, write } from "../../support/kernel-build.ts";
import { runReference } from "../../support/kernel-reference.ts";
import type { KernelRun } from "../../support/kernel-run.ts";

const device = softwareDevice();

const FUNCTIONS: readonly UnaryFunction[] = [
  "negate",
  "absolute",
  "sign",
  "exp",
  "log",
  "log1p",
  "sqrt",
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "sin",
  "cos",
  "floor",
  "round",
  "reciprocal",
];

/** Tails, kinks, half-way points, and a sweep of the middle; whole multiples of 4 in number, so that both forms are used. */
function arguments_(): Float64Array {
  const special = [
    0, 1e-30, -1e-30, 1e-7, -1e-7, 1e-3, -1e-3, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.625, -0.625, 1, -1, 4, -4,
    9, -9, 20, -20, 87, -87, 88.5, -88.5, 89, -89, 104, -104, 1000, -1000, 1e4, -1e4, 3e38, -3e38, 0.29,
    -0.29, 0.41, 2e-38,
  ];
  const sweep = Array.from({ length: 263 - special.length }, (_, position) => -12 + position * 0.1097);
  return Float64Array.from([...special, ...sweep], Math.fround);
}

function mapOf(
  name: string,
  inputs: readonly Float64Array[],
  value: (e: Expressions, operands: readonly number[]) => number,
): KernelRun {
  const e = new Expressions();
  const count = at(inputs, 0).length;
  const stored = value(
    e,
    inputs.map((_, operand) => e.load(operand, index([1]))),
  );
  const kernel: LoopKernel = {
    kind: "loop",
    name,
    operands: [...inputs.map((_, operand) => read(`x${operand}`, count)), write("y", count)],
    parallel: axes([count]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: inputs.length, index: index([1]), value: stored }] }],
  };
  return { kernel, buffers: [...inputs, new Float64Array(count)] };
}

/** Relative error where numbers are representable; below the smallest normal number both may be 0. */
function relativeError(got: number, want: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  const rounded = Math.fround(want);
  if (got === rounded || Math.abs(got - want) < 1.2e-38) return 0;
  return Number.isFinite(rounded) ? Math.abs(got - want) / Math.abs(want) : Number.POSITIVE_INFINITY;
}

/** Within one period of the origin sine and cosine are accurate; far out, f32 cannot hold the angle any better than this. */
function tolerance(name: string, x: number): number {
  if (name !== "sin" && name !== "cos") return name === "exp" ? 4e-7 + Math.abs(x) * 1.2e-7 : 1.5e-6;
  return Math.abs(x) <= 20 ? 1e-5 : Number.POSITIVE_INFINITY;
}

test("every function is accurate, and neither NaN nor infinite where the true value is not", async () => {
  const x = arguments_();
  const runs = [x, x.subarray(0, 101)].flatMap((inputs) =>
    FUNCTIONS.map((name) => mapOf(name, [inputs], (e, [value]) => e.unary(name, value ?? 0))),
  );
  const got = await runKernels(device(), runs);
  const wrong = runs.flatMap((run, position) => {
    const want = run.buffers.map((buffer) => buffer.slice());
    if (run.kernel.kind === "loop") runReference(run.kernel, want);
    const inputs = at(run.buffers, 0);
    return [...at(want, 1)].flatMap((expected, element) => {
      const argument = at(inputs, element);
      const found = at(at(at(got, position), 1), element);
      const finite = Number.isNaN(found) ? Number.isNaN(expected) : true;
      const fine = finite && relativeError(found, expected) <= tolerance(run.kernel.name, argument);
      const farSine = Math.abs(argument) > 20 && /sin|cos/.test(run.kernel.name) && Math.abs(argument) < 1e6;
      return fine && (!farSine || Math.abs(found - expected) < 2e-3)
        ? []
        : [{ name: run.kernel.name, argument, found, expected }];
    });
  });
  expect(wrong).toEqual([]);
});

test("NaN stays NaN", async () => {
  const x = Float64Array.from([Number.NaN, 1, 2, 3, Number.NaN, 5, 6, 7]);
  const names = FUNCTIONS.filter((name) => name !== "sign" && name !== "floor" && name !== "round");
  const runs = [x, x.subarray(0, 5)].flatMap((inputs) =>
    names.map((name) => mapOf(name, [inputs], (e, [value]) => e.unary(name, value ?? 0))),
  );
  const got = await runKernels(device(), runs);
  expect(
    runs.filter((_, run) => !Number.isNaN(at(at(at(got, run), 1), 0))).map((run) => run.kernel.name),
  ).toEqual([]);
});

test("powers with whole, half and other exponents", async () => {
  const x = Float64Array.from([0.1, 0.5, 1, 1.5, 2, 3, 7, 10, 0.01, 100, 1e-3, 42], Math.fround);
  const exponents = [0, 1, 2, 3, 8, -1, -2, 0.5, -0.5, 1.5, 2.7, -0.3, 17];
  const run = (exponent: number, inputs: Float64Array) =>
    mapOf(`power ${exponent}`, [inputs], (e, [base]) =>
      e.add({ op: "power", dtype: "f32", base: base ?? 0, exponent }),
    );
  await compareKernels(
    device(),
    exponents.flatMap((exponent) => [run(exponent, x), run(exponent, x.subarray(0, 7))]),
    2e-5,
    ["software"],
  );
  const negative = Float64Array.from([-3, -0.5, 0, -2]);
  await compareKernels(device(), [run(2, negative), run(3, negative)], 1e-6, ["software"]);
});

test("functions of two operands, comparisons, logic and whole numbers", async () => {
  const a = Float64Array.from([7, -7, 7, -7, 3, 0, 5, 5]);
  const b = Float64Array.from([2, 2, -2, -2, 3, 4, 5, -6]);
  const numeric: readonly BinaryFunction[] = ["add", "subtract", "multiply", "divide", "maximum", "minimum"];
  const whole: readonly BinaryFunction[] = ["integer_divide", "remainder"];
  const tests: readonly BinaryFunction[] = ["equal", "less", "less_equal"];
  const cast = (e: Expressions, dtype: Expression["dtype"], value: number) =>
    e.add({ op: "cast", dtype, value });
  const runs = [a, a.subarray(0, 5)].flatMap((left) => {
    const inputs = [left, b.subarray(0, left.length)];
    const two = (name: string, value: (e: Expressions, l: number, r: number) => number) =>
      mapOf(name, inputs, (e, [l, r]) => value(e, l ?? 0, r ?? 0));
    return [
      ...numeric.map((name) => two(name, (e, l, r) => e.binary(name, l, r))),
      ...whole.map((name) =>
        two(name, (e, l, r) => cast(e, "f32", e.binary(name, cast(e, "i32", l), cast(e, "i32", r), "i32"))),
      ),
      ...tests.map((name) => two(name, (e, l, r) => cast(e, "f32", e.binary(name, l, r, "bool")))),
      two("logic", (e, l, r) => {
        const less = e.binary("less", l, r, "bool");
        const odd = cast(e, "bool", e.binary("remainder", cast(e, "i32", l), e.constant(2, "i32"), "i32"));
        const both = e.binary("and", less, e.unary("not", odd, "bool"), "bool");
        const either = e.binary("or", both, e.binary("equal", less, odd, "bool"), "bool");
        return e.add({
          op: "select",
          dtype: "f32",
          condition: either,
          whenTrue: l,
          whenFalse: e.constant(Number.POSITIVE_INFINITY),
        });
      }),
    ];
  });
  await compareKernels(device(), runs, 1e-6, ["software"]);
});

/** Elements first..: index = i32 axis, so that the device counts as the host does. `apart`: every element has a seed of its own, one more than the last. */
function randomRun(
  distribution: "uniform" | "normal",
  count: number,
  seed: number,
  site: number,
  counter: number,
  apart = false,
): KernelRun {
  const e = new Expressions();
  const key = e.load(0, index([]), "i32");
  const value = e.add({
    op: "random",
    dtype: "f32",
    distribution,
    site,
    seed: apart ? e.binary("add", key, e.axis(0), "i32") : key,
    counter: e.load(0, index([], 1), "i32"),
    index: e.axis(0),
  });
  const kernel: LoopKernel = {
    kind: "loop",
    name: distribution,
    operands: [read("key", 2, "i32"), write("out", count)],
    parallel: axes([count]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 1, index: index([1]), value }] }],
  };
  return { kernel, buffers: [Float64Array.from([seed, counter]), new Float64Array(count)] };
}

test("random numbers are those of the host: uniform bit for bit, normal within rounding", async () => {
  const runs = [
    randomRun("uniform", 1000, 7, 0x9e3779b9, 3),
    randomRun("uniform", 333, -5, 12, 0),
    randomRun("normal", 1000, 7, 99, 1),
    randomRun("normal", 333, 1, 1, 1),
    randomRun("uniform", 1000, 7, 5, 3, true),
  ];
  const got = await runKernels(device(), runs);
  const want =
    (stream: RandomStream, counter: number, draw: "uniform" | "normal") => (_: unknown, element: number) =>
      stream[draw](element + 4294967296 * counter);
  expect([...at(at(got, 0), 1)]).toEqual(
    Array.from({ length: 1000 }, want(new RandomStream(7, 0x9e3779b9), 3, "uniform")),
  );
  expect([...at(at(got, 1), 1)]).toEqual(
    Array.from({ length: 333 }, want(new RandomStream(-5, 12), 0, "uniform")),
  );
  expect([...at(at(got, 4), 1)]).toEqual(
    Array.from({ length: 1000 }, (_, element) =>
      new RandomStream(7 + element, 5).uniform(element + 4294967296 * 3),
    ),
  );
  const [normal, other] = [at(at(got, 2), 1), at(at(got, 3), 1)];
  const streams = [new RandomStream(7, 99), new RandomStream(1, 1)].map(
    (stream) => (element: number) => stream.normal(element + 4294967296),
  );
  const errors = [normal, other].map((values, run) =>
    Math.max(...values.map((value, element) => Math.abs(value - at(streams, run)(element)))),
  );
  expect(Math.max(...errors)).toBeLessThan(3e-6);
});
