/**
 * The order of calls within a segment. Fusion leaves them in the order of the graph, where the derivatives of all weights come last and keep every
 * value of the way forward alive until then. Two greedy orders are tried, one from the front and one from the back, and whichever of the three
 * needs least memory is taken.
 */
import { at } from "../base/invariant.ts";
import type { Call, Location, Scheduled } from "../fuse/scheduled.ts";
import { alignedBytes } from "./memory.ts";

/** The same calls, each segment's in an order that needs less memory. */
export function orderCalls(scheduled: Scheduled): Scheduled {
  const touched = scheduled.segments.map(({ calls }) => calls.map(valuesOf));
  const lastUses = new Map<number, number>();
  for (const [index, calls] of touched.entries())
    for (const value of calls.flat()) lastUses.set(value, index);
  const made = new Set<number>();
  const segments = scheduled.segments.map((segment, index) => {
    const values = at(touched, index);
    const all = [...new Set(values.flat())];
    const problem: Problem = {
      calls: segment.calls,
      values,
      needs: predecessors(segment.calls),
      made: new Set(all.filter((value) => made.has(value))),
      kept: new Set(all.filter((value) => lastUses.get(value) !== index)),
      bytes: new Map(all.map((value) => [value, bytesOf(scheduled, value)])),
    };
    for (const value of all) made.add(value);
    return { ...segment, calls: bestOrder(problem).map((call) => at(segment.calls, call)) };
  });
  return { ...scheduled, segments };
}

/** One segment. Calls are numbered in the order of the graph. */
interface Problem {
  readonly calls: readonly Call[];
  /** What each call touches. */
  readonly values: readonly (readonly number[])[];
  /** What must run before each call. */
  readonly needs: readonly ReadonlySet<number>[];
  /** Values that an earlier segment made. */
  readonly made: ReadonlySet<number>;
  /** Values that a later segment needs. */
  readonly kept: ReadonlySet<number>;
  readonly bytes: ReadonlyMap<number, number>;
}

function bestOrder(problem: Problem): readonly number[] {
  const graph = [...problem.calls.keys()];
  let [best, least] = [graph, peakOf(problem, graph)];
  for (const order of [greedyOrder(problem), greedyOrder(reversed(problem)).reverse()]) {
    const peak = peakOf(problem, order);
    if (peak < least) [best, least] = [order, peak];
  }
  return best;
}

/** The same problem seen from the end: what is made is what a call reads last. */
function reversed(problem: Problem): Problem {
  const needs = problem.calls.map(() => new Set<number>());
  for (const [call, needed] of problem.needs.entries())
    for (const other of needed) at(needs, other).add(call);
  return { ...problem, needs, made: problem.kept, kept: problem.made };
}

/** Always the call that takes least memory beyond what it frees; of several the one that became possible last. */
function greedyOrder(problem: Problem): number[] {
  const users = problem.calls.map((): number[] => []);
  for (const [call, needed] of problem.needs.entries())
    for (const other of needed) at(users, other).push(call);
  const missing = problem.needs.map((needed) => needed.size);
  const alive = new Alive(problem);
  const ready = new Set([...problem.calls.keys()].filter((call) => missing[call] === 0));
  const order: number[] = [];
  while (ready.size > 0) {
    let [next, least] = [-1, Number.POSITIVE_INFINITY];
    for (const call of ready) {
      const growth = alive.growth(call);
      if (growth <= least) [next, least] = [call, growth];
    }
    ready.delete(next);
    order.push(next);
    alive.run(next);
    for (const user of at(users, next)) {
      const left = at(missing, user) - 1;
      missing[user] = left;
      if (left === 0) ready.add(user);
    }
  }
  return order;
}

/** The most bytes alive at once. */
function peakOf(problem: Problem, order: readonly number[]): number {
  const alive = new Alive(problem);
  let [bytes, peak] = [0, 0];
  for (const call of order) {
    peak = Math.max(peak, bytes + alive.taken(call));
    bytes += alive.growth(call);
    alive.run(call);
  }
  return peak;
}

/** Which values are alive while calls run one after another. */
class Alive {
  readonly #problem: Problem;
  readonly #seen = new Set<number>();
  /** Calls that still have to touch a value. */
  readonly #open = new Map<number, number>();

  constructor(problem: Problem) {
    this.#problem = problem;
    for (const value of problem.values.flat()) this.#open.set(value, (this.#open.get(value) ?? 0) + 1);
  }

  /** Bytes of what a call is the first to touch. */
  taken(call: number): number {
    return this.#sum(call, (value) => !this.#seen.has(value) && !this.#problem.made.has(value));
  }

  /** Bytes that are alive after a call and were not before. */
  growth(call: number): number {
    const freed = this.#sum(call, (value) => this.#open.get(value) === 1 && !this.#problem.kept.has(value));
    return this.taken(call) - freed;
  }

  run(call: number): void {
    for (const value of at(this.#problem.values, call)) {
      this.#seen.add(value);
      this.#open.set(value, (this.#open.get(value) ?? 0) - 1);
    }
  }

  #sum(call: number, counts: (value: number) => boolean): number {
    let sum = 0;
    for (const value of at(this.#problem.values, call))
      if (counts(value)) sum += this.#problem.bytes.get(value) ?? 0;
    return sum;
  }
}

function bytesOf({ values }: Scheduled, value: number): number {
  const known = values.get(value);
  return known === undefined ? 0 : alignedBytes(known);
}

/** The values between kernels that a call touches, each once. */
function valuesOf(call: Call): readonly number[] {
  return [
    ...new Set(call.operands.flatMap((location) => (location.kind === "work" ? [location.value] : []))),
  ];
}

interface Touch {
  readonly call: number;
  readonly writes: boolean;
  readonly start: number;
  readonly end: number;
}

/** For each call, those that must run before it: they write what it touches, or touch what it writes. */
function predecessors(calls: readonly Call[]): Set<number>[] {
  const touches = new Map<string, Touch[]>();
  return calls.map((call, index) => {
    const needed = new Set<number>();
    for (const [operand, location] of call.operands.entries()) {
      const { elements, access } = at(call.kernel.operands, operand);
      const start = location.kind === "arena" ? location.offset : 0;
      const touch: Touch = { call: index, writes: access !== "read", start, end: start + elements };
      const name = placeOf(location);
      const others = touches.get(name) ?? [];
      touches.set(name, others);
      for (const other of others) {
        const conflict = (other.writes || touch.writes) && other.start < touch.end && touch.start < other.end;
        if (conflict && other.call !== index) needed.add(other.call);
      }
      others.push(touch);
    }
    return needed;
  });
}

function placeOf(location: Location): string {
  return location.kind === "arena" ? `arena ${location.arena}` : `value ${location.value}`;
}
