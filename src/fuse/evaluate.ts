/** Nodes as scalar expressions: the value of a node at given coordinates, within the kernel of a group. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { isPlainView } from "../ir/graph-walk.ts";
import type { ExpressionId } from "../ir/kernel.ts";
import type { Coordinates, IndexSpace } from "./index-map.ts";
import { atomIndex, CoordinateTables, constantIndex, ZERO } from "./index-map.ts";
import type { KernelBuilder } from "./kernel-build.ts";
import type { Place } from "./storage.ts";
import type { Guard } from "./views.ts";
import { throughConcat, throughPad, throughView } from "./views.ts";

/** How the kernel of a group sees values that are not computed in place. */
export interface Surroundings {
  /** The expression for a unit that the kernel has at hand: a reduction or the sum of a contraction. */
  readonly atHand: (node: Node) => ExpressionId | undefined;
  /** Where a node's value is read from; undefined for what is computed in place. */
  readonly stored: (node: Node) => Place | undefined;
}

export class Evaluation {
  readonly #space: IndexSpace;
  readonly #builder: KernelBuilder;
  readonly #surroundings: Surroundings;
  /** Values by coordinates and guard. */
  readonly #known: CoordinateTables<Map<ExpressionId | null, Map<Node, ExpressionId>>>;

  constructor(space: IndexSpace, builder: KernelBuilder, surroundings: Surroundings) {
    this.#space = space;
    this.#known = new CoordinateTables(space, () => new Map());
    this.#builder = builder;
    this.#surroundings = surroundings;
  }

  /** The value of a node, wherever it comes from. Where `guard` is false the result is of no interest and nothing may be read. */
  reference(node: Node, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const atHand = this.#surroundings.atHand(node);
    if (atHand !== undefined) return atHand;
    const place = this.#surroundings.stored(node);
    return place === undefined
      ? this.definition(node, coordinates, guard)
      : this.load(place, node, coordinates, guard);
  }

