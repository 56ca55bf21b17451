/** The results of a region from a few rows at a time. */
import { at, invariant } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import type { Replacement } from "../../ir/graph-walk.ts";
import type { Region } from "./region.ts";
import { reshapedAxis } from "./region.ts";

/** Rows of a region: `count` from `from` on. */
interface Rows {
  readonly from: number;
  readonly count: number;
  /** In which these rows are computed; see `Dependence`. */
  readonly stage: number;
}

export class Pieces {
  readonly #g: GraphBuilder;
  readonly #region: Region;
  readonly #replacement: Replacement;
  readonly #made = new Map<string, Node>();
  /** What came of the rows before: the next ones are computed afterwards, and those of a later stage are not taken for those of an earlier one. */
  #earlier: readonly Node[] = [];

  /** `replacement` gives what stands for a node as a whole in the new graph. */
  constructor(g: GraphBuilder, region: Region, replacement: Replacement) {
    this.#g = g;
    this.#region = region;
    this.#replacement = replacement;
  }

  /** The results of one stage, in the order given. Stages are made one after the other. */
  results(nodes: readonly Node[], stage: number): readonly Node[] {
    const made = nodes.map((): Node[] => []);
    for (const rows of this.#ranges(stage)) {
      this.#earlier = this.pieces(nodes, rows).map((piece, index) => {
        const own = at(made, index);
        const sum = own.at(-1);
        const isSum = this.#axisOf(at(nodes, index)) === null && sum !== undefined;
        own.push(isSum ? this.#g.add(sum, piece) : piece);
        return at(own, -1);
      });
    }
    return nodes.map((node, index) => {
      const axis = this.#axisOf(node);
      const own = at(made, index);
      return axis === null ? at(own, -1) : this.#g.concat(own, axis);
    });
  }

  /** What some rows contribute to results. */
  pieces(nodes: readonly Node[], rows: Rows): readonly Node[] {
    return nodes.map((node) => {
      const axis = this.#axisOf(node);
      return this.#g.withOrigin(node.origin, () =>
        axis === null ? this.#summed(node, rows) : this.#part(node, axis, rows),
      );
    });
  }

  #axisOf(node: Node): number | null {
    return this.#region.dependences.get(node)?.axis ?? null;
  }

  #ranges(stage: number): readonly Rows[] {
    const { product, rows, limits } = this.#region;
    const rowBytes = (elementCount(product.shape) / rows) * 4;
    const most = Math.max(1, Math.floor(limits.piece / rowBytes));
    // As even as possible, so that nearly all pieces are of one size and share their kernels.
    const count = Math.ceil(rows / Math.ceil(rows / most));
    return Array.from({ length: Math.ceil(rows / count) }, (_, piece) => ({
      from: piece * count,
      count: Math.min(count, rows - piece * count),
      stage,
    }));
  }

  /** What some rows add to a sum over all of them. */
  #summed(node: Node, rows: Rows): Node {
    const [first, second] = [at<Node>(node.inputs, 0), node.inputs[1]];
    if (node.op === "matmul" && second !== undefined)
      return this.#g.node("matmul", [this.#part(first, 1, rows), this.#part(second, 0, rows)], {});
    const axis = this.#axisOf(first);
    invariant(axis !== null, `${node.op} (node ${node.id}) is no sum over rows`);
    return this.#g.remade(node, [this.#part(first, axis, rows)]);
  }

  /** Some rows of a node, which lie along `axis`. */
  #part(node: Node, axis: number, rows: Rows): Node {
    const key = `${node.id} ${axis} ${rows.from} ${rows.stage}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = this.#g.withOrigin(node.origin, () =>
      this.#isComputed(node, rows) ? this.#computed(node, axis, rows) : this.#read(node, axis, rows),
    );
    this.#made.set(key, made);
    return made;
  }

  /** Whether rows of a node are computed where they are needed; otherwise they are read from the whole, which is small. */
  #isComputed(node: Node, { stage }: Rows): boolean {
    if (elementCount(node.shape) === elementCount(this.#region.product.shape)) return true;
    const own = this.#region.dependences.get(node);
    return own !== undefined && own.axis !== null && own.stage === stage;
  }

  #read(node: Node, axis: number, rows: Rows): Node {
    const { from, count } = this.#bounds(node, axis, rows);
    return this.#g.sliceAxis(this.#replacement(node), axis, from, count);
  }

  #bounds(node: Node, axis: number, { from, count }: Rows) {
    const each = at(node.shape, axis) / this.#region.rows;
    invariant(
      Number.isInteger(each),
      `${node.op} (node ${node.id}) has no whole number of elements for each row`,
    );
    return { from: from * each, count: count * each };
  }

  #shape(node: Node, axis: number, rows: Rows): number[] {
    const { count } = this.#bounds(node, axis, rows);
    return node.shape.map((extent, place) => (place === axis ? count : extent));
  }

  #computed(node: Node, axis: number, rows: Rows): Node {
    const g = this.#g;
    const input = (index: number, place = axis) => this.#part(at<Node>(node.inputs, index), place, rows);
    const whole = (index: number) => this.#replacement(at<Node>(node.inputs, index));
    if (g.ops[node.op].scheduling === "elementwise")
      return g.remade(
        node,
        node.inputs.map((_, index) => input(index)),
      );
    switch (node.op) {
      case "matmul": {
        const [left, right] = axis === 0 ? [input(0, 0), whole(1)] : [whole(0), input(1, 1)];
        const turn = node === this.#region.product ? this.#afterEarlier(left) : left;
        return g.node("matmul", [turn, right], {});
      }
      case "broadcast": {
        const stretched = at(at<Node>(node.inputs, 0).shape, axis) === 1;
        return g.broadcastTo(stretched ? whole(0) : input(0), this.#shape(node, axis, rows));
      }
      case "reshape": {
        const place = reshapedAxis(node.shape, at<Node>(node.inputs, 0).shape, axis);
        return place === null
          ? this.#read(node, axis, rows)
          : g.reshape(input(0, place), this.#shape(node, axis, rows));
      }
      case "transpose":
        return g.transpose(input(0, at(node.attributes.permutation, axis)), node.attributes.permutation);
      case "sum":
      case "max":
        return g.remade(node, [input(0)]);
      case "iota":
        return node.attributes.axis === axis
          ? this.#read(node, axis, rows)
          : g.iota(this.#shape(node, axis, rows), node.attributes.axis);
      default:
        return this.#read(node, axis, rows);
    }
  }

  #afterEarlier(x: Node): Node {
    return this.#earlier.reduce((node, earlier) => this.#g.node("after", [node, earlier], {}), x);
  }
}
