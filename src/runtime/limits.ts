/** How much memory a device has for arenas, as far as it says so. */
import { totalmem } from "node:os";

export interface Limit {
  readonly bytes: number;
  /** Who sets it, as the beginning of a sentence: `this machine has`. */
  readonly what: string;
}

export interface MemoryLimits {
  /** All arenas together. */
  readonly total: Limit;
  /** One arena. */
  readonly arena: Limit;
  /** One operand of a kernel. */
  readonly operand: Limit;
  /** Bytes that an element takes where arenas count 4. */
  readonly elementBytes: number;
}

/** What this machine has; less where the system allows this process less. */
export function hostMemory(): Limit {
  const total = totalmem();
  const allowed = process.constrainedMemory();
  return allowed > 0 && allowed < total
    ? { bytes: allowed, what: "this process may use" }
    : { bytes: total, what: "this machine has" };
}

/** The tighter of two limits. */
export function tighter(a: Limit, b: Limit): Limit {
  return a.bytes <= b.bytes ? a : b;
}

/** A share of what a device has. */
export function shareOf({ total, arena, operand, elementBytes }: MemoryLimits, share: number): MemoryLimits {
  const part = (limit: Limit): Limit => ({ ...limit, bytes: limit.bytes * share });
  return { total: part(total), arena: part(arena), operand: part(operand), elementBytes };
}
