/**
 * Mathematics as vector code: polynomials after a reduction of the argument. Results are right at infinities, NaN, -0 and subnormals (see
 * test/codegen/wasm/math.test.ts, which also holds the largest errors stated here). Coefficients: own fits in float64 by iteratively reweighted least squares
 * of the relative error on a Chebyshev grid, rounded to single precision; those of log, tanh, erf, sin and cos are the ones of `kernels/prelude.wgsl`.
 */
import type { FunctionBuilder } from "./function.ts";
import type { V128 } from "./instructions.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";

/** Adding and taking away 1.5 * 2^23 rounds numbers below 2^22 to whole ones; between the two the low bits are the whole number. */
const ROUNDER = 12582912;
const LOG2_E = Math.LOG2E;
/** ln 2 in two parts; products of the first with whole numbers below 2^9 are exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -0.00021219444;
const SIGN = -0x80000000;
/** What is added to exponents in single precision. */
const EXPONENT_BIAS = 127;

/** Vector arithmetic of one function; `fused` chooses between `relaxed_madd` and a product and a sum. */
export class VectorMath {
  readonly #f: FunctionBuilder;
  readonly fused: boolean;

  constructor(f: FunctionBuilder, fused: boolean) {
    this.#f = f;
    this.fused = fused;
  }

  /** a * b + c */
  multiplyAdd(a: V128, b: V128, c: V128): V128 {
    return this.fused ? f32x4.relaxedMultiplyAdd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
  }

