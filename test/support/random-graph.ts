/**
 * Random small graphs: programs of the elementwise, view, reduction, indexing and matmul primitives that always fit together and whose values stay
 * moderate; sorting, medians, factors of matrices and, where asked for, recurrences among them. A program is a list of numbers, so that fast-check can shrink it.
 */
import fc from "fast-check";
import { middle } from "../../src/builtins/order.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { ops } from "../../src/ops/index.ts";
import { inputNode, sampleTensor } from "./tensors.ts";

export interface RandomGraph {
  readonly g: GraphBuilder;
  /** f32 inputs by name. */
  readonly inputs: ReadonlyMap<string, Node>;
  readonly values: Map<string, Tensor>;
  /** What the last steps made. */
  readonly results: readonly Node[];
}

interface Step {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly detail: number;
}

const natural = fc.nat({ max: 1 << 20 });
const step: fc.Arbitrary<Step> = fc.record({ kind: natural, a: natural, b: natural, detail: natural });

/** Tensors do not grow beyond this, so that finite differences stay quick. */
const MOST_ELEMENTS = 72;

interface RandomGraphOptions {
  /** The most operations. */
  readonly steps: number;
  /** Differentiable everywhere; otherwise comparisons and kinks take part. */
  readonly smooth: boolean;
  /** Nothing but views and sums. */
  readonly viewsOnly?: boolean;
  /** With recurrences, which have steps of their own. */
  readonly scans?: boolean;
}

/** Graphs with one to three inputs. */
export function randomGraphs(options: RandomGraphOptions): fc.Arbitrary<RandomGraph> {
  const smooth = options.scans === true ? [...SMOOTH, ...SCANS] : SMOOTH;
  const kinds = options.viewsOnly ? VIEWS : options.smooth ? smooth : [...smooth, ...KINKED];
  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 3 });
  return fc
    .record({
      shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
      steps: fc.array(step, { minLength: 1, maxLength: options.steps }),
      key: fc.nat({ max: 1000 }),
    })
    .map(({ shapes, steps, key }) => build(kinds, shapes, steps, key));
}

function build(
  kinds: readonly Kind[],
  shapes: readonly number[][],
  steps: readonly Step[],
  key: number,
): RandomGraph {
  const g = new GraphBuilder(ops);
  const inputs = new Map<string, Node>();
  const values = new Map<string, Tensor>();
  shapes.forEach((shape, index) => {
    const name = `x${index}`;
    inputs.set(name, inputNode(g, name, shape));
    values.set(name, sampleTensor({ shape, dtype: "f32", low: -1.5, high: 1.5 }, 100 * key + index));
  });
  const given = [...inputs.values()];
  const pool = [...given];
  for (const { kind, a, b, detail } of steps) {
    const made = pick(kinds, kind)({ g, a: pick(pool, a), b: pick(pool, b), key: pick(given, b), detail });
    if (elementCount(made.shape) <= MOST_ELEMENTS) pool.push(made);
  }
  return { g, inputs, values, results: pool.slice(-2) };
}