  /** An element of a stored value. */
  load(place: Place, node: Node, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const index = this.#builder.index(this.#space.linearise(coordinates, node.shape));
    return this.#builder.expression({
      op: "load",
      dtype: node.dtype,
      operand: this.#builder.operand(place),
      index,
      guard,
    });
  }

  /** The expression of a node in terms of its operands. */
  definition(node: Node, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    // Looking a view up takes longer than looking through it.
    if (isPlainView(node))
      return this.reference(at<Node>(node.inputs, 0), throughView(this.#space, node, coordinates), guard);
    const here = this.#known.of(coordinates);
    const known = here.get(guard) ?? new Map<Node, ExpressionId>();
    if (known.size === 0) here.set(guard, known);
    let id = known.get(node);
    if (id === undefined) {
      id = this.#define(node, coordinates, guard);
      known.set(node, id);
    }
    return id;
  }

  #define(node: Node, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const build = this.#builder;
    const { dtype } = node;
    const operand = (index: number) => this.reference(at<Node>(node.inputs, index), coordinates, guard);
    switch (node.op) {
      case "input":
        return this.load(
          {
            kind: "arena",
            arena: node.attributes.arena,
            offset: node.attributes.offset,
            elements: size(node),
            dtype,
          },
          node,
          coordinates,
          guard,
        );
      case "constant":
        return build.constant(node.attributes.value, dtype);
      case "iota":
        return build.indexValue(at(coordinates, node.attributes.axis));
      case "random":
        return this.#random(node, coordinates, guard);
      case "stop_gradient":
      case "scale_gradient":
      case "recompute":
      // Reductions that get here run over a single element.
      case "sum":
      case "max":
        return operand(0);
      case "power":
        return build.expression({ op: "power", dtype, base: operand(0), exponent: node.attributes.exponent });
      case "cast":
        return build.expression({ op: "cast", dtype, value: operand(0) });
      case "where":
        return build.expression({
          op: "select",
          dtype,
          condition: operand(0),
          whenTrue: operand(1),
          whenFalse: operand(2),
        });
      case "pad":
        return this.#pad(node, coordinates, guard);
      case "concat":
        return this.#concat(node, coordinates, guard);
      case "take":
        return this.#take(node, coordinates, guard);
      case "gather":
        return this.#gather(node, coordinates, guard);
      case "add":
      case "subtract":
      case "multiply":
      case "divide":
      case "maximum":
      case "minimum":
      case "equal":
      case "less":
      case "less_equal":
      case "and":
      case "or":
      case "integer_divide":
      case "remainder":
        return build.binary(node.op, operand(0), operand(1), dtype);
      case "negate":
      case "absolute":
      case "sign":
      case "exp":
      case "log":
      case "log1p":
      case "sqrt":
      case "tanh":
      case "sigmoid":
      case "softplus":
      case "erf":
      case "sin":
      case "cos":
      case "floor":
      case "round":
      case "not":
        return build.unary(node.op, operand(0), dtype);
      default:
        throw new CompilerBug(`${node.op} (node ${node.id}) has no scalar expression`);
    }
  }

  #random(node: NodeOf<"random">, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const state = at(node.inputs, 0);
    return this.#builder.expression({
      op: "random",
      dtype: node.dtype,
      distribution: node.attributes.distribution,
      site: node.attributes.site,
      seed: this.reference(state, [ZERO], guard),
      counter: this.reference(state, [constantIndex(1)], guard),
      index: this.#builder.indexValue(this.#space.linearise(coordinates, node.shape)),
    });
  }

  #pad(node: NodeOf<"pad">, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const inner = throughPad(this.#space, node, coordinates);
    const operand = at(node.inputs, 0);
    const own = this.#conditions(inner.guards, null);
    if (own === null) return this.reference(operand, inner.coordinates, guard);
    const both = guard === null ? own : this.#builder.binary("and", guard, own, "bool");
    const value = this.reference(operand, inner.coordinates, both);
    const expression = at(this.#builder.expressions, value);
    // A guarded load gives 0 by itself.
    if (expression.op === "load" && expression.guard === both) return value;
    const zero = this.#builder.constant(0, node.dtype);
    return this.#builder.expression({
      op: "select",
      dtype: node.dtype,
      condition: own,
      whenTrue: value,
      whenFalse: zero,
    });
  }

  #concat(node: NodeOf<"concat">, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const pieces = throughConcat(this.#space, node, coordinates);
    const values = pieces.map((piece) =>
      this.reference(
        piece.node,
        piece.coordinates,
        piece.guard === null ? guard : this.#conditions([piece.guard], guard),
      ),
    );
    let result = at(values, -1);
    const along = at(coordinates, node.attributes.axis);
    for (let position = pieces.length - 2; position >= 0; position--) {
      const end = this.#builder.constant(at(pieces, position).end, "i32");
      const condition = this.#builder.binary("less", this.#builder.indexValue(along), end, "bool");
      result = this.#builder.expression({
        op: "select",
        dtype: node.dtype,
        condition,
        whenTrue: at(values, position),
        whenFalse: result,
      });
    }
    return result;
  }

  #take(node: NodeOf<"take">, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const [table, ids] = [at(node.inputs, 0), at(node.inputs, 1)];
    const rank = ids.shape.length;
    const id = this.reference(ids, coordinates.slice(0, rank), guard);
    const row = atomIndex(this.#builder.gatherAtom(id, at(table.shape, 0)));
    return this.reference(table, [row, ...coordinates.slice(rank)], guard);
  }

  #gather(node: NodeOf<"gather">, coordinates: Coordinates, guard: ExpressionId | null): ExpressionId {
    const [x, positions] = [at(node.inputs, 0), at(node.inputs, 1)];
    const position = this.reference(positions, coordinates, guard);
    const place = atomIndex(this.#builder.gatherAtom(position, at(x.shape, -1)));
    return this.reference(x, [...coordinates.slice(0, -1), place], guard);
  }

  /** All of the conditions and `outer`. */
  #conditions(guards: readonly Guard[], outer: ExpressionId | null): ExpressionId | null {
    const build = this.#builder;
    let all = outer;
    for (const { index, low, high } of guards) {
      const value = build.indexValue(index);
      const tests: ExpressionId[] = [];
      if (low !== null) tests.push(build.binary("less_equal", build.constant(low, "i32"), value, "bool"));
      if (high !== null) tests.push(build.binary("less", value, build.constant(high, "i32"), "bool"));
      for (const test of tests) all = all === null ? test : build.binary("and", all, test, "bool");
    }
    return all;
  }
}

function size(node: Node): number {
  return node.shape.reduce((product, extent) => product * extent, 1);
}
