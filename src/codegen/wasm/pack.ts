/** Copies of factors in the order in which the innermost loop reads them. */
import type { FunctionBuilder } from "./function.ts";
import type { I32, V128 } from "./instructions.ts";
import { i32, i32x4, v128 } from "./instructions.ts";

/** Columns of a panel: two vectors. */
export const PANEL = 8;
/** Rows of a tile. */
export const TILE_ROWS = 4;

/** A part of a matrix: strides in elements. */
export interface Block {
  /** Address of its first element. */
  readonly start: I32;
  /** Distance along the inner axis. */
  readonly inner: number;
  /** Distance between rows of the left, or columns of the right factor. */
  readonly across: number;
  /** Inner positions; kept. */
  readonly count: I32;
}

/** Panels or tiles that are copied together: rows of a matrix are then read in whole cache lines, although they lie far apart. */
export const TOGETHER = 4;

/** Copies `parts` neighbouring pieces of some vectors of each inner position; the pieces go to places `pitch` bytes apart. */
function packPieces(
  f: FunctionBuilder,
  { start, inner, count }: Block,
  { vectors, parts, pitch }: { readonly vectors: number; readonly parts: number; readonly pitch: number },
  target: I32,
): void {
  const from = f.variable("i32", start);
  const to = f.variable("i32", target);
  f.range(i32.constant(0), count, 1, () => {
    for (let part = 0; part < parts; part++)
      for (let vector = 0; vector < vectors; vector++) {
        const value = v128.load(from.get, (part * vectors + vector) * 16);
        f.push(v128.store(to.get, value, part * pitch + vector * 16));
      }
    from.set(i32.add(from.get, i32.constant(inner * 4)));
    to.set(i32.add(to.get, i32.constant(vectors * 16)));
  });
}

/** Whole panels of 8 columns that lie side by side in memory; in the copy they are `pitch` bytes apart. */
export function packPanels(
  f: FunctionBuilder,
  block: Block,
  panels: number,
  pitch: number,
  target: I32,
): void {
  packPieces(f, block, { vectors: PANEL / 4, parts: panels, pitch }, target);
}

/**
 * Panel of up to 8 columns: for each inner position, 8 numbers. Columns beyond `columns` repeat the last one or whatever lies there; what is computed from
 * them is never stored.
 */
export function packPanel(f: FunctionBuilder, block: Block, columns: number, target: I32): void {
  if (block.across === 1) {
    packPanels(f, block, 1, 0, target);
    return;
  }
  const start = f.keep(block.start);
  const place = f.keep(target);
  packVector(f, { ...block, start }, columns, place, PANEL * 4);
  if (columns <= 4) return;
  const second = i32.add(start, i32.constant(16 * block.across));
  packVector(f, { ...block, start: second }, columns - 4, i32.add(place, i32.constant(16)), PANEL * 4);
}

/** Up to 4 columns: for each inner position a vector, `pitch` bytes apart. */
export function packVector(
  f: FunctionBuilder,
  block: Block,
  columns: number,
  target: I32,
  pitch: number,
): void {
  const from = f.variable("i32", block.start);
  const to = f.variable("i32", target);
  const offsets = [0, 1, 2, 3].map((column) => Math.min(column, columns - 1) * block.across * 4);
  const advance = (positions: number) => {
    from.set(i32.add(from.get, i32.constant(positions * block.inner * 4)));
    to.set(i32.add(to.get, i32.constant(positions * pitch)));
  };
  const whole = block.inner === 1 ? f.keep(i32.and(block.count, i32.constant(-4))) : i32.constant(0);
  // Four inner positions at a time, as squares of 4 by 4 that are turned over.
  if (block.inner === 1)
    f.range(i32.constant(0), whole, 4, () => {
      const rows = offsets.map((offset) => f.keep(v128.load(from.get, offset)));
      for (const [position, value] of transpose(f, rows).entries())
        f.push(v128.store(to.get, value, position * pitch));
      advance(4);
    });
  f.range(whole, block.count, 1, () => {
    let value = i32x4.constant(0);
    for (const [lane, offset] of offsets.entries()) value = v128.loadLane(from.get, value, lane, offset);
    f.push(v128.store(to.get, value));
    advance(1);
  });
}

/** Four vectors whose lane i is lane j of input i, for j = 0 to 3. */
function transpose(f: FunctionBuilder, rows: readonly V128[]): readonly V128[] {
  const [a, b, c, d] = rows as readonly [V128, V128, V128, V128];
  const low = f.keep(v128.shuffle(a, b, [0, 4, 1, 5]));
  const high = f.keep(v128.shuffle(a, b, [2, 6, 3, 7]));
  const lower = f.keep(v128.shuffle(c, d, [0, 4, 1, 5]));
  const higher = f.keep(v128.shuffle(c, d, [2, 6, 3, 7]));
  return [
    v128.shuffle(low, lower, [0, 1, 4, 5]),
    v128.shuffle(low, lower, [2, 3, 6, 7]),
    v128.shuffle(high, higher, [0, 1, 4, 5]),
    v128.shuffle(high, higher, [2, 3, 6, 7]),
  ];
}

/** Tiles of four neighbouring rows of a left factor that runs along its rows: for each inner position, 4 numbers. In the copy tiles are `pitch` bytes apart. */
export function packRows(f: FunctionBuilder, block: Block, tiles: number, pitch: number, target: I32): void {
  packPieces(f, block, { vectors: TILE_ROWS / 4, parts: tiles, pitch }, target);
}
