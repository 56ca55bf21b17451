/** What both forms of contraction kernels share: the choice of a tile, how the operands are read, and the epilogue. */
import { at, invariant } from "../../base/invariant.ts";
import type { ContractionKernel, Index } from "../../ir/kernel.ts";
import { reachable, rootsOf } from "../dependence.ts";
import type { ContractionTile, TargetDescriptor } from "../descriptor.ts";
import { ExpressionWriter, elementOfVector, operandName } from "./expressions.ts";
import type { LanePlan } from "./lanes.ts";
import { isAligned, planLanes } from "./lanes.ts";
import { affine } from "./text.ts";

export interface Side {
  readonly operand: number;
  readonly index: Index;
  /** Four neighbours across the inner axis (rows of the left, columns of the right side) are read as one vec4. */
  readonly vector: boolean;
  /** Extent across the inner axis. */
  readonly extent: number;
  readonly acrossStride: number;
  readonly innerStride: number;
}

export interface ContractionPlan {
  readonly kernel: ContractionKernel;
  readonly tile: ContractionTile;
  readonly lanes: LanePlan;
  readonly left: Side;
  readonly right: Side;
  readonly batches: number;
  readonly rowTiles: number;
  readonly columnTiles: number;
}

/** The tile that suits the size of a contraction, and how its sides are read. */
export function planContraction(kernel: ContractionKernel, descriptor: TargetDescriptor): ContractionPlan {
  invariant(
    kernel.left.index.dynamic.length === 0 && kernel.right.index.dynamic.length === 0,
    "a contraction reads gathered operands",
  );
  const batches = kernel.batch.reduce((product, axis) => product * axis.extent, 1);
  const tile = chooseTile(kernel, batches, descriptor);
  const rowAxis = kernel.batch.length;
  const tiled = descriptor.contractionStrategy === "tiled";
  const left = planSide(kernel, kernel.left, rowAxis, kernel.row.extent, tiled);
  const right = planSide(kernel, kernel.right, rowAxis + 1, kernel.column.extent, tiled);
  const laneAxis = tiled && kernel.column.extent % 4 === 0 ? rowAxis + 1 : null;
  const vectorReads = [left, right].filter(({ vector }) => vector).map(({ operand }) => operand);
  const lanes = planLanes(kernel, laneAxis, new Set(vectorReads));
  const settled = (side: Side): Side => ({
    ...side,
    vector: side.vector && lanes.vectorOperands.has(side.operand),
  });
  return {
    kernel,
    tile,
    lanes,
    batches,
    left: settled(left),
    right: settled(right),
    rowTiles: Math.ceil(kernel.row.extent / tile.rows),
    columnTiles: Math.ceil(kernel.column.extent / tile.columns),
  };
}

function planSide(
  kernel: ContractionKernel,
  side: ContractionKernel["left"],
  axis: number,
  extent: number,
  wantsVectors: boolean,
): Side {
  const acrossStride = strideOf(side.index, axis);
  const innerStride = strideOf(side.index, kernel.batch.length + 2);
  const vector = wantsVectors && acrossStride === 1 && extent % 4 === 0 && isAligned(side.index, axis);
  return { ...side, vector, extent, acrossStride, innerStride };
}

function strideOf(index: Index, axis: number): number {
  return index.terms.reduce((sum, term) => (term.axis === axis ? sum + term.stride : sum), 0);
}

/** The largest tile that still gives every processor something to do; failing that, the one with the most invocations. */
function chooseTile(
  kernel: ContractionKernel,
  batches: number,
  descriptor: TargetDescriptor,
): ContractionTile {
  const direct = descriptor.contractionStrategy === "direct";
  const results = (tile: ContractionTile) =>
    batches * Math.ceil(kernel.row.extent / tile.rows) * Math.ceil(kernel.column.extent / tile.columns);
  const invocations = (tile: ContractionTile) =>
    results(tile) * (direct ? 1 : (tile.rows / 4) * (tile.columns / 4) * tile.slices);
  const usable = descriptor.tiles.filter((tile) =>
    direct
      ? tile.rows < 2 * kernel.row.extent && tile.columns < 2 * kernel.column.extent
      : tile.slices === 1 || tile.inner * tile.slices * 2 <= kernel.inner.extent,
  );
  const enough = usable.find((tile) => invocations(tile) >= descriptor.saturation);
  if (enough !== undefined) return enough;
  let best = at(usable.length > 0 ? usable : descriptor.tiles, -1);
  for (const tile of usable) if (invocations(tile) > invocations(best)) best = tile;
  return best;
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
    statements.push(`  let axis${axis} = (batch / ${divisor}) % ${extent};`);
    divisor *= extent;
  }
  return statements;
}

/** `axis0, axis1, ` for calls. */
export function batchArguments(plan: ContractionPlan): string {
  return plan.kernel.batch.map((_, axis) => `axis${axis}, `).join("");
}

/** `axis0: i32, axis1: i32, ` for declarations. */
export function batchParameters(plan: ContractionPlan): string {
  return plan.kernel.batch.map((_, axis) => `axis${axis}: i32, `).join("");
}

/** The function `finish`, which takes four neighbouring totals when the columns divide by four, else one. */
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
    ...(lanes.axis === null ? [] : [`let group4 = axis${column} / 4;`]),
    ...reachable(kernel.expressions, rootsOf(kernel)).flatMap((id) => writer.statements(id)),
    ...kernel.stores.flatMap((store) => writer.store(store)),
  ];
  const type = lanes.axis === null ? "f32" : "vec4<f32>";
  return [
    `fn finish(${batchParameters(plan)}axis${row}: i32, axis${column}: i32, total: ${type}) {`,
    ...statements.map((statement) => `  ${statement}`),
    "}",
  ].join("\n");
}

/** Calls of `finish` for four neighbouring totals. */
export function finishCalls(
  plan: ContractionPlan,
  row: string,
  column: string,
  total: string,
): readonly string[] {
  const call = (place: string, value: string) => `finish(${batchArguments(plan)}${row}, ${place}, ${value});`;
  if (plan.lanes.axis !== null) return [call(column, total)];
  return ["x", "y", "z", "w"]
    .slice(0, plan.kernel.column.extent)
    .map((letter, lane) => call(`${column} + ${lane}`, `${total}.${letter}`));
}
