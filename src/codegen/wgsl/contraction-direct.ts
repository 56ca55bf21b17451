/** Fills `kernels/contraction_direct.wgsl`: unrolled reads and products of one invocation's tile. */
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelBody } from "./body.ts";
import type { ContractionPlan, Side } from "./contraction-plan.ts";
import { batchAxes, batchStart, finishCalls, finishFunction, readElement } from "./contraction-plan.ts";
import { operandName } from "./expressions.ts";
import { fillPlaceholders } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { affine, component, eachLane } from "./text.ts";

/** Best on SwiftShader; larger groups leave a core idle on small shapes. */
const WORKGROUP = 8;
/** Above this many copies of epilogue statements, `finish` is called in a loop: software drivers compile every copy. */
const LARGEST_UNROLLED_EPILOGUE = 96;

/** A contraction that reads its operands where they lie. */
export function emitDirect(
  plan: ContractionPlan,
  descriptor: TargetDescriptor,
  template: string,
): KernelBody {
  const { kernel, tile, batches, rowTiles, columnTiles } = plan;
  const tiles = batches * rowTiles * columnTiles;
  const workgroups = foldGrid(Math.ceil(tiles / WORKGROUP), descriptor);
  const step = plan.left.mode === "inner" || plan.right.mode === "inner" ? 4 : 1;
  const groups = tile.columns / 4;
  const text = fillPlaceholders(template, {
    ROWS: tile.rows,
    COLUMNS: tile.columns,
    GROUPS: groups,
    SIZE: WORKGROUP,
    GRID_X: workgroups[0],
    TILES: tiles,
    COLUMN_TILES: columnTiles,
    ROW_TILES: rowTiles,
    PLANE_TILES: rowTiles * columnTiles,
    INNER: kernel.inner.extent,
    STEP: step,
    STARTS: [...batchAxes(plan), ...indent(1, starts(plan))].join("\n"),
    MULTIPLY: indent(2, [...leftReads(plan, step), ...rightReads(plan, step), ...products(plan, step)]).join(
      "\n",
    ),
    FINISH: indent(1, finish(plan)).join("\n"),
  });
  return { code: `${finishFunction(plan)}\n${text}`, workgroups, vectorOperands: plan.lanes.vectorOperands };
}

function indent(depth: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => "  ".repeat(depth) + line);
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Where each row and column of the tile begins in its operand, and the accumulators. */
function starts(plan: ContractionPlan): readonly string[] {
  const { left, right, tile } = plan;
  const groups = range(tile.columns / 4);
  const start = (name: string, side: Side, place: string) =>
    `let ${name} = ${affine(0, [
      [`(${batchStart(plan, side)})`, 1],
      [place, side.acrossStride],
    ])};`;
  const leftStarts =
    left.mode === "across"
      ? range(tile.rows / 4).map((four) =>
          start(`left${four}`, left, `min(first_row + ${four * 4}, ${left.extent - 4})`),
        )
      : range(tile.rows).map((row) =>
          start(`left${row}`, left, `min(first_row + ${row}, ${left.extent - 1})`),
        );
  const rightStarts =
    right.mode === "across"
      ? groups.map((group) =>
          start(`right${group}`, right, `min(first_column + ${group * 4}, ${right.extent - 4})`),
        )
      : range(tile.columns).map((column) =>
          start(`right${column}`, right, `min(first_column + ${column}, ${right.extent - 1})`),
        );
  const totals = range(tile.rows).flatMap((row) =>
    groups.map((group) => `var total${row}_${group} = vec4<f32>(0.0);`),
  );
  return [...leftStarts, ...rightStarts, ...totals];
}

function stepped(side: Side, start: string, ahead: number): string {
  const k = ahead === 0 ? "k" : `(k + ${ahead})`;
  return affine(0, [
    [start, 1],
    [k, side.innerStride],
  ]);
}

function leftReads(plan: ContractionPlan, step: number): readonly string[] {
  const { left, tile } = plan;
  const buffer = operandName(left.operand);
  if (left.mode === "inner")
    return range(tile.rows).map((row) => `let a${row} = ${buffer}[(left${row} + k) >> 2u];`);
  return range(step).flatMap((ahead) =>
    left.mode === "across"
      ? range(tile.rows / 4).map(
          (four) => `let a${four}_${ahead} = ${buffer}[(${stepped(left, `left${four}`, ahead)}) >> 2u];`,
        )
      : range(tile.rows).map(
          (row) => `let a${row}_${ahead} = ${readElement(plan, left, stepped(left, `left${row}`, ahead))};`,
        ),
  );
}

/** The element of the left side in a row of the tile, `ahead` of k. */
function leftValue(plan: ContractionPlan, row: number, ahead: number): string {
  if (plan.left.mode === "inner") return `a${row}.${component(ahead)}`;
  return plan.left.mode === "across" ? `a${row >> 2}_${ahead}.${component(row)}` : `a${row}_${ahead}`;
}

function rightReads(plan: ContractionPlan, step: number): readonly string[] {
  const { right, tile } = plan;
  const buffer = operandName(right.operand);
  const groups = range(tile.columns / 4);
  const reads =
    right.mode === "inner"
      ? range(tile.columns).map((column) => `let c${column} = ${buffer}[(right${column} + k) >> 2u];`)
      : [];
  const value = (group: number, ahead: number) => {
    if (right.mode === "across") return `${buffer}[(${stepped(right, `right${group}`, ahead)}) >> 2u]`;
    return eachLane("vec4<f32>", (lane) => {
      const column = group * 4 + lane;
      return right.mode === "inner"
        ? `c${column}.${component(ahead)}`
        : readElement(plan, right, stepped(right, `right${column}`, ahead));
    });
  };
  return [
    ...reads,
    ...range(step).flatMap((ahead) =>
      groups.map((group) => `let b${group}_${ahead} = ${value(group, ahead)};`),
    ),
  ];
}

function products(plan: ContractionPlan, step: number): readonly string[] {
  return range(step).flatMap((ahead) =>
    range(plan.tile.rows).flatMap((row) =>
      range(plan.tile.columns / 4).map(
        (group) => `total${row}_${group} += ${leftValue(plan, row, ahead)} * b${group}_${ahead};`,
      ),
    ),
  );
}

function finish(plan: ContractionPlan): readonly string[] {
  const { tile, kernel } = plan;
  const groups = tile.columns / 4;
  const places = range(tile.rows).flatMap((row) => range(groups).map((group) => ({ row, group })));
  const copies = places.length * (plan.lanes.axis === null ? 4 : 1);
  if (copies * (kernel.expressions.length + kernel.stores.length) <= LARGEST_UNROLLED_EPILOGUE) {
    return places.flatMap(({ row, group }) =>
      finishCalls(plan, `first_row + ${row}`, `first_column + ${group * 4}`, `total${row}_${group}`),
    );
  }
  return [
    `var totals = array<vec4<f32>, ${places.length}>(${places.map(({ row, group }) => `total${row}_${group}`).join(", ")});`,
    `for (var place = 0; place < ${places.length}; place++) {`,
    "  let total = totals[place];",
    ...indent(
      1,
      finishCalls(plan, `first_row + place / ${groups}`, `first_column + place % ${groups} * 4`, "total"),
    ),
    "}",
  ];
}
