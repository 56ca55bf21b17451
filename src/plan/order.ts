/**
 * The order of calls within a segment. Fusion leaves them in the order of the graph, where the derivatives of all weights come last and keep every
 * value of the way forward alive until then. Two greedy orders are tried, one from the front and one from the back, and whichever of the three needs
 * least memory is taken, unless an order by demand needs a good deal less.
 */
import { at } from "../base/invariant.ts";
import type { Call, Location, Scheduled } from "../fuse/scheduled.ts";
import { alignedBytes } from "./memory.ts";

/**
 * An order by demand separates kernels that could be launched together: it has to save this part of what the largest of the segments takes in the order
 * of the graph.
 */
const WORTH = 1 / 16;

/** The same calls, each segment's in an order that needs less memory. */
export function orderCalls(scheduled: Scheduled): Scheduled {
  const touched = scheduled.segments.map(({ calls }) => calls.map(valuesOf));
  const lastUses = new Map<number, number>();
  for (const [index, calls] of touched.entries())
    for (const value of calls.flat()) lastUses.set(value, index);
  const made = new Set<number>();
  const problems = scheduled.segments.map(({ calls }, index): Problem => {
    const values = at(touched, index);
    const all = [...new Set(values.flat())];
    const numbers = new Map(all.map((value, number) => [value, number]));
    const numbered = values.map((of) => of.map((value) => numbers.get(value) ?? 0));
    const uses = all.map(() => 0);
    for (const number of numbered.flat()) uses[number] = at(uses, number) + 1;
    const problem = {
      calls,
      values: numbered,
      uses,
      needs: predecessors(calls),
      made: all.map((value) => made.has(value)),
      kept: all.map((value) => lastUses.get(value) !== index),
      bytes: all.map((value) => bytesOf(scheduled, value)),
    };
    for (const value of all) made.add(value);
    return problem;
  });
  const before = problems.map((problem) => ordered(problem, [...problem.calls.keys()]));
  const worth = WORTH * Math.max(...before.map(({ peak }) => peak));
  const segments = scheduled.segments.map((segment, index) => {
    const { order } = best(at(problems, index), at(before, index), worth);
    return { ...segment, calls: order.map((call) => at(segment.calls, call)) };
  });
  return { ...scheduled, segments };
}

/** One segment. Calls are numbered in the order of the graph, values in that of their first use. */
interface Problem {
  readonly calls: readonly Call[];
  /** What each call touches. */
  readonly values: readonly (readonly number[])[];
  /** How many calls touch each value. */
  readonly uses: readonly number[];
  /** What must run before each call. */
  readonly needs: readonly ReadonlySet<number>[];
  /** Values that an earlier segment made. */
  readonly made: readonly boolean[];
  /** Values that a later segment needs. */
  readonly kept: readonly boolean[];
  readonly bytes: readonly number[];
}

/** An order of the calls, and the most bytes alive at once in it. */
interface Ordered {
  readonly order: readonly number[];
  readonly peak: number;
}

function ordered(problem: Problem, order: readonly number[]): Ordered {
  return { order, peak: peakOf(problem, order) };
}

function best(problem: Problem, graph: Ordered, worth: number): Ordered {
  const least = [greedyOrder(problem), greedyOrder(reversed(problem)).toReversed()]
    .map((order) => ordered(problem, order))
    .reduce((before, other) => (other.peak < before.peak ? other : before), graph);
  if (least.peak <= worth) return least;
  const demanded = ordered(problem, demandOrder(problem));
  return least.peak - demanded.peak >= worth ? demanded : least;
}

/** The same problem seen from the end: what is made is what a call reads last. */
function reversed(problem: Problem): Problem {
  const needs = problem.calls.map(() => new Set<number>());
  for (const [call, needed] of problem.needs.entries())
    for (const other of needed) at(needs, other).add(call);
  return { ...problem, needs, made: problem.kept, kept: problem.made };
}

/** Always the call that takes least memory beyond what it frees; of several the one that became possible last. */
function greedyOrder(problem: Problem): readonly number[] {
  const run = new Running(problem);
  while (run.ready.size > 0) {
    let [next, least] = [-1, Number.POSITIVE_INFINITY];
    for (const call of run.ready) {
      const growth = run.alive.growth(call);
      if (growth <= least) [next, least] = [call, growth];
    }
    run.call(next);
  }
  return run.order;
}

/**
 * A call that takes memory when a result at the end needs it, in the order of the graph, and one that takes none as soon as it can run: derivatives of
 * weights follow the layer that they belong to, and a layer that is computed again waits until the way back has come to it.
 */
function demandOrder(problem: Problem): readonly number[] {
  const run = new Running(problem);
  run.free();
  for (const result of problem.calls.keys()) {
    if (run.hasUsers(result)) continue;
    const demanded = [result];
    while (demanded.length > 0) {
      const call = at(demanded, -1);
      const missing = [...at(problem.needs, call)].filter((other) => !run.done.has(other));
      if (missing.length > 0) demanded.push(Math.min(...missing));
      else {
        demanded.pop();
        if (run.done.has(call)) continue;
        run.call(call);
        run.free();
      }
    }
  }
  return run.order;
}

/** An order in the making. */
class Running {
  readonly order: number[] = [];
  readonly done = new Set<number>();
  readonly ready: Set<number>;
  readonly alive: Alive;
  readonly #users: readonly number[][];
  readonly #missing: number[];

  constructor(problem: Problem) {
    this.#users = problem.calls.map(() => []);
    for (const [call, needed] of problem.needs.entries())
      for (const other of needed) at(this.#users, other).push(call);
    this.#missing = problem.needs.map((needed) => needed.size);
    this.ready = new Set([...problem.calls.keys()].filter((call) => this.#missing[call] === 0));
    this.alive = new Alive(problem);
  }

  hasUsers(call: number): boolean {
    return at(this.#users, call).length > 0;
  }

  call(call: number): void {
    this.ready.delete(call);
    this.done.add(call);
    this.order.push(call);
    this.alive.run(call);
    for (const user of at(this.#users, call)) {
      const left = at(this.#missing, user) - 1;
      this.#missing[user] = left;
      if (left === 0) this.ready.add(user);
    }
  }

  /** Runs what takes no more memory than it frees, again and again until nothing is left of it. */
  free(): void {
    let before: number;
    do {
      before = this.order.length;
      for (const call of this.ready) if (this.alive.growth(call) <= 0) this.call(call);
    } while (this.order.length > before);
  }
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
  /** Calls that still have to touch a value. */
  readonly #open: number[];

  constructor(problem: Problem) {
    this.#problem = problem;
    this.#open = [...problem.uses];
  }

  /** Bytes of what a call is the first to touch. */
  taken(call: number): number {
    const { values, uses, made, bytes } = this.#problem;
    let sum = 0;
    for (const value of at(values, call))
      if (this.#open[value] === uses[value] && !at(made, value)) sum += at(bytes, value);
    return sum;
  }

  /** Bytes that are alive after a call and were not before. */
  growth(call: number): number {
    const { values, kept, bytes } = this.#problem;
    let freed = 0;
    for (const value of at(values, call))
      if (this.#open[value] === 1 && !at(kept, value)) freed += at(bytes, value);
    return this.taken(call) - freed;
  }

  run(call: number): void {
    const open = this.#open;
    for (const value of at(this.#problem.values, call)) open[value] = at(open, value) - 1;
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
