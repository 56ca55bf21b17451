/**
 * The memory plan: which range of the work arena a value has while it is needed. Large values are placed first, each into the smallest gap that
 * is free for as long as it lives; a result may take over the place of an operand that it is computed from.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Call, Location, Scheduled, WorkValue } from "../fuse/scheduled.ts";
import type { Kernel, Operand } from "../ir/kernel.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";
import { canShare, shareOperand } from "./in-place.ts";
import type { Lifetime } from "./lifetime.ts";
import { allCalls, lifetimes } from "./lifetime.ts";

/** A range of the work arena while some calls run; several values one after another when results take over operands. */
export interface Block {
  readonly values: readonly WorkValue[];
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly offset: number;
}

export interface MemoryPlan {
  readonly blocks: readonly Block[];
  /** When each value is needed, with those that the plan itself adds for the steps of loops. */
  readonly lives: readonly Lifetime[];
  /** Offset in bytes of each value. */
  readonly offsets: ReadonlyMap<number, number>;
  /** The calls of each segment; kernels that work in place have one operand for what they read and write. */
  readonly segments: readonly (readonly Call[])[];
  readonly peakBytes: number;
  readonly sumBytes: number;
}

/** Places every value between kernels. */
export function planMemory(given: Scheduled): MemoryPlan {
  const scheduled = withScratch(given);
  const lives = lifetimes(scheduled);
  const { chains, calls } = shareOperands(lives, allCalls(scheduled));
  const blocks = placeBlocks(chains);
  const offsets = new Map(
    blocks.flatMap((block) => block.values.map((value) => [value.id, block.offset] as const)),
  );
  const segments: (readonly Call[])[] = [];
  let first = 0;
  for (const segment of scheduled.segments) {
    segments.push(calls.slice(first, first + segment.calls.length));
    first += segment.calls.length;
  }
  return {
    blocks,
    lives,
    offsets,
    segments,
    peakBytes: blocks.reduce((most, block) => Math.max(most, block.offset + block.bytes), 0),
    sumBytes: lives.reduce((sum, { value }) => sum + alignedBytes(value), 0),
  };
}

/** Loops with one more operand each, for the values between the kernels of a step: as large as a plan of the step for itself needs it. */
function withScratch(scheduled: Scheduled): Scheduled {
  const values = new Map(scheduled.values);
  let next = [...values.keys()].reduce((most, id) => Math.max(most, id), -1) + 1;
  const segments = scheduled.segments.map((segment) => ({
    ...segment,
    calls: segment.calls.map((call): Call => {
      const { kernel } = call;
      if (kernel.kind !== "scan") return call;
      const bytes = Math.max(planMemory(kernel.first).peakBytes, planMemory(kernel.step).peakBytes);
      if (bytes === 0) return call;
      const id = next++;
      const elements = bytes / 4;
      values.set(id, {
        id,
        dtype: "f32",
        elements,
        op: "scan",
        shape: [elements],
        origin: call.origins[0] ?? null,
      });
      const scratch: Operand = {
        name: `operand${kernel.operands.length}`,
        dtype: "f32",
        elements,
        access: "write",
      };
      return {
        ...call,
        kernel: { ...kernel, operands: [...kernel.operands, scratch] },
        operands: [...call.operands, { kind: "work", value: id }],
      };
    }),
  }));
  return { segments, values };
}

/** Bytes that a value takes in an arena. Every element type takes 4. */
export function alignedBytes({ elements }: { readonly elements: number }): number {
  return Math.ceil((elements * 4) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}

interface Chain {
  readonly values: WorkValue[];
  readonly start: number;
  end: number;
}

/** Lets results take over operands that die where they are made. */
function shareOperands(lives: readonly Lifetime[], calls: readonly Call[]) {
  const byValue = new Map(lives.map((life) => [life.value.id, life]));
  const chains = new Map<number, Chain>();
  const shared = calls.map((call, position) => {
    let current = call;
    for (const location of call.operands) {
      if (location.kind !== "work") continue;
      const life = byValue.get(location.value);
      if (life?.start !== position || chains.has(location.value)) continue;
      const taken = takeOver(current, location.value, position, byValue);
      const chain = taken === null ? undefined : chains.get(taken.value);
      if (taken !== null && chain !== undefined) {
        current = taken.call;
        chain.values.push(life.value);
        chain.end = life.end;
        chains.set(location.value, chain);
      } else chains.set(location.value, { values: [life.value], start: life.start, end: life.end });
    }
    return current;
  });
  return { chains: [...new Set(chains.values())], calls: shared };
}

/** The call with result `written` in the place of an operand that is read for the last time, and that operand's value. */
function takeOver(call: Call, written: number, position: number, lives: ReadonlyMap<number, Lifetime>) {
  const isValue = (location: Location, value: number) => location.kind === "work" && location.value === value;
  const target = call.operands.findIndex((location) => isValue(location, written));
  for (const [source, location] of call.operands.entries()) {
    if (location.kind !== "work" || source === target) continue;
    const life = lives.get(location.value);
    const { kernel } = call;
    if (kernel.kind === "scan" || life?.end !== position || life.start === position) continue;
    if (!canShare(kernel, source, target)) continue;
    invariant(kernel.kind !== "library", "library kernels never work in place");
    const merged: Kernel =
      kernel.kind === "loop" ? shareOperand(kernel, source, target) : shareOperand(kernel, source, target);
    const operands = call.operands.filter((_, index) => index !== Math.max(source, target));
    const kept = operands.map(
      (each, index): Location =>
        index === Math.min(source, target) ? { kind: "work", value: written } : each,
    );
    return { call: { ...call, kernel: merged, operands: kept }, value: location.value };
  }
  return null;
}

function placeBlocks(chains: readonly Chain[]): readonly Block[] {
  const sized = chains.map((chain) => ({ ...chain, bytes: alignedBytes(at(chain.values, 0)) }));
  sized.sort((a, b) => b.bytes - a.bytes || a.start - b.start);
  const blocks: Block[] = [];
  const byOffset: Block[] = [];
  for (const { values, start, end, bytes } of sized) {
    const block = { values, start, end, bytes, offset: bestGap(byOffset, start, end, bytes) };
    blocks.push(block);
    let place = byOffset.length;
    while (place > 0 && at(byOffset, place - 1).offset > block.offset) place--;
    byOffset.splice(place, 0, block);
  }
  return blocks;
}

/**
 * The start of the smallest gap that holds `bytes` between those blocks that are in use at some time from `start` to `end`; behind all of them when
 * there is none. Blocks ascend by offset.
 */
function bestGap(blocks: readonly Block[], start: number, end: number, bytes: number): number {
  let [best, smallest, free] = [-1, Number.POSITIVE_INFINITY, 0];
  for (const block of blocks) {
    if (block.start > end || start > block.end) continue;
    const gap = block.offset - free;
    if (gap >= bytes && gap < smallest) [best, smallest] = [free, gap];
    free = Math.max(free, block.offset + block.bytes);
  }
  return best >= 0 ? best : free;
}
