/**
 * Fills `kernels/contraction_direct.wgsl`: unrolled reads and products of one invocation's tile. Software drivers turn neighbouring invocations
 * into the lanes of one processor: they take apart every vec4, compile every read and every copy of the epilogue anew, and are fast where
 * neighbours read the same place or neighbouring ones. So all is scalar, neighbours have neighbouring columns, and the epilogue is there once.
 */
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { ContractionTile, TargetDescriptor } from "../descriptor.ts";
import type { KernelBody } from "./body.ts";
import type { ContractionPlan, Side } from "./contraction-plan.ts";
import {
  batchArguments,
  batchAxes,
  batchStart,
  chooseTile,
  finishFunction,
  readElement,
  sidesOf,
  tileCounts,
} from "./contraction-plan.ts";
import { planLanes } from "./lanes.ts";
import { fillPlaceholders } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { affine, entryPoint } from "./text.ts";

/** Best on SwiftShader; larger groups leave a core idle on small shapes. */
const WORKGROUP = 8;

/** A contraction that reads its operands where they lie. */
export function emitDirect(
  kernel: ContractionKernel,
  tiles: readonly ContractionTile[],
  descriptor: TargetDescriptor,
  template: string,
): KernelBody {
  const plan = planDirect(kernel, tiles, descriptor);
  const { tile, rowTiles, columnTiles, left, right } = plan;
  const workgroups = foldGrid(Math.ceil(plan.tiles / WORKGROUP), descriptor);
  const rows = range(tile.rows);
  const columns = range(tile.columns);
  const places = rows.flatMap((row) => columns.map((column) => `${row}_${column}`));
  const start = (side: Side, place: string) =>
    affine(0, [
      [`(${batchStart(plan, side)})`, 1],
      [`min(${place}, ${side.extent - 1})`, side.acrossStride],
    ]);
  const read = (side: Side, first: string) =>
    readElement(
      plan,
      side,
      affine(0, [
        [first, 1],
        ["k", side.innerStride],
      ]),
    );
  const text = fillPlaceholders(template, {
    ROWS: tile.rows,
    COLUMNS: tile.columns,
    PLACES: places.length,
    ENTRY: entryPoint(WORKGROUP),
    SIZE: WORKGROUP,
    GRID_X: workgroups[0],
    TILES: plan.tiles,
    COLUMN_TILES: columnTiles,
    ROW_TILES: rowTiles,
    PLANE_TILES: rowTiles * columnTiles,
    INNER: kernel.inner.extent,
    STARTS: indent(1, [
      ...batchAxes(plan),
      ...rows.map((row) => `let left${row} = ${start(left, `first_row + ${row}`)};`),
      ...columns.map(
        (column) => `let right${column} = ${start(right, `first_column + ${column * columnTiles}`)};`,
      ),
      ...places.map((place) => `var total${place} = 0.0;`),
    ]),
    MULTIPLY: indent(2, [
      ...rows.map((row) => `let a${row} = ${read(left, `left${row}`)};`),
      ...columns.map((column) => `let b${column} = ${read(right, `right${column}`)};`),
      ...rows.flatMap((row) => columns.map((column) => `total${row}_${column} += a${row} * b${column};`)),
    ]),
    TOTALS: places.map((place) => `total${place}`).join(", "),
    BATCH_ARGUMENTS: batchArguments(plan),
  });
  return {
    code: `${finishFunction(plan)}\n${text}`,
    workgroupSize: WORKGROUP,
    workgroups,
    vectorOperands: plan.lanes.vectorOperands,
  };
}

function planDirect(
  kernel: ContractionKernel,
  tiles: readonly ContractionTile[],
  { saturation }: TargetDescriptor,
): ContractionPlan {
  const usable = tiles.filter(
    ({ rows, columns }) => rows < 2 * kernel.row.extent && columns < 2 * kernel.column.extent,
  );
  const tile = chooseTile(usable, (each) => tileCounts(kernel, each).tiles, saturation);
  return { kernel, tile, lanes: planLanes(kernel, null), ...sidesOf(kernel), ...tileCounts(kernel, tile) };
}

function indent(depth: number, lines: readonly string[]): string {
  return lines.map((line) => "  ".repeat(depth) + line).join("\n");
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
