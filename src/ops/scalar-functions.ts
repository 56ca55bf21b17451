/** Scalar functions in float64 that the language does not have, safe over the whole range. */

/** 1 / (1 + e^-x) without overflow on either side. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const small = Math.exp(x);
  return small / (1 + small);
}

/** log(1 + e^x) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Nearest whole number; halves go to the even neighbour. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The error function, accurate to a few units in the last place. Near 0 the series
 * erf(x) = 2/sqrt(pi) e^(-x²) sum x (2x²)^n / (1·3·…·(2n+1)), whose terms are all of one sign; further out one minus the continued fraction
 * of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return Number.NaN;
  if (size > 6) return Math.sign(x);
  return size < 2.5 ? erfSeries(x) : Math.sign(x) * (1 - erfcFraction(size));
}

function erfSeries(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

// x + (1/2)/(x + 1/(x + (3/2)/(x + ...))), from the inside out; 120 levels are more than float64 can tell apart for x >= 2.5.
function erfcFraction(x: number): number {
  let tail = x;
  for (let level = 120; level >= 1; level--) tail = x + level / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}

/** x^exponent; whole exponents by repeated multiplication, as on the targets, so that negative bases work. */
export function power(x: number, exponent: number): number {
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 64) return x ** exponent;
  let result = 1;
  let square = x;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return exponent < 0 ? 1 / result : result;
}