function pick<T>(items: readonly T[], choice: number): T {
  const item = items[choice % items.length];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

interface Parts {
  readonly g: GraphBuilder;
  readonly a: Node;
  readonly b: Node;
  /** An input: numbers that are the same to the last bit everywhere, so that comparing them gives one answer. */
  readonly key: Node;
  /** Chooses axes, sizes and constants. */
  readonly detail: number;
}

/** Makes an f32 node of two others. */
type Kind = (parts: Parts) => Node;

/** `b` so that it broadcasts against `a`: itself when it does, otherwise one number of it. */
function partner({ g, a, b }: Parts): Node {
  const fits = b.shape.every((extent, axis) => {
    const other = a.shape[axis - b.shape.length + a.shape.length] ?? 1;
    return extent === other || extent === 1 || other === 1;
  });
  return fits ? b : g.mean(b);
}

function axisOf(node: Node, choice: number): number {
  return choice % node.shape.length;
}

/** At least a vector. */
function vector(g: GraphBuilder, a: Node): Node {
  return a.shape.length === 0 ? g.reshape(a, [1]) : a;
}

/** At least a matrix. */
function matrix(g: GraphBuilder, a: Node): Node {
  return a.shape.length >= 2 ? a : g.reshape(a, [1, elementCount(a.shape)]);
}

/** Views and sums; what stands between them in derivatives. */
const VIEWS: readonly Kind[] = [
  ({ g, a }) => g.reshape(a, [elementCount(a.shape)]),
  ({ g, a, detail }) => {
    const axis = detail % (a.shape.length + 1);
    return g.reshape(a, [...a.shape.slice(0, axis), 1, ...a.shape.slice(axis)]);
  },
  ({ g, a, detail }) => {
    const rank = a.shape.length;
    const rotated = a.shape.map((_, axis) => (axis + detail) % rank);
    return g.transpose(a, detail % 8 < 4 ? rotated : rotated.reverse());
  },
  ({ g, a, detail }) => g.broadcastTo(a, [(detail % 3) + 1, ...a.shape]),
  ({ g, a, b }) => g.node("after", [a, b], {}),
  ({ g, a, detail }) => {
    const x = vector(g, a);
    const axis = axisOf(x, detail);
    const extent = x.shape[axis] ?? 1;
    const start = (detail >> 3) % extent;
    return g.sliceAxis(x, axis, start, 1 + ((detail >> 6) % (extent - start)));
  },
  ({ g, a, detail }) => {
    const sides = (shift: number) => a.shape.map((_, axis) => (detail >> (shift + 2 * axis)) % 2);
    return g.pad(a, sides(0), sides(1));
  },
  ({ g, a, detail }) => {
    // The two parts of a tensor, apart and put back by zeros around them: what derivatives of slices look like.
    const x = vector(g, a);
    const axis = axisOf(x, detail);
    const extent = x.shape[axis] ?? 1;
    const cut = (detail >> 3) % extent;
    if (cut === 0) return x;
    const around = (count: number) => x.shape.map((_, index) => (index === axis ? count : 0));
    const first = g.pad(g.sliceAxis(x, axis, 0, cut), around(0), around(extent - cut));
    return g.add(g.pad(g.tanh(g.sliceAxis(x, axis, cut, extent - cut)), around(cut), around(0)), first);
  },
  ({ g, a, b, detail }) => {
    const x = vector(g, a);
    const axis = axisOf(x, detail);
    const fits =
      b.shape.length === x.shape.length &&
      b.shape.every((extent, index) => index === axis || extent === x.shape[index]);
    return g.concat([x, fits ? b : g.sin(x)], axis);
  },
  ({ g, a, detail }) => {
    const x = vector(g, a);
    return g.sum(x, [axisOf(x, detail)], { keep: detail % 2 === 0 });
  },
];

const SMOOTH: readonly Kind[] = [
  (p) => p.g.add(p.a, partner(p)),
  (p) => p.g.sub(partner(p), p.a),
  (p) => p.g.mul(p.g.tanh(p.a), partner(p)),
  (p) => p.g.mul(p.a, (p.detail % 7) - 3),
  (p) => p.g.add(p.a, (p.detail % 3) - 1),
  (p) => p.g.div(p.a, p.g.add(p.g.square(p.g.sin(partner(p))), 1)),
  (p) => p.g.div(p.a, 1 << (p.detail % 3)),
  ({ g, a }) => g.neg(a),
  ({ g, a }) => g.tanh(a),
  ({ g, a }) => g.sigmoid(a),
  ({ g, a }) => g.softplus(a),
  ({ g, a }) => g.erf(a),
  ({ g, a }) => g.sin(a),
  ({ g, a }) => g.cos(a),
  ({ g, a }) => g.exp(g.sin(a)),
  ({ g, a }) => g.log(g.add(g.softplus(a), 0.5)),
  ({ g, a }) => g.log1p(g.sigmoid(a)),
  ({ g, a }) => g.sqrt(g.add(g.softplus(a), 0.5)),
  ({ g, a, detail }) => g.power(g.tanh(a), (detail % 4) + 1),
  (p) =>
    p.g.where(p.g.less(p.g.stopGradient(p.g.full(p.a.shape, 0.5)), p.g.full(p.a.shape, 1)), p.a, partner(p)),
  (p) => p.g.where(checkerboard(p), p.a, p.g.full(p.a.shape, 0.25)),
  ...VIEWS,
  ({ g, a }) => g.mean(a),
  ({ g, a, b }) => {
    const [x, y] = [matrix(g, a), matrix(g, b)];
    const inner = x.shape.at(-1);
    const fits = y.shape.length === 2 && y.shape[0] === inner;
    return g.mul(g.matmul(x, fits ? g.tanh(y) : g.swapAxes(g.tanh(x))), 1 / (inner ?? 1));
  },
  ({ g, a, detail }) => {
    const x = vector(g, a);
    const rows = x.shape[0] ?? 1;
    return g.take(x, g.remainder(g.add(g.iota([(detail % 4) + 1], 0), detail % 5), rows));
  },
  gathered,
  factor,
  (parts) => parts.g.node("triangular_inverse", [factor(parts)], {}),
  logDeterminant,
  sorted,
  largest,
  middleOf,
];

/** The elements at fixed positions of the last axis, some of them twice or not at all. */
function gathered({ g, a, detail }: Parts): Node {
  const x = vector(g, a);
  const extent = x.shape.at(-1) ?? 1;
  const shape = [...x.shape.slice(0, -1), 1 + ((detail >> 4) % 4)];
  return g.gather(x, g.remainder(g.add(g.mul(g.iota(shape, shape.length - 1), 3), detail % 5), extent));
}

/** The logarithm of the determinant of the same matrix. */
function logDeterminant(parts: Parts): Node {
  const { g } = parts;
  const lower = factor(parts);
  const rank = lower.shape.length;
  const own = g.equal(g.iota(lower.shape, rank - 2), g.iota(lower.shape, rank - 1));
  return g.mul(g.sum(g.log(g.sum(g.where(own, lower, 0), [-1])), [-1]), 2);
}

/** What follows the order of the keys: values of their shape, and a mask on some of them. */
function keyed(parts: Parts) {
  const { g, a, b, key, detail } = parts;
  const keys = vector(g, key);
  const values = a.shape.join() === keys.shape.join() ? a : g.add(g.sin(keys), g.mean(a));
  const mask = detail % 3 === 0 ? checkerboard({ g, a: keys, b, key, detail }) : undefined;
  return { keys, values, mask };
}

/** Sorted in whole or in part, up or down, some of them masked. */
function sorted(parts: Parts): Node {
  const { g, detail } = parts;
  const { keys, values, mask } = keyed(parts);
  const order = g.argsort(detail % 5 < 2 ? g.neg(keys) : keys, mask);
  const count = 1 + ((detail >> 4) % (keys.shape.at(-1) ?? 1));
  return g.gather(values, detail % 2 === 0 ? order : g.sliceAxis(order, -1, 0, count));
}

/** The value at the largest key of every row, found as `argmax` does. */
function largest(parts: Parts): Node {
  const { g } = parts;
  const { keys, values } = keyed(parts);
  const winners = g.equal(keys, g.max(keys, [-1], { keep: true }));
  const last = (keys.shape.at(-1) ?? 1) - 1;
  const behind = g.sub(last, g.iota(keys.shape, keys.shape.length - 1));
  return g.gather(values, g.sub(last, g.max(g.where(winners, behind, 0), [-1], { keep: true })));
}

/** The median of the keys of every row, and something of `a`. */
function middleOf(parts: Parts): Node {
  const { g, a } = parts;
  const { keys, mask } = keyed(parts);
  return g.add(middle(g, keys, mask ?? null), g.sin(g.mean(a)));
}

/** A recurrence that starts with `a`, in either direction: its last state, the states, an output of every step or its sum. */
function recurrence({ g, a, b, detail }: Parts): Node {
  const steps = 1 + (detail % 4);
  const name = `${a.id} ${b.id} ${detail}`;
  const [before, part] = [inputNode(g, `state ${name}`, a.shape), inputNode(g, `part ${name}`, a.shape)];
  const about = g.mean(b);
  const rows = Array.from({ length: steps }, (_, step) =>
    g.reshape(g.sin(g.add(g.mul(a, step + 1), about)), [1, ...a.shape]),
  );
  const next = g.tanh(g.add(transition({ g, before, a, detail }), g.mul(part, about)));
  const output = g.mul(g.sin(next), part);
  const made = buildScan(g, {
    steps,
    reverse: (detail >> 2) % 2 === 1,
    states: [{ before, initial: (detail >> 3) % 2 === 1 ? g.zerosLike(a) : g.tanh(a), next }],
    sequences: [{ step: part, values: g.concat(rows, 0) }],
    outputs: [output],
    sums: [output],
  });
  return pick([...made.last, ...made.after, ...made.before, ...made.outputs, ...made.sums], detail >> 4);
}

/** What the next state takes of the one before: half of it, or its product with a matrix that is the same in every step. */
function transition({
  g,
  before,
  a,
  detail,
}: { readonly before: Node } & Pick<Parts, "g" | "a" | "detail">): Node {
  if (before.shape.length !== 2 || (detail >> 6) % 2 === 0) return g.mul(before, 0.5);
  const x = g.tanh(a);
  return g.matmul(before, g.mul(g.matmul(g.swapAxes(x), x), 0.2));
}

const SCANS: readonly Kind[] = [recurrence, recurrence];

/** The factor of a matrix whose eigenvalues are 1 at least. */
function factor({ g, a }: Parts): Node {
  const x = g.tanh(matrix(g, a));
  const gram = g.matmul(x, g.swapAxes(x));
  const rank = gram.shape.length;
  const own = g.equal(g.iota(gram.shape, rank - 2), g.iota(gram.shape, rank - 1));
  return g.node("cholesky", [g.add(gram, g.cast(own, "f32"))], {});
}

/** True at the odd positions of the last axis. */
function checkerboard({ g, a, detail }: Parts): Node {
  if (a.shape.length === 0) return g.cast(g.constant(detail % 2, "i32"), "bool");
  const even = g.equal(g.remainder(g.iota(a.shape, a.shape.length - 1), 2), detail % 2);
  return detail % 4 < 2 ? even : g.not(even);
}

const KINKED: readonly Kind[] = [
  ({ g, a }) => g.abs(a),
  ({ g, a }) => g.sign(a),
  ({ g, a }) => g.floor(g.mul(a, 3.7)),
  (p) => p.g.maximum(p.a, partner(p)),
  (p) => p.g.minimum(p.a, 0.1),
  (p) => p.g.where(p.g.less(p.a, partner(p)), p.a, p.g.add(p.a, 1)),
  (p) => p.g.cast(p.g.and(p.g.lessEqual(p.a, partner(p)), checkerboard(p)), "f32"),
  ({ g, a, detail }) => {
    const x = vector(g, a);
    return g.max(x, [axisOf(x, detail)], { keep: true });
  },
  ({ g, a }) => g.scaleGradient(g.stopGradient(a), -1),
  ({ g, a, b, key, detail }) => {
    // Sorted in whole or in part, by its own elements or by those of another, some of them masked.
    const x = vector(g, a);
    const keys = b.shape.join() === x.shape.join() ? b : x;
    const order = g.argsort(keys, detail % 3 === 0 ? checkerboard({ g, a: x, b, key, detail }) : undefined);
    const count = 1 + ((detail >> 4) % (x.shape.at(-1) ?? 1));
    return g.gather(x, detail % 2 === 0 ? order : g.sliceAxis(order, -1, 0, count));
  },
];
