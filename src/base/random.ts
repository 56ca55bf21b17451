/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). The same function is emitted for every target, so that a value depends only on
 * (key, counter) and never on the order of evaluation, the device or the number of threads.
 */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** One Threefry-2x32-20 block. All arguments and results are unsigned 32-bit integers. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
  const keys = [key0 >>> 0, key1 >>> 0, (key0 ^ key1 ^ PARITY) >>> 0] as const;
  let x0 = (counter0 + keys[0]) >>> 0;
  let x1 = (counter1 + keys[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8] as number;
    x0 = (x0 + x1) >>> 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) >>> 0;
    x1 = (x1 ^ x0) >>> 0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + (keys[injection % 3] as number)) >>> 0;
      x1 = (x1 + (keys[(injection + 1) % 3] as number) + injection) >>> 0;
    }
  }
  return [x0, x1];
}

/** Maps 32 random bits to a float in [0, 1) with 24 bits of resolution, exactly representable in f32. */
export function uniformFromBits(bits: number): number {
  return (bits >>> 8) / 16777216;
}

/** A stream of random numbers named by two 32-bit keys; draws are addressed by index, not consumed in order. */
export class RandomStream {
  readonly key0: number;
  readonly key1: number;
  constructor(key0: number, key1: number) {
    this.key0 = key0;
    this.key1 = key1;
  }

  /** Uniform in [0, 1), draw number `index`. */
  uniform(index: number): number {
    return uniformFromBits(
      threefry2x32(this.key0, this.key1, index >>> 0, Math.floor(index / 4294967296))[0],
    );
  }

  /** Standard normal, draw number `index` (Box-Muller on the two words of one block). */
  normal(index: number): number {
    const [a, b] = threefry2x32(this.key0, this.key1, index >>> 0, Math.floor(index / 4294967296));
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFromBits(a)));
    return radius * Math.cos(2 * Math.PI * uniformFromBits(b));
  }

  /** A uniformly random permutation of 0..count-1 (Fisher-Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = Math.floor(this.uniform(last) * (last + 1));
      const held = order[last] as number;
      order[last] = order[other] as number;
      order[other] = held;
    }
    return order;
  }
}
