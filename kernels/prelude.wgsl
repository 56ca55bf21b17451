// Functions that kernels share. A kernel gets only the functions that it names, and those that they name.
//
// {{F}}, {{I}}, {{U}}, {{B}} stand for f32, i32, u32, bool or their vec4; {{V}} is empty or 4 and ends the names.
// The builtins of WGSL may be inaccurate (log near 1, sin, cos, exp) or NaN where the true value is finite (tanh of
// large arguments), and drivers make use of that freedom. Polynomials: own minimax fits, errors below 2e-7 relative.

//! infinity
// A bit pattern that the compiler cannot see as a constant: constant expressions may not be infinite.
var<private> infinity_bits: u32 = 0x7f800000u;
fn infinity() -> f32 {
  return bitcast<f32>(infinity_bits);
}

//! not_a_number
var<private> nan_bits: u32 = 0x7fc00000u;
fn not_a_number() -> f32 {
  return bitcast<f32>(nan_bits);
}

//! is_nan
// Drivers take comparisons of a number with itself to be true.
fn is_nan{{V}}(x: {{F}}) -> {{B}} {
  return (bitcast<{{U}}>(x) & {{U}}(0x7fffffffu)) > {{U}}(0x7f800000u);
}

//! safe_exp
// exp over the whole range of f32: 0 below the smallest number, infinite above the largest.
fn safe_exp{{V}}(x: {{F}}) -> {{F}} {
  let inside = exp(clamp(x, {{F}}(-104.0), {{F}}(88.722839)));
  let high = select(inside, {{F}}(infinity()), x > {{F}}(88.722839));
  let low = select(high, {{F}}(0.0), x < {{F}}(-104.0));
  return select(low, x, is_nan{{V}}(x));
}

//! log1p_small
// log(1 + x) for sqrt(1/2) <= 1 + x <= sqrt(2).
fn log1p_small{{V}}(x: {{F}}) -> {{F}} {
  var p = {{F}}(-0.0764603764);
  p = p * x + {{F}}(0.127790883);
  p = p * x + {{F}}(-0.131641984);
  p = p * x + {{F}}(0.141996995);
  p = p * x + {{F}}(-0.166227639);
  p = p * x + {{F}}(0.200012922);
  p = p * x + {{F}}(-0.250008374);
  p = p * x + {{F}}(0.333333313);
  let square = x * x;
  return x + (square * x * p - 0.5 * square);
}

//! safe_log
// -infinity at 0, NaN below. The mantissa is brought to [sqrt(1/2), sqrt(2)) by integer arithmetic on the bits.
fn safe_log{{V}}(x: {{F}}) -> {{F}} {
  let subnormal = x < {{F}}(1.17549435e-38);
  let scaled = select(x, x * 8388608.0, subnormal);
  let bits = bitcast<{{U}}>(scaled);
  let shifted = bits - {{U}}(0x3f3504f3u);
  let exponent = {{F}}(bitcast<{{I}}>(shifted) >> {{U}}(23u)) - select({{F}}(0.0), {{F}}(23.0), subnormal);
  let mantissa = bitcast<{{F}}>((shifted & {{U}}(0x007fffffu)) + {{U}}(0x3f3504f3u));
  let inside = exponent * 0.693115234375 + (log1p_small{{V}}(mantissa - {{F}}(1.0)) + exponent * 0.0000319461833);
  let high = select(inside, x, x >= {{F}}(infinity()));
  let low = select(high, {{F}}(not_a_number()), x < {{F}}(0.0));
  let zero = select(low, {{F}}(-infinity()), x == {{F}}(0.0));
  return select(zero, x, is_nan{{V}}(x));
}

//! safe_log1p
fn safe_log1p{{V}}(x: {{F}}) -> {{F}} {
  let small = (x > {{F}}(-0.29)) & (x < {{F}}(0.41));
  return select(safe_log{{V}}({{F}}(1.0) + x), log1p_small{{V}}(clamp(x, {{F}}(-0.29), {{F}}(0.41))), small);
}

//! safe_tanh
fn safe_tanh{{V}}(x: {{F}}) -> {{F}} {
  let size = abs(x);
  let square = min(size * size, {{F}}(0.4));
  var p = {{F}}(-0.00571703678);
  p = p * square + {{F}}(0.0206505787);
  p = p * square + {{F}}(-0.0537434965);
  p = p * square + {{F}}(0.133314908);
  p = p * square + {{F}}(-0.333332837);
  let small = x + x * square * p;
  let large = sign(x) * ({{F}}(1.0) - 2.0 / (exp(2.0 * min(size, {{F}}(10.0))) + {{F}}(1.0)));
  return select(select(large, small, size < {{F}}(0.625)), x, is_nan{{V}}(x));
}

//! safe_sigmoid
fn safe_sigmoid{{V}}(x: {{F}}) -> {{F}} {
  return select({{F}}(1.0) / ({{F}}(1.0) + exp(min(-x, {{F}}(88.0)))), x, is_nan{{V}}(x));
}

//! safe_softplus
// log(1 + exp(x)) without overflow.
fn safe_softplus{{V}}(x: {{F}}) -> {{F}} {
  let value = max(x, {{F}}(0.0)) + safe_log1p{{V}}(exp(max(-abs(x), {{F}}(-104.0))));
  return select(value, x, is_nan{{V}}(x));
}

