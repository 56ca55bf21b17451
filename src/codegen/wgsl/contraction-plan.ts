/** What both forms of contraction kernels share: the choice of a tile, where the operands lie, and the epilogue. */
import { at, invariant } from "../../base/invariant.ts";
import type { ContractionKernel, Index } from "../../ir/kernel.ts";
import { kernelRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import type { ContractionTile } from "../descriptor.ts";
import { ExpressionWriter, elementOfVector, operandName } from "./expressions.ts";
import type { LanePlan } from "./lanes.ts";
import { affine, quotient, remainder } from "./text.ts";

export interface Side {
  readonly operand: number;
  readonly index: Index;
  /** The axis across the inner one (rows of the left, columns of the right side), and its extent. */
  readonly axis: number;
  readonly extent: number;
  readonly acrossStride: number;
  readonly innerStride: number;
}

/** A contraction cut into tiles. */
export interface ContractionPlan<Tile extends ContractionTile = ContractionTile> {
  readonly kernel: ContractionKernel;
  readonly tile: Tile;
  readonly lanes: LanePlan;
  readonly left: Side;
  readonly right: Side;
  readonly batches: number;
  readonly rowTiles: number;
  readonly columnTiles: number;
  /** Tiles of all batch elements. */
  readonly tiles: number;
}

/** The two sides of a contraction. */
export function sidesOf(kernel: ContractionKernel): { readonly left: Side; readonly right: Side } {
  // Axes are numbered in the order batch, row, column, inner.
  const row = kernel.batch.length;
  const sideOf = (side: ContractionKernel["left"], axis: number, extent: number): Side => {
    invariant(side.index.dynamic.length === 0, "a contraction reads gathered operands");
    const acrossStride = strideOf(side.index, axis);
    return { ...side, axis, extent, acrossStride, innerStride: strideOf(side.index, row + 2) };
  };
  return {
    left: sideOf(kernel.left, row, kernel.row.extent),
    right: sideOf(kernel.right, row + 1, kernel.column.extent),
  };
}

function strideOf(index: Index, axis: number): number {
  return index.terms.reduce((sum, term) => (term.axis === axis ? sum + term.stride : sum), 0);
}

/** The number of tiles of every kind. */
export function tileCounts(
  { batch, row, column }: ContractionKernel,
  tile: ContractionTile,
): Pick<ContractionPlan, "batches" | "rowTiles" | "columnTiles" | "tiles"> {
  const batches = batch.reduce((product, axis) => product * axis.extent, 1);
  const rowTiles = Math.ceil(row.extent / tile.rows);
  const columnTiles = Math.ceil(column.extent / tile.columns);
  return { batches, rowTiles, columnTiles, tiles: batches * rowTiles * columnTiles };
}

/** The largest tile that still gives every processor something to do; failing that, the one with the most invocations. */
export function chooseTile<Tile>(
  usable: readonly Tile[],
  invocations: (tile: Tile) => number,
  saturation: number,
): Tile {
  const enough = usable.find((tile) => invocations(tile) >= saturation);
  if (enough !== undefined) return enough;
  return usable.reduce((best, tile) => (invocations(tile) > invocations(best) ? tile : best), at(usable, -1));
}

/** Place of a side in its operand without its inner and across axes: offset and batch axes. */
export function batchStart(plan: ContractionPlan, side: Side): string {
  const terms = side.index.terms.filter((term) => term.axis < plan.kernel.batch.length);
  return affine(
    side.index.offset,
    terms.map((term) => [`axis${term.axis}`, term.stride]),
  );
}

/** Reads one element of a side. */
export function readElement(plan: ContractionPlan, side: Side, place: string): string {
  const buffer = operandName(side.operand);
  return plan.lanes.vectorOperands.has(side.operand) ? elementOfVector(buffer, place) : `${buffer}[${place}]`;
}

/** Statements that find the batch axes from `batch`. */
export function batchAxes(plan: ContractionPlan): readonly string[] {
  let divisor = 1;
  const statements: string[] = [];
  for (let axis = plan.kernel.batch.length - 1; axis >= 0; axis--) {
    const { extent } = at(plan.kernel.batch, axis);
    statements.push(`let axis${axis} = ${remainder(quotient("batch", divisor), extent)};`);
    divisor *= extent;
  }
  return statements;
}

/** What templates read from `tile`: the places of the tile in its row and column of tiles, and its batch element. */
export function tilePlaces({
  rowTiles,
  columnTiles,
}: Pick<ContractionPlan, "rowTiles" | "columnTiles">): Readonly<Record<string, string>> {
  return {
    TILE_COLUMN: remainder("tile", columnTiles),
    TILE_ROW: remainder(quotient("tile", columnTiles), rowTiles),
    TILE_BATCH: quotient("tile", rowTiles * columnTiles),
  };
}

/** `axis0, axis1, ` for calls. */
export function batchArguments(plan: ContractionPlan): string {
  return plan.kernel.batch.map((_, axis) => `axis${axis}, `).join("");
}

/** `axis0: i32, axis1: i32, ` for declarations. */
export function batchParameters(plan: ContractionPlan): string {
  return plan.kernel.batch.map((_, axis) => `axis${axis}: i32, `).join("");
}

/** The function `finish`, which takes four neighbouring totals where the columns are the lane axis, else one. */
export function finishFunction(plan: ContractionPlan): string {
  const { kernel, lanes } = plan;
  const [row, column] = [kernel.batch.length, kernel.batch.length + 1];
  const writer = new ExpressionWriter(kernel, lanes, {
    axis: (axis) => `axis${axis}`,
    laneGroup: "group4",
    reduction: () => "",
    accumulator: "total",
  });
  const statements = [
    `if (axis${row} >= ${kernel.row.extent} || axis${column} >= ${kernel.column.extent}) { return; }`,
    ...(lanes.axis === null ? [] : [`let group4 = ${quotient(`axis${column}`, 4)};`]),
    ...reachableExpressions(kernel.expressions, kernelRoots(kernel)).flatMap((id) => writer.statements(id)),
    ...kernel.stores.flatMap((store) => writer.store(store)),
  ];
  const type = lanes.axis === null ? "f32" : "vec4<f32>";
  return [
    `fn finish(${batchParameters(plan)}axis${row}: i32, axis${column}: i32, total: ${type}) {`,
    ...statements.map((statement) => `  ${statement}`),
    "}",
  ].join("\n");
}
