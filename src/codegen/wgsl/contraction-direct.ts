/**
 * Fills `kernels/contraction_direct.wgsl`: unrolled reads and products of one invocation's tile. Software drivers turn neighbouring invocations
 * into the lanes of one processor: they take apart every vec4, compile every read and every copy of the epilogue anew, and are fast where
 * neighbours read the same place or neighbouring ones. So all is scalar, neighbours have neighbouring columns, and the epilogue is there once.
 */
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { DirectContraction, TargetDescriptor } from "../descriptor.ts";
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
  tilePlaces,
} from "./contraction-plan.ts";
import { planLanes } from "./lanes.ts";
import { fillPlaceholders } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { affine, entryPoint, quotient, remainder } from "./text.ts";

/** Best on SwiftShader; larger groups leave a core idle on small shapes. */
const WORKGROUP = 8;

/** A contraction that reads its operands where they lie. */
export function emitDirect(
  kernel: ContractionKernel,
  contraction: DirectContraction,
  descriptor: TargetDescriptor,
  template: string,
): KernelBody {
  const plan = planDirect(kernel, contraction, descriptor);
  const { tile, columnTiles, left, right } = plan;
  const workgroups = foldGrid(Math.ceil(plan.tiles / WORKGROUP), descriptor);
  const rows = range(tile.rows);
  const columns = range(tile.columns);
  const total = (row: number, column: number) => `totals[${row * tile.columns + column}]`;
  const lefts = readsOf(plan, left, { names: ["left", "a"], first: "first_row", offsets: rows });
  const rights = readsOf(plan, right, {
    names: ["right", "b"],
    first: "first_column",
    offsets: columns.map((column) => column * columnTiles),
  });
  const text = fillPlaceholders(template, {
    ROWS: tile.rows,
    COLUMNS: tile.columns,
    PLACES: tile.rows * tile.columns,
    ENTRY: entryPoint(WORKGROUP),
    SIZE: WORKGROUP,
    GRID_X: workgroups[0],
    TILES: plan.tiles,
    COLUMN_TILES: columnTiles,
    ...tilePlaces(plan),
    PLACE_ROW: quotient("place", tile.columns),
    PLACE_COLUMN: remainder("place", tile.columns),
    INNER: kernel.inner.extent,
    STARTS: indent(1, [...batchAxes(plan), ...lefts.starts, ...rights.starts]),
    MULTIPLY: indent(2, [
      ...lefts.reads,
      ...rights.reads,
      ...rows.flatMap((row) => columns.map((column) => `${total(row, column)} += a${row} * b${column};`)),
    ]),
    BATCH_ARGUMENTS: batchArguments(plan),
  });
  return {
    code: `${finishFunction(plan)}\n${text}`,
    workgroupSize: WORKGROUP,
    workgroups,
    vectorOperands: plan.lanes.vectorOperands,
  };
}

/** Statements that find where the reads of one side start, and that read at `k`: as few as the driver has to compile. */
function readsOf(
  plan: ContractionPlan,
  side: Side,
  {
    names: [start, value],
    first,
    offsets,
  }: {
    readonly names: readonly [string, string];
    readonly first: string;
    readonly offsets: readonly number[];
  },
): { readonly starts: readonly string[]; readonly reads: readonly string[] } {
  const stride = side.acrossStride;
  const base = `(${batchStart(plan, side)})`;
  const read = (number: number, place: string) =>
    `let ${value}${number} = ${readElement(plan, side, place)};`;
  const atK = (place: string) =>
    affine(0, [
      [place, 1],
      ["k", side.innerStride],
    ]);
  // Where tiles end with the operand, all places follow from the first one.
  if (side.extent % offsets.length === 0)
    return {
      starts: [
        `let ${start} = ${affine(0, [
          [base, 1],
          [first, stride],
        ])};`,
      ],
      reads: [
        `let ${value} = ${atK(start)};`,
        ...offsets.map((offset, number) => read(number, affine(offset * stride, [[value, 1]]))),
      ],
    };
  const clamped = (offset: number) => `min(${first} + ${offset}, ${side.extent - 1})`;
  return {
    starts: [
      `let ${start} = ${base};`,
      ...offsets.map(
        (offset, number) =>
          `let ${start}${number} = ${affine(0, [
            [start, 1],
            [clamped(offset), stride],
          ])};`,
      ),
    ],
    reads: offsets.map((_, number) => read(number, atK(`${start}${number}`))),
  };
}

function planDirect(
  kernel: ContractionKernel,
  { tiles, small }: DirectContraction,
  { saturation }: TargetDescriptor,
): ContractionPlan {
  const { batch, row, column, inner } = kernel;
  const products = [...batch, row, column, inner].reduce((product, { extent }) => product * extent, 1);
  const most = products < small.products ? small.results : Number.POSITIVE_INFINITY;
  const usable = tiles.filter(
    ({ rows, columns }) => rows < 2 * row.extent && columns < 2 * column.extent && rows * columns <= most,
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
