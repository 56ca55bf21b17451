/** Largest errors of the polynomial functions, in units of the last place, as src/codegen/wasm/math.ts states them. */
import { afterAll, describe, expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import type { LoopKernel, UnaryFunction } from "../../../src/ir/kernel.ts";
import { erf, sigmoid, softplus } from "../../../src/ops/scalar-functions.ts";
import { axes, Expressions, index, read, write } from "../../support/kernel-build.ts";
import { numbers, runOn } from "../../support/kernel-run.ts";
import { cpuBackends } from "../../support/wasm.ts";

const backends = cpuBackends([1]);
afterAll(() => backends.close());

interface Function_ {
  readonly name: UnaryFunction;
  readonly exact: (x: number) => number;
  readonly low: number;
  readonly high: number;
  /** Units of the last place of the exact value. */
  readonly limit: number;
}

const FUNCTIONS: readonly Function_[] = [
  { name: "exp", exact: Math.exp, low: -104, high: 89, limit: 2 },
  { name: "log", exact: Math.log, low: 1e-30, high: 50, limit: 2 },
  { name: "log1p", exact: Math.log1p, low: -0.999, high: 20, limit: 3 },
  { name: "tanh", exact: Math.tanh, low: -11, high: 11, limit: 3 },
  { name: "sigmoid", exact: sigmoid, low: -104, high: 20, limit: 3 },
  { name: "softplus", exact: softplus, low: -104, high: 30, limit: 3 },
  { name: "erf", exact: erf, low: -5, high: 5, limit: 4 },
];

const bits = new DataView(new ArrayBuffer(4));

/** Distance of a single-precision number to its neighbour. */
function lastPlace(value: number): number {
  const size = Math.abs(Math.fround(value));
  bits.setFloat32(0, size);
  bits.setUint32(0, bits.getUint32(0) + 1);
  const next = bits.getFloat32(0);
  return Number.isFinite(next) ? next - size : 2 ** 104;
}

/** All orders of magnitude, both signs, subnormals included. */
function magnitudes(): number[] {
  return Array.from({ length: 253 * 32 }, (_, position) => {
    const size = 2 ** (-149 + position / 32) * 1.0371;
    return Math.fround(position % 2 === 0 ? size : -size);
  });
}

function mapOf(name: UnaryFunction, count: number): LoopKernel {
  const e = new Expressions();
  const value = e.unary(name, e.load(0, index([1])));
  return {
    kind: "loop",
    name,
    operands: [read("x", count), write("y", count)],
    parallel: axes([count]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 1, index: index([1]), value }] }],
  };
}

async function valuesOf(way: number, name: UnaryFunction, x: Float64Array): Promise<Float64Array> {
  const kernel = mapOf(name, x.length);
  const [result] = await runOn(at(backends.all, way), [{ kernel, buffers: [x, new Float64Array(x.length)] }]);
  return at(result ?? [], 1);
}

describe.each(backends.all.map(({ description }, way) => ({ description, way })))(
  "on $description",
  ({ way }) => {
    test.each(FUNCTIONS)("$name is within $limit units of the last place", async (each) => {
      const inside = (x: number) => x >= each.low && x <= each.high;
      const sweep = [
        ...numbers(40_000, 5, each.low, each.high),
        ...numbers(20_000, 6, -2, 2),
        ...magnitudes(),
      ];
      const x = Float64Array.from(sweep.filter(inside));
      const got = await valuesOf(way, each.name, x);
      let worst = { argument: 0, units: 0 };
      for (const [position, argument] of x.entries()) {
        const want = each.exact(argument);
        if (Math.abs(Math.fround(want)) === Number.POSITIVE_INFINITY) {
          expect(at(got, position)).toBe(Math.fround(want));
          continue;
        }
        const units = Math.abs(at(got, position) - want) / lastPlace(want);
        if (!(units <= worst.units)) worst = { argument, units };
      }
      expect(worst.units, `at ${worst.argument}`).toBeLessThanOrEqual(each.limit);
    });

    test("sine and cosine are within 2^-22 up to 10^4", async () => {
      const x = Float64Array.from([...numbers(20_000, 7, -10, 10), ...numbers(20_000, 8, -1e4, 1e4)]);
      for (const [name, exact] of [
        ["sin", Math.sin],
        ["cos", Math.cos],
      ] as const) {
        const got = await valuesOf(way, name, x);
        const worst = x.reduce(
          (most, each, position) => Math.max(most, Math.abs(at(got, position) - exact(each))),
          0,
        );
        expect(worst).toBeLessThanOrEqual(2 ** -22);
      }
    });

    test("infinities, NaN, -0 and the smallest numbers", async () => {
      const infinity = Number.POSITIVE_INFINITY;
      const tiny = 2 ** -149;
      const x = Float64Array.from([infinity, -infinity, Number.NaN, -0, 0, tiny, -tiny]);
      const want: Readonly<Partial<Record<UnaryFunction, readonly number[]>>> = {
        exp: [infinity, 0, Number.NaN, 1, 1, 1, 1],
        log: [infinity, Number.NaN, Number.NaN, -infinity, -infinity, Math.log(tiny), Number.NaN],
        log1p: [infinity, Number.NaN, Number.NaN, -0, 0, tiny, -tiny],
        tanh: [1, -1, Number.NaN, -0, 0, tiny, -tiny],
        sigmoid: [1, 0, Number.NaN, 0.5, 0.5, 0.5, 0.5],
        softplus: [infinity, 0, Number.NaN, Math.log(2), Math.log(2), Math.log(2), Math.log(2)],
        erf: [1, -1, Number.NaN, -0, 0, tiny, -tiny],
        sin: [Number.NaN, Number.NaN, Number.NaN, -0, 0, tiny, -tiny],
        cos: [Number.NaN, Number.NaN, Number.NaN, 1, 1, 1, 1],
        sign: [1, -1, Number.NaN, -0, 0, 1, -1],
        sqrt: [infinity, Number.NaN, Number.NaN, -0, 0, Math.fround(Math.sqrt(tiny)), Number.NaN],
      };
      for (const [name, values] of Object.entries(want)) {
        const got = await valuesOf(way, name as UnaryFunction, x);
        expect([name, ...got]).toEqual([name, ...values.map(Math.fround)]);
      }
    });
  },
);
