/** Counter-based random numbers, four elements at a time; must equal src/base/random.ts bit for bit. */
import type { FunctionBuilder } from "./function.ts";
import type { V128 } from "./instructions.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";
import { VectorMath } from "./math.ts";

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

export interface RandomState {
  readonly seed: V128;
  readonly site: number;
  readonly index: V128;
  readonly counter: V128;
}

/** Threefry-2x32 with 20 rounds, key (seed, site), counter (index, counter): the two words of the block. */
function threefry(f: FunctionBuilder, { seed, site, index, counter }: RandomState): readonly [V128, V128] {
  const key0 = f.keep(seed);
  const keys = [key0, i32x4.constant(site), f.keep(v128.xor(key0, i32x4.constant(site ^ PARITY)))] as const;
  let x0 = f.keep(i32x4.add(index, key0));
  let x1 = f.keep(i32x4.add(counter, keys[1]));
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8] as number;
    x0 = f.keep(i32x4.add(x0, x1));
    const rotated = v128.or(
      i32x4.shl(x1, i32.constant(rotation)),
      i32x4.shrUnsigned(x1, i32.constant(32 - rotation)),
    );
    x1 = f.keep(v128.xor(rotated, x0));
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = f.keep(i32x4.add(x0, keys[injection % 3] as V128));
      const key = i32x4.add(keys[(injection + 1) % 3] as V128, i32x4.constant(injection));
      x1 = f.keep(i32x4.add(x1, key));
    }
  }
  return [x0, x1];
}

/** The upper 24 bits as a number in [0, 1). */
function toUniform(bits: V128): V128 {
  return f32x4.mul(f32x4.convert(i32x4.shrUnsigned(bits, i32.constant(8))), f32x4.constant(2 ** -24));
}

/** Random numbers of a distribution. Normal: Box-Muller on the two words; 1 - u is exact, and log1p loses nothing where u is small. */
export function randomNumbers(
  f: FunctionBuilder,
  fused: boolean,
  distribution: "uniform" | "normal",
  state: RandomState,
): V128 {
  const [first, second] = threefry(f, state);
  if (distribution === "uniform") return f.keep(toUniform(first));
  const math = new VectorMath(f, fused);
  const negated = f.keep(f32x4.neg(toUniform(first)));
  const radius = f32x4.sqrt(f32x4.mul(math.log1p(negated), f32x4.constant(-2)));
  const angle = f.keep(f32x4.mul(toUniform(second), f32x4.constant(2 * Math.PI)));
  return f.keep(f32x4.mul(radius, math.cos(angle)));
}