  /** Coefficients from the highest power down. */
  #polynomial(x: V128, coefficients: readonly number[]): V128 {
    const [first = 0, ...rest] = coefficients;
    let value = f32x4.constant(first);
    for (const coefficient of rest) value = this.multiplyAdd(value, x, f32x4.constant(coefficient));
    return value;
  }

  /** At most 2 ulp; subnormal results to half of their last place. */
  exp(x: V128): V128 {
    const keep = (value: V128) => this.#f.keep(value);
    // Beyond these bounds the result is 0 or infinite.
    const clamped = keep(f32x4.pmax(f32x4.pmin(x, f32x4.constant(89)), f32x4.constant(-104)));
    // 2^whole in two factors, since neither 2^128 nor 2^-150 is a number by itself.
    const { over, counter } = this.#expParts(clamped, 2 * EXPONENT_BIAS);
    const half = keep(i32x4.shr(counter, i32.constant(1)));
    const first = keep(toExponent(half));
    const rest = toExponent(i32x4.sub(counter, half));
    return keep(f32x4.mul(this.multiplyAdd(over, first, first), rest));
  }

  /** The same for arguments up to 0, and NaN. */
  #expNonPositive(x: V128): V128 {
    // 2^whole is 2^24 times too large, so that it is a number; what it multiplies is rounded only once at the end.
    const clamped = this.#f.keep(f32x4.pmax(x, f32x4.constant(-104)));
    const { over, counter } = this.#expParts(clamped, EXPONENT_BIAS + 24);
    const power = this.#f.keep(toExponent(counter));
    return this.#f.keep(f32x4.mul(this.multiplyAdd(over, power, power), f32x4.constant(2 ** -24)));
  }

  /** The same for arguments between -87 and 88, and NaN. */
  #expWithin(x: V128): V128 {
    const { over, counter } = this.#expParts(x, EXPONENT_BIAS);
    const power = this.#f.keep(toExponent(counter));
    return this.#f.keep(this.multiplyAdd(over, power, power));
  }

  /** exp(x) - 1 for arguments between 0 and 88, and NaN. */
  #expMinusOne(x: V128): V128 {
    const { over, counter } = this.#expParts(x, EXPONENT_BIAS);
    const power = this.#f.keep(toExponent(counter));
    return this.#f.keep(this.multiplyAdd(over, power, f32x4.sub(power, f32x4.constant(1))));
  }

  /**
   * exp(x) = (1 + over) * 2^whole with `over` between -0.3 and 0.42. The low bits of `counter` are `whole` + bias: moved to the exponent's place, all
   * other bits fall off.
   */
  #expParts(x: V128, bias: number): { readonly over: V128; readonly counter: V128 } {
    const keep = (value: V128) => this.#f.keep(value);
    const rounder = f32x4.constant(ROUNDER + bias);
    const counter = keep(this.multiplyAdd(x, f32x4.constant(LOG2_E), rounder));
    const turns = keep(f32x4.sub(counter, rounder));
    const rest = this.multiplyAdd(turns, f32x4.constant(-LN2_HIGH), x);
    const r = keep(this.multiplyAdd(turns, f32x4.constant(-LN2_LOW), rest));
    // 1/2 + r/6 + … in two halves, whose chains of dependent instructions are shorter than one of all powers.
    const square = keep(f32x4.mul(r, r));
    const low = this.#polynomial(r, [0.1666651964187622, 0.4999999403953552]);
    const middle = this.#polynomial(r, [0.008368780836462975, 0.04166839271783829]);
    const high = this.multiplyAdd(square, f32x4.constant(0.0013814466074109077), middle);
    const p = this.multiplyAdd(high, square, low);
    return { over: keep(this.multiplyAdd(p, square, r)), counter };
  }

  /** log(1 + x) for sqrt(1/2) <= 1 + x <= sqrt(2), as x + the value given here. */
  #logarithmTail(x: V128): V128 {
    const p = this.#polynomial(
      x,
      [
        -0.0764603764, 0.127790883, -0.131641984, 0.141996995, -0.166227639, 0.200012922, -0.250008374,
        0.333333313,
      ],
    );
    const square = this.#f.keep(f32x4.mul(x, x));
    return f32x4.sub(f32x4.mul(f32x4.mul(square, x), p), f32x4.mul(square, f32x4.constant(0.5)));
  }

  /** At most 2 ulp. -infinity at 0, NaN below. */
  log(x: V128): V128 {
    const keep = (value: V128) => this.#f.keep(value);
    const subnormal = keep(f32x4.lt(x, f32x4.constant(1.17549435e-38)));
    const scaled = v128.select(subnormal, f32x4.mul(x, f32x4.constant(8388608)), x);
    const shifted = keep(i32x4.sub(scaled, i32x4.constant(0x3f3504f3)));
    const count = f32x4.convert(i32x4.shr(shifted, i32.constant(23)));
    const exponent = keep(f32x4.sub(count, v128.and(subnormal, f32x4.constant(23))));
    const mantissa = i32x4.add(v128.and(shifted, i32x4.constant(0x7fffff)), i32x4.constant(0x3f3504f3));
    const rest = keep(f32x4.sub(mantissa, f32x4.constant(1)));
    const low = this.multiplyAdd(exponent, f32x4.constant(LN2_LOW), this.#logarithmTail(rest));
    const inside = this.multiplyAdd(exponent, f32x4.constant(LN2_HIGH), f32x4.add(rest, low));
    // NaN and infinity stay as they are; 0 and what is below have values of their own.
    const ordinary = keep(v128.select(f32x4.lt(x, f32x4.constant(Number.POSITIVE_INFINITY)), inside, x));
    const negative = v128.select(f32x4.lt(x, f32x4.constant(0)), f32x4.constant(Number.NaN), ordinary);
    return keep(
      v128.select(f32x4.eq(x, f32x4.constant(0)), f32x4.constant(Number.NEGATIVE_INFINITY), negative),
    );
  }

  /** At most 3 ulp; keeps -0. */
  log1p(x: V128): V128 {
    const far = this.log(this.#f.keep(f32x4.add(x, f32x4.constant(1))));
    const near = this.#f.keep(
      v128.and(f32x4.gt(x, f32x4.constant(-0.29)), f32x4.lt(x, f32x4.constant(0.41))),
    );
    const small = f32x4.add(x, this.#logarithmTail(x));
    const zero = f32x4.eq(x, f32x4.constant(0));
    return this.#f.keep(v128.select(zero, x, v128.select(near, small, far)));
  }

  /** At most 3 ulp; keeps -0. With t = exp(2|x|) - 1 it is t / (t + 2), which loses nothing near 0. */
  tanh(x: V128): V128 {
    const size = this.#f.keep(f32x4.abs(x));
    const t = this.#expMinusOne(this.#f.keep(f32x4.pmin(f32x4.add(size, size), f32x4.constant(20))));
    return this.#f.keep(this.#withSign(f32x4.div(t, f32x4.add(t, f32x4.constant(2))), x));
  }

  /** `value` with the sign of x, for values of that sign or 0. */
  #withSign(value: V128, x: V128): V128 {
    return v128.or(value, v128.and(x, i32x4.constant(SIGN)));
  }

  /** At most 3 ulp. From the side of the smaller exponential, so that nothing is lost at either end. */
  sigmoid(x: V128): V128 {
    const e = this.#expNonPositive(this.#f.keep(v128.or(x, i32x4.constant(SIGN))));
    const above = v128.select(f32x4.lt(x, f32x4.constant(0)), e, f32x4.constant(1));
    return this.#f.keep(f32x4.div(above, f32x4.add(e, f32x4.constant(1))));
  }

  /** At most 3 ulp. */
  softplus(x: V128): V128 {
    const e = this.#expNonPositive(this.#f.keep(v128.or(x, i32x4.constant(SIGN))));
    const rest = this.log1p(e);
    return this.#f.keep(f32x4.add(f32x4.pmax(x, f32x4.constant(0)), rest));
  }

  /** At most 4 ulp; keeps -0. */
  erf(x: V128): V128 {
    const keep = (value: V128) => this.#f.keep(value);
    const size = keep(f32x4.pmin(f32x4.abs(x), f32x4.constant(4.1)));
    const square = keep(f32x4.mul(size, size));
    const p = this.#polynomial(
      square,
      [0.000078891193, -0.000802084105, 0.00518953521, -0.0268544443, 0.112836003, -0.37612626, 1.12837911],
    );
    const small = keep(f32x4.mul(x, p));
    // log(1 - erf) is smooth beyond 1.
    const q = this.#polynomial(
      size,
      [
        0.000185382945, -0.00293779373, 0.0217982959, -0.103023164, -0.638241529, -1.12703073,
        -0.000355933065,
      ],
    );
    const large = f32x4.sub(f32x4.constant(1), this.#expWithin(keep(q)));
    return keep(v128.select(f32x4.lt(size, f32x4.constant(1)), small, this.#withSign(large, x)));
  }

  /**
   * sin(x + quarter * pi/2), to 2^-22 of 1 for |x| up to 10^4. Farther out nothing is left of the angle; the result is then arbitrary, but between -1
   * and 1.
   */
  #sinQuarter(x: V128, quarter: number): V128 {
    const keep = (value: V128) => this.#f.keep(value);
    const shifted = keep(f32x4.add(f32x4.mul(x, f32x4.constant(2 / Math.PI)), f32x4.constant(ROUNDER)));
    const turns = keep(f32x4.sub(shifted, f32x4.constant(ROUNDER)));
    // pi/2 in three parts of few bits, so that products with whole numbers below 2^13 are exact.
    const part = (from: V128, size: number) => f32x4.sub(from, f32x4.mul(turns, f32x4.constant(size)));
    const rest = part(part(part(x, 1.5703125), 0.0004825592041015625), 0.0000012675908465);
    const r = keep(f32x4.pmax(f32x4.pmin(rest, f32x4.constant(0.8)), f32x4.constant(-0.8)));
    const square = keep(f32x4.mul(r, r));
    const s = this.#polynomial(square, [-0.000195090615, 0.00833211839, -0.166666538]);
    const sine = this.#withSignOfZero(this.multiplyAdd(f32x4.mul(r, square), s, r), r);
    const c = this.#polynomial(square, [0.0000244292114, -0.00138872885, 0.0416666456]);
    const near = this.multiplyAdd(square, f32x4.constant(-0.5), f32x4.constant(1));
    const cosine = this.multiplyAdd(f32x4.mul(square, square), c, near);
    const quadrant = keep(i32x4.add(shifted, i32x4.constant(quarter)));
    const odd = i32x4.eq(v128.and(quadrant, i32x4.constant(1)), i32x4.constant(1));
    const flip = i32x4.shl(v128.and(quadrant, i32x4.constant(2)), i32.constant(30));
    return keep(v128.xor(v128.select(odd, cosine, sine), flip));
  }

  /** `value`, but x where x is 0. */
  #withSignOfZero(value: V128, x: V128): V128 {
    return v128.select(f32x4.eq(x, f32x4.constant(0)), x, value);
  }

  sin(x: V128): V128 {
    return this.#sinQuarter(x, 0);
  }

  cos(x: V128): V128 {
    return this.#sinQuarter(x, 1);
  }

  sign(x: V128): V128 {
    const one = this.#withSign(f32x4.constant(1), x);
    const apart = v128.or(f32x4.lt(x, f32x4.constant(0)), f32x4.gt(x, f32x4.constant(0)));
    return this.#f.keep(v128.select(apart, one, x));
  }

  /** base ^ exponent, the base a kept value. Whole and half exponents by products and roots; others as exp(exponent * log(base)), NaN below 0. */
  power(base: V128, exponent: number): V128 {
    if (exponent < 0 && Number.isInteger(exponent * 2) && exponent >= -LARGEST_PRODUCT)
      return this.#f.keep(f32x4.div(f32x4.constant(1), this.power(base, -exponent)));
    if (exponent === 0) return f32x4.constant(1);
    if (exponent === 0.5) return this.#f.keep(f32x4.sqrt(base));
    if (Number.isInteger(exponent) && exponent > 0 && exponent <= LARGEST_PRODUCT)
      return this.#product(base, exponent);
    return this.exp(this.#f.keep(f32x4.mul(this.log(base), f32x4.constant(exponent))));
  }

  #product(base: V128, exponent: number): V128 {
    if (exponent === 1) return base;
    if (exponent % 2 === 1) return this.#f.keep(f32x4.mul(base, this.#product(base, exponent - 1)));
    const half = this.#product(base, exponent / 2);
    return this.#f.keep(f32x4.mul(half, half));
  }
}

/** The number whose exponent is the low bits of a word. */
function toExponent(word: V128): V128 {
  return i32x4.shl(word, i32.constant(23));
}

/** Whole exponents up to this are products. */
const LARGEST_PRODUCT = 64;
