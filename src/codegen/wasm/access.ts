/** Vectors from and to memory: as they lie, lane by lane, or where a mask allows it. */
import type { FunctionBuilder } from "./function.ts";
import type { I32, V128 } from "./instructions.ts";
import { i32, i32x4, v128 } from "./instructions.ts";

export interface Address {
  /** Address of lane 0 without the offset; kept. */
  readonly base: I32;
  readonly offset: number;
  /** Bytes between lanes. */
  readonly laneBytes: number;
  /** Numbers that move every lane on its own, each times so many bytes; kept. */
  readonly apart: readonly { readonly value: V128; readonly bytes: number }[];
}

/** Address of one lane. */
function laneAddress({ base, offset, laneBytes, apart }: Address, lane: number): readonly [I32, number] {
  let address = base;
  for (const { value, bytes } of apart)
    address = i32.add(address, i32.mul(i32x4.lane(value, lane), i32.constant(bytes)));
  return [address, offset + lane * laneBytes];
}

/**
 * The lanes in use of a vector; neighbours are read in one go, up to 12 bytes beyond the last lane in use. Nothing is read for lanes that the mask
 * leaves out, which become 0.
 */
export function loadVector(f: FunctionBuilder, address: Address, active: number, mask: V128 | null): V128 {
  const whole = address.apart.length === 0 && address.laneBytes === 4;
  const load = () => v128.load(address.base, address.offset);
  if (mask === null) {
    if (whole) return load();
    let result = i32x4.constant(0);
    for (let lane = 0; lane < active; lane++) {
      const [base, offset] = laneAddress(address, lane);
      result = v128.loadLane(base, result, lane, offset);
    }
    return result;
  }
  const result = f.variable("v128", i32x4.constant(0));
  const single = () => {
    for (let lane = 0; lane < active; lane++)
      f.when(i32x4.lane(mask, lane), () => {
        const [base, offset] = laneAddress(address, lane);
        result.set(v128.loadLane(base, result.get, lane, offset));
      });
  };
  if (whole && active === 4)
    f.when(
      i32x4.allTrue(mask),
      () => result.set(load()),
      () => f.when(v128.anyTrue(mask), single),
    );
  else single();
  return result.get;
}

/** Stores the lanes in use and nothing beyond them. `value` is kept. */
export function storeVector(f: FunctionBuilder, address: Address, value: V128, active: number): void {
  const { base, offset, laneBytes, apart } = address;
  if (apart.length === 0 && laneBytes === 4) {
    if (active === 4) f.push(v128.store(base, value, offset));
    if (active === 2 || active === 3) f.push(v128.storeLowHalf(base, value, offset));
    if (active === 1 || active === 3)
      f.push(v128.storeLane(base, value, active - 1, offset + (active - 1) * 4));
    return;
  }
  for (let lane = 0; lane < active; lane++) {
    const [place, shift] = laneAddress(address, lane);
    f.push(v128.storeLane(place, value, lane, shift));
  }
}
