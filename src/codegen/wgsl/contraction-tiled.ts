/** Fills `kernels/contraction_tiled.wgsl`: the sizes of tiles, and how four neighbours of each side are read. */
import { invariant } from "../../base/invariant.ts";
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { TargetDescriptor, TiledContraction, WorkgroupTile } from "../descriptor.ts";
import type { KernelBody } from "./body.ts";
import type { ContractionPlan, Side } from "./contraction-plan.ts";
import {
  batchArguments,
  batchAxes,
  batchParameters,
  batchStart,
  chooseTile,
  finishFunction,
  readElement,
  sidesOf,
  tileCounts,
  tilePlaces,
} from "./contraction-plan.ts";
import { operandName } from "./expressions.ts";
import { isAligned, planLanes } from "./lanes.ts";
import { fillPlaceholders, keepConditions } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { affine, eachLane, entryPoint } from "./text.ts";

type TiledPlan = ContractionPlan<WorkgroupTile>;

/** A contraction through workgroup memory. */
export function emitTiled(
  kernel: ContractionKernel,
  contraction: TiledContraction,
  descriptor: TargetDescriptor,
  template: string,
): KernelBody {
  const plan = planTiled(kernel, contraction, descriptor);
  const { tile, batches } = plan;
  const workgroups = foldGrid(plan.tiles, descriptor);
  const [rowGroups, columnGroups] = [tile.rows / 4, tile.columns / 4];
  const sliceSize = rowGroups * columnGroups;
  const workgroupSize = sliceSize * tile.slices;
  invariant(workgroupSize <= descriptor.maxInvocations, `a tile of ${workgroupSize} invocations`);
  // One vec4 more than a row of the tile, so that neighbours in k lie in different memory banks.
  const [leftPitch, rightPitch] = [rowGroups + 1, columnGroups + 1];
  const total = (row: number) => finishCalls(plan, `row + ${row}`, "column", `total${row}`);
  const text = fillPlaceholders(keepConditions(template, { sliced: tile.slices > 1 }), {
    ROWS: tile.rows,
    COLUMNS: tile.columns,
    TILE_INNER: tile.inner,
    SLICES: tile.slices,
    SLICE_SIZE: sliceSize,
    ENTRY: entryPoint(workgroupSize),
    LEFT_PITCH: leftPitch,
    RIGHT_PITCH: rightPitch,
    LEFT_MEMORY: Math.max(tile.slices * tile.inner * leftPitch, workgroupSize / 2),
    RIGHT_MEMORY: tile.slices * tile.inner * rightPitch,
    GRID_X: workgroups[0],
    TILES: plan.tiles,
    ...tilePlaces(plan),
    BATCHES: batches,
    ROW_EXTENT: kernel.row.extent,
    BATCH_AXES: batchAxes(plan)
      .map((line) => `  ${line}`)
      .join("\n"),
    BATCH_ARGUMENTS: batchArguments(plan),
    COLUMN_GROUPS: columnGroups,
    STEPS: Math.ceil(kernel.inner.extent / (tile.inner * tile.slices)),
    LEFT_UNITS: rowGroups * tile.inner,
    RIGHT_UNITS: columnGroups * tile.inner,
    LEFT_K: innerOfUnit(plan.left, tile.inner, rowGroups),
    LEFT_FOUR: fourOfUnit(plan.left, tile.inner, rowGroups),
    RIGHT_K: innerOfUnit(plan.right, tile.inner, columnGroups),
    RIGHT_FOUR: fourOfUnit(plan.right, tile.inner, columnGroups),
    FINISH: [0, 1, 2, 3].flatMap((row) => total(row).map((call) => `  ${call}`)).join("\n"),
  });
  const code = [
    readFunction(plan, plan.left, "left_rows"),
    readFunction(plan, plan.right, "right_columns"),
    finishFunction(plan),
    text,
  ].join("\n");
  return { code, workgroupSize, workgroups, vectorOperands: plan.lanes.vectorOperands };
}

function planTiled(
  kernel: ContractionKernel,
  { tiles }: TiledContraction,
  { saturation }: TargetDescriptor,
): TiledPlan {
  const usable = tiles.filter(
    ({ slices, inner }) => slices === 1 || inner * slices * 2 <= kernel.inner.extent,
  );
  const invocations = (tile: WorkgroupTile) =>
    tileCounts(kernel, tile).tiles * (tile.rows / 4) * (tile.columns / 4) * tile.slices;
  const tile = chooseTile(usable, invocations, saturation);
  const sides = sidesOf(kernel);
  const laneAxis = kernel.column.extent % 4 === 0 ? sides.right.axis : null;
  const fours = [sides.left, sides.right].filter(readsFours).map(({ operand }) => operand);
  const lanes = planLanes(kernel, laneAxis, new Set(fours));
  return { kernel, tile, lanes, ...sides, ...tileCounts(kernel, tile) };
}

/** Whether four neighbours across the inner axis lie together, so that one vec4 can hold them. */
function readsFours({ index, axis, extent, acrossStride }: Side): boolean {
  return acrossStride === 1 && extent % 4 === 0 && isAligned(index, axis);
}

/** Neighbouring invocations read along the axis on which the operand is contiguous. */
function innerOfUnit(side: Side, inner: number, fours: number): string {
  return side.innerStride === 1 ? `unit % ${inner}u` : `unit / ${fours}u`;
}

function fourOfUnit(side: Side, inner: number, fours: number): string {
  return side.innerStride === 1 ? `unit / ${inner}u` : `unit % ${fours}u`;
}

function readFunction(plan: TiledPlan, side: Side, name: string): string {
  const inside = `k < ${plan.kernel.inner.extent}`;
  const place = (lane: number) =>
    affine(0, [
      ["start", 1],
      [lane === 0 ? "first" : `(first + ${lane})`, side.acrossStride],
      ["k", side.innerStride],
    ]);
  const lane = (index: number) => {
    const exists = `${inside} && first + ${index} < ${side.extent}`;
    return `select(0.0, ${readElement(plan, side, `select(0, ${place(index)}, ${exists})`)}, ${exists})`;
  };
  const whole = `${inside} && first < ${side.extent}`;
  const value =
    readsFours(side) && plan.lanes.vectorOperands.has(side.operand)
      ? `select(vec4<f32>(0.0), ${operandName(side.operand)}[select(0, (${place(0)}) >> 2u, ${whole})], ${whole})`
      : eachLane("vec4<f32>", lane);
  return [
    `fn ${name}(${batchParameters(plan)}first: i32, k: i32) -> vec4<f32> {`,
    `  let start = ${batchStart(plan, side)};`,
    `  return ${value};`,
    "}",
  ].join("\n");
}

/** Calls of `finish` for four neighbouring totals. */
function finishCalls(plan: TiledPlan, row: string, column: string, total: string): readonly string[] {
  const call = (place: string, value: string) => `finish(${batchArguments(plan)}${row}, ${place}, ${value});`;
  if (plan.lanes.axis !== null) return [call(column, total)];
  return ["x", "y", "z", "w"]
    .slice(0, plan.kernel.column.extent)
    .map((letter, lane) => call(`${column} + ${lane}`, `${total}.${letter}`));
}
