/**
 * An expression over pairs as a sum of products, each factor of which varies along a part of the axes only: (y - m)² over rows j of y and rows i of m
 * becomes y'² + 2 y' r + r², where y' is y less its mean over j and r is that mean less m. Without the mean, the three would be large numbers that cancel.
 */
import type { Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { uniformValue } from "../../ir/graph-walk.ts";
import { type Axes, numbersOf, type Variation } from "./variation.ts";

export interface Factor {
  /** Along which it varies. */
  readonly axes: Axes;
  /** The value with extent 1 along all other axes. Nothing is made before it is known that the whole comes out smaller. */
  readonly make: () => Node;
}

/** A product of numbers; 0 wherever one of the masks does not hold, whatever the factors are there. */
export interface Term {
  readonly coefficient: number;
  readonly factors: readonly Factor[];
  readonly masks: readonly Factor[];
}

/** Products that a sum may become. */
const MOST_TERMS = 12;

export class Expansion {
  readonly #g: GraphBuilder;
  readonly #variation: Variation;
  /** All axes of the expression. */
  readonly #full: Axes;
  readonly #summed: Axes;

  /** For an expression that varies along the axes `full` and is summed along some of them. */
  constructor(g: GraphBuilder, variation: Variation, full: Axes, summed: Axes) {
    this.#g = g;
    this.#variation = variation;
    this.#full = full;
    this.#summed = summed;
  }

  /** The terms of an expression, or null when some part of it varies along all axes. `masks` hold wherever it counts. */
  terms(node: Node, masks: readonly Factor[] = []): readonly Term[] | null {
    const number = uniformValue(node);
    if (number !== null) return [{ coefficient: number, factors: [], masks: [] }];
    const own = this.#factor(node);
    if (own !== null) return [product(own)];
    const [a, b, c] = node.inputs;
    if (a === undefined) return null;
    if (node.op === "negate") return scaled(this.terms(a, masks), -1);
    if (node.op === "power" && node.attributes.exponent === 2) return squared(this.terms(a, masks));
    if (b === undefined) return null;
    if (node.op === "where" && c !== undefined) return this.#masked(a, b, c, masks);
    if (node.op === "add") return this.#difference(a, b, 1, masks);
    if (node.op === "subtract") return this.#difference(a, b, -1, masks);
    if (node.op === "multiply") {
      // What one side leaves out does not count for the other either.
      const all = [...masks, ...this.#masksOf(node)];
      return multiplied(this.terms(a, all), this.terms(b, all));
    }
    if (node.op === "divide") return this.#divided(this.terms(a, masks), b);
    return null;
  }

  #factor(node: Node): Factor | null {
    const axes = this.#variation.of(node);
    return axes === this.#full ? null : { axes, make: () => this.#variation.narrow(node) };
  }

  #divided(terms: readonly Term[] | null, divisor: Node): readonly Term[] | null {
    const factor = this.#factor(divisor);
    if (factor === null) return null;
    const inverse = { axes: factor.axes, make: () => this.#g.div(1, factor.make()) };
    return multiplied(terms, [product(inverse)]);
  }

  /** What is 0 outside of a mask. */
  #masked(mask: Node, value: Node, other: Node, masks: readonly Factor[]): readonly Term[] | null {
    const own = uniformValue(other) === 0 ? this.#conjuncts(mask) : null;
    if (own === null) return null;
    const terms = this.terms(value, [...masks, ...own]);
    return terms === null ? null : terms.map((term) => ({ ...term, masks: [...term.masks, ...own] }));
  }

  /** Masks that all hold where `mask` does; null when one of them varies along all axes. */
  #conjuncts(mask: Node): readonly Factor[] | null {
    if (mask.op !== "and") {
      const own = this.#factor(mask);
      return own === null ? null : [own];
    }
    const parts = mask.inputs.map((input) => this.#conjuncts(input));
    return parts.some((part) => part === null) ? null : parts.flatMap((part) => part ?? []);
  }

  /** The masks outside of which a product is 0, as far as they are on its surface. */
  #masksOf(node: Node): readonly Factor[] {
    const [first, value, other] = node.inputs;
    if (first === undefined) return [];
    if (node.op === "multiply") return node.inputs.flatMap((input) => this.#masksOf(input));
    if (node.op === "negate" || node.op === "power" || node.op === "divide") return this.#masksOf(first);
    if (node.op !== "where" || value === undefined || other === undefined || uniformValue(other) !== 0)
      return [];
    return [...(this.#conjuncts(first) ?? []), ...this.#masksOf(value)];
  }

  #difference(a: Node, b: Node, sign: 1 | -1, masks: readonly Factor[]): readonly Term[] | null {
    const [first, second] = [this.#factor(a), this.#factor(b)];
    if (first === null || second === null || uniformValue(a) !== null || uniformValue(b) !== null) {
      const [left, right] = [this.terms(a, masks), scaled(this.terms(b, masks), sign)];
      return left === null || right === null ? null : limited([...left, ...right]);
    }
    return (
      this.#centred(first, second, 1, sign, masks) ??
      this.#centred(second, first, sign, 1, masks) ?? [product(first), product(second, sign)]
    );
  }

  /** x less its mean, and the mean together with y; null when x varies along no summed axis of its own. */
  #centred(x: Factor, y: Factor, signX: number, signY: number, masks: readonly Factor[]): Term[] | null {
    const over = this.#summed & x.axes & ~y.axes;
    const rest = (x.axes & ~over) | y.axes;
    if (over === 0 || rest === this.#full) return null;
    const g = this.#g;
    const centre = () => this.#mean(x, over, masks);
    const around = { axes: x.axes, make: () => g.sub(x.make(), centre()) };
    const apart = {
      axes: rest,
      make: () => {
        const middle = signX === 1 ? centre() : g.neg(centre());
        return signY === 1 ? g.add(middle, y.make()) : g.sub(middle, y.make());
      },
    };
    return [product(around, signX), product(apart)];
  }

  /** The mean over what counts, as far as masks say that depend on nothing else. */
  #mean(x: Factor, over: Axes, masks: readonly Factor[]): Node {
    const g = this.#g;
    const value = x.make();
    const axes = numbersOf(over);
    const own = masks.filter((mask) => (mask.axes & over) !== 0 && (mask.axes & ~x.axes) === 0);
    if (own.length === 0) return g.mean(value, axes, { keep: true });
    const mask = g.broadcastTo(conjunction(g, own), value.shape);
    const count = g.sum(g.cast(mask, "f32"), axes, { keep: true });
    return g.div(g.sum(g.where(mask, value, 0), axes, { keep: true }), g.maximum(count, 1));
  }
}

/** Where all masks hold, as large as it has to be. */
export function conjunction(g: GraphBuilder, masks: readonly Factor[]): Node {
  return masks.map(({ make }) => make()).reduce((all, mask) => g.and(all, mask));
}

function product(factor: Factor, coefficient = 1): Term {
  return { coefficient, factors: [factor], masks: [] };
}

function limited(terms: readonly Term[]): readonly Term[] | null {
  return terms.length > MOST_TERMS ? null : terms;
}

function scaled(terms: readonly Term[] | null, by: number): readonly Term[] | null {
  return terms === null ? null : terms.map((term) => ({ ...term, coefficient: term.coefficient * by }));
}

function times(a: Term, b: Term, by = 1): Term {
  return {
    coefficient: a.coefficient * b.coefficient * by,
    factors: [...a.factors, ...b.factors],
    masks: [...a.masks, ...b.masks],
  };
}

function multiplied(a: readonly Term[] | null, b: readonly Term[] | null): readonly Term[] | null {
  if (a === null || b === null) return null;
  return limited(a.flatMap((left) => b.map((right) => times(left, right))));
}

function squared(terms: readonly Term[] | null): readonly Term[] | null {
  if (terms === null) return null;
  const pairs = terms.flatMap((left, index) => [
    times(left, left),
    ...terms.slice(index + 1).map((right) => times(left, right, 2)),
  ]);
  return limited(pairs);
}

/** The factors and masks of a term that are summed together, because they share summed axes. */
export interface Component {
  readonly axes: Axes;
  readonly factors: readonly Factor[];
  readonly masks: readonly Factor[];
}

/** The components of a term; what varies along no summed axis is in none. */
export function componentsOf({ factors, masks }: Term, summed: Axes): readonly Component[] {
  let components: Component[] = [];
  const join = (single: Component) => {
    const touching = components.filter(({ axes }) => (axes & single.axes & summed) !== 0);
    const apart = components.filter((each) => !touching.includes(each));
    const all = [...touching, single];
    components = [
      ...apart,
      {
        axes: all.reduce((axes, each) => axes | each.axes, 0),
        factors: all.flatMap((each) => each.factors),
        masks: all.flatMap((each) => each.masks),
      },
    ];
  };
  for (const factor of factors)
    if ((factor.axes & summed) !== 0) join({ axes: factor.axes, factors: [factor], masks: [] });
  for (const mask of masks)
    if ((mask.axes & summed) !== 0) join({ axes: mask.axes, factors: [], masks: [mask] });
  return components;
}
