/** How a contraction runs: which factors are copied, the sizes of blocks, and which axis the threads share. */
import { invariant } from "../../base/invariant.ts";
import type { ContractionKernel, Expression, Index } from "../../ir/kernel.ts";
import { kernelRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import { expressionLevels } from "../dependence.ts";
import type { LanePlan } from "./lanes.ts";
import { planLanes, strideAlong, totalCost } from "./lanes.ts";
import { PANEL, TILE_ROWS } from "./pack.ts";

export interface Side {
  readonly operand: number;
  readonly index: Index;
  readonly inner: number;
  readonly across: number;
  /** Copied into the order of the innermost loop. */
  readonly packed: boolean;
}

/** Loops around epilogue expressions, from the outside. */
export const EPILOGUE = { call: 0, batch: 1, row: 2, point: 3 } as const;

export interface ContractionPlan {
  readonly kernel: ContractionKernel;
  readonly lanes: LanePlan;
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly left: Side;
  readonly right: Side;
  /** Sizes of blocks; a block of the inner axis is the same for every thread count, so sums are too. */
  readonly innerBlock: number;
  readonly rowBlock: number;
  readonly columnBlock: number;
  /** Rows whose sums are in memory at a time; blocks of them where the inner axis has several blocks. */
  readonly sumRows: number;
  /** Sums go through memory before the epilogue: always where the inner axis has several blocks, and where the epilogue is long. */
  readonly deferred: boolean;
  readonly shared: "batch" | "rows" | "columns";
  /** Loop that each expression belongs to. */
  readonly levels: readonly number[];
  readonly nanoseconds: number;
}

/** Longest inner axis that is summed in one go: a panel of 8 columns and 4 rows stay in the first cache. */
const LONGEST_SUM = 640;
/** Inner positions of a block of a longer axis. */
const INNER_BLOCK = 512;
/** Elements of a block of the right and of the left factor: half a megabyte and a quarter, together within the second cache. */
const RIGHT_BLOCK = 131_072;
const LEFT_BLOCK = 65_536;
/** Sums that are kept between blocks of the inner axis: two megabytes. */
const SUMS = 524_288;
/** An epilogue up to this is repeated for every part of a tile. */
const SHORT_EPILOGUE = 10;

export function planContraction(kernel: ContractionKernel): ContractionPlan {
  const [rows, columns, inner] = [kernel.row.extent, kernel.column.extent, kernel.inner.extent];
  const batches = kernel.batch.reduce((product, { extent }) => product * extent, 1);
  invariant(
    kernel.left.index.dynamic.length === 0 && kernel.right.index.dynamic.length === 0,
    "a contraction reads gathered operands",
  );
  const blocks = inner <= LONGEST_SUM ? 1 : Math.ceil(inner / INNER_BLOCK);
  const innerBlock = Math.ceil(inner / blocks);
  const ids = reachableExpressions(kernel.expressions, kernelRoots(kernel));
  const epilogue = totalCost(kernel.expressions, ids) + kernel.stores.length;
  const deferred = blocks > 1 || epilogue > SHORT_EPILOGUE;
  const right = rightSide(kernel, blocks);
  const columnBlock = right.packed
    ? blockSize(columns, PANEL, clamp(roundDown(RIGHT_BLOCK / innerBlock, PANEL), PANEL, 1024))
    : Math.ceil(columns / PANEL) * PANEL;
  const mostRows = clamp(roundDown(LEFT_BLOCK / innerBlock, TILE_ROWS), 16, 512);
  const held = (elements: number) => clamp(roundDown(elements / columnBlock, TILE_ROWS), TILE_ROWS, rows + 3);
  const rowBlock = blockSize(
    rows,
    TILE_ROWS,
    deferred && blocks === 1 ? Math.min(mostRows, held(RIGHT_BLOCK)) : mostRows,
  );
  const sumRows = blocks === 1 ? rowBlock : Math.max(rowBlock, roundDown(held(SUMS), rowBlock));
  return {
    kernel,
    lanes: planLanes(kernel, kernel.batch.length + 1),
    batches,
    rows,
    columns,
    inner,
    left: leftSide(kernel),
    right,
    innerBlock,
    rowBlock,
    columnBlock,
    sumRows,
    deferred,
    shared: batches >= 8 ? "batch" : columns >= 64 && rows < 256 ? "columns" : "rows",
    levels: epilogueLevels(kernel),
    nanoseconds: batches * rows * columns * (inner / 22 + epilogue / 8),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function roundDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** Size of equal blocks of an axis: a multiple of `step`, at most `most`. */
function blockSize(extent: number, step: number, most: number): number {
  const blocks = Math.ceil(extent / most);
  return Math.ceil(extent / blocks / step) * step;
}

/** Read in place where copying would not pay: few rows would use the copy, and the rows of the factor do not compete for the same cache sets. */
function rightSide(kernel: ContractionKernel, blocks: number): Side {
  const { operand, index } = kernel.right;
  const inner = strideAlong(index, kernel.batch.length + 2);
  const across = strideAlong(index, kernel.batch.length + 1);
  const small = kernel.inner.extent * kernel.column.extent <= 20_000 && kernel.row.extent <= 256;
  const inPlace =
    (across === 1 || kernel.column.extent === 1) && inner > 0 && blocks === 1 && small && inner % 256 !== 0;
  return { operand, index, inner, across, packed: !inPlace };
}

/** Copied when it runs along its rows: neighbouring inner positions then lie far apart. */
function leftSide(kernel: ContractionKernel): Side {
  const { operand, index } = kernel.left;
  const inner = strideAlong(index, kernel.batch.length + 2);
  const across = strideAlong(index, kernel.batch.length);
  const packed = across === 1 && inner !== 1 && kernel.inner.extent > 64;
  return { operand, index, inner, across, packed };
}

function epilogueLevels(kernel: ContractionKernel): readonly number[] {
  const batch = kernel.batch.length;
  const levelOf = (axis: number) =>
    axis < batch ? EPILOGUE.batch : axis === batch ? EPILOGUE.row : EPILOGUE.point;
  const own = ({ op }: Expression) => (op === "accumulator" ? EPILOGUE.point : EPILOGUE.call);
  return expressionLevels(kernel.expressions, own, levelOf);
}