//! safe_erf
fn safe_erf{{V}}(x: {{F}}) -> {{F}} {
  let size = min(abs(x), {{F}}(4.1));
  let square = min(size * size, {{F}}(1.0));
  var p = {{F}}(0.0000788911930);
  p = p * square + {{F}}(-0.000802084105);
  p = p * square + {{F}}(0.00518953521);
  p = p * square + {{F}}(-0.0268544443);
  p = p * square + {{F}}(0.112836003);
  p = p * square + {{F}}(-0.376126260);
  p = p * square + {{F}}(1.12837911);
  // log(1 - erf) is smooth beyond 1.
  var q = {{F}}(0.000185382945);
  q = q * size + {{F}}(-0.00293779373);
  q = q * size + {{F}}(0.0217982959);
  q = q * size + {{F}}(-0.103023164);
  q = q * size + {{F}}(-0.638241529);
  q = q * size + {{F}}(-1.12703073);
  q = q * size + {{F}}(-0.000355933065);
  let large = sign(x) * ({{F}}(1.0) - exp(q));
  return select(select(large, x * p, size < {{F}}(1.0)), x, is_nan{{V}}(x));
}

//! sin_quarter
// sin(x + quarter * pi/2). The reduction subtracts pi/2 in three parts of few bits, so products with quarters below 2^13 are exact.
fn sin_quarter{{V}}(x: {{F}}, quarter: {{I}}) -> {{F}} {
  let turns = round(x * 0.636619772);
  let rest = ((x - turns * 1.5703125) - turns * 0.0004825592041015625) - turns * 0.0000012675908465;
  // Far out nothing is left of the angle; the result is then arbitrary, but between -1 and 1.
  let r = select(clamp(rest, {{F}}(-0.8), {{F}}(0.8)), x, is_nan{{V}}(x));
  let square = r * r;
  var s = {{F}}(-0.000195090615);
  s = s * square + {{F}}(0.00833211839);
  s = s * square + {{F}}(-0.166666538);
  var c = {{F}}(0.0000244292114);
  c = c * square + {{F}}(-0.00138872885);
  c = c * square + {{F}}(0.0416666456);
  let sine = r + r * square * s;
  let cosine = ({{F}}(1.0) - 0.5 * square) + square * square * c;
  let quadrant = {{I}}(turns) + quarter;
  let value = select(sine, cosine, (quadrant & {{I}}(1)) == {{I}}(1));
  return select(value, -value, (quadrant & {{I}}(2)) == {{I}}(2));
}

//! safe_sin
fn safe_sin{{V}}(x: {{F}}) -> {{F}} {
  return sin_quarter{{V}}(x, {{I}}(0));
}

//! safe_cos
fn safe_cos{{V}}(x: {{F}}) -> {{F}} {
  return sin_quarter{{V}}(x, {{I}}(1));
}

//! safe_power
// x ^ exponent for an exponent that is no small whole number: 0 or infinite at 0, NaN below.
fn safe_power{{V}}(x: {{F}}, exponent: f32) -> {{F}} {
  return safe_exp{{V}}(exponent * safe_log{{V}}(x));
}

//! threefry
// Threefry-2x32 with 20 rounds; must equal src/base/random.ts bit for bit.
fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  let keys = array<u32, 3>(key.x, key.y, key.x ^ key.y ^ 0x1bd11bdau);
  var x = counter + key;
  x = threefry_even(x) + vec2<u32>(keys[1], keys[2] + 1u);
  x = threefry_odd(x) + vec2<u32>(keys[2], keys[0] + 2u);
  x = threefry_even(x) + vec2<u32>(keys[0], keys[1] + 3u);
  x = threefry_odd(x) + vec2<u32>(keys[1], keys[2] + 4u);
  return threefry_even(x) + vec2<u32>(keys[2], keys[0] + 5u);
}
fn threefry_round(x: vec2<u32>, rotation: u32) -> vec2<u32> {
  let sum = x.x + x.y;
  return vec2<u32>(sum, ((x.y << rotation) | (x.y >> (32u - rotation))) ^ sum);
}
fn threefry_even(x: vec2<u32>) -> vec2<u32> {
  return threefry_round(threefry_round(threefry_round(threefry_round(x, 13u), 15u), 26u), 6u);
}
fn threefry_odd(x: vec2<u32>) -> vec2<u32> {
  return threefry_round(threefry_round(threefry_round(threefry_round(x, 17u), 29u), 16u), 24u);
}

//! random_uniform
// In [0, 1) with 24 bits.
fn random_uniform(seed: u32, site: u32, index: u32, counter: u32) -> f32 {
  return f32(threefry(vec2<u32>(seed, site), vec2<u32>(index, counter)).x >> 8u) * 5.9604644775390625e-8;
}

//! random_uniform4
// One after another in a loop, so that the code of twenty rounds is there once.
fn random_uniform4(seed: vec4<u32>, site: u32, index: vec4<u32>, counter: vec4<u32>) -> vec4<f32> {
  var result = vec4<f32>(0.0);
  for (var lane = 0; lane < 4; lane++) { result[lane] = random_uniform(seed[lane], site, index[lane], counter[lane]); }
  return result;
}

//! random_normal
// Box-Muller on the two words of one block. 1 - u is exact, and small u lose nothing in log1p.
fn random_normal(seed: u32, site: u32, index: u32, counter: u32) -> f32 {
  let words = threefry(vec2<u32>(seed, site), vec2<u32>(index, counter)) >> vec2<u32>(8u);
  let radius = sqrt(-2.0 * safe_log1p(f32(words.x) * -5.9604644775390625e-8));
  return radius * safe_cos(6.28318530718 * (f32(words.y) * 5.9604644775390625e-8));
}

//! random_normal4
fn random_normal4(seed: vec4<u32>, site: u32, index: vec4<u32>, counter: vec4<u32>) -> vec4<f32> {
  var result = vec4<f32>(0.0);
  for (var lane = 0; lane < 4; lane++) { result[lane] = random_normal(seed[lane], site, index[lane], counter[lane]); }
  return result;
}
