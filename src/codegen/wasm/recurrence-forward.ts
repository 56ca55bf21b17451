/**
 * LSTM and GRU forward. The weights are copied so that the gates of 4 units are neighbours: a tile of 2 rows and all gates of 4 units then goes from the
 * products through the activations to the new state without leaving the registers.
 */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { I32, V128 } from "./instructions.ts";
import { f32x4, i32 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { packVector } from "./pack.ts";
import { addProducts, tileTotals } from "./product.ts";
import type { Moment } from "./recurrence.ts";
import { Recurrence } from "./recurrence.ts";

interface Cell {
  readonly gates: number;
  /** Fields of the input and of the result; the last field of the result is h. */
  readonly inputs: number;
  readonly fields: number;
  readonly lengths: number;
  readonly result: number;
  /** What a gate's sum starts from. */
  readonly initial: (tile: CellTile, gate: number) => V128;
  /** The fields of the result from the sums of the gates. */
  readonly finish: (tile: CellTile, sums: readonly V128[]) => readonly V128[];
  /** Fields, from the last one back, that a step past the row's length keeps; the others become 0. */
  readonly kept: number;
}

interface CellTile {
  readonly r: Recurrence;
  readonly row: I32;
  readonly moment: Moment;
  readonly unit: I32;
  /** Fields of the input. */
  readonly inputs: number;
}

const ZERO = f32x4.constant(0);

export function emitLstm(kernel: LibraryKernel, fused: boolean): WasmKernel {
  return emitForward(kernel, fused, {
    gates: 4,
    inputs: 4,
    fields: 6,
    lengths: 2,
    result: 3,
    kept: 2,
    initial: inputOf,
    finish: (tile, sums) => {
      const { f, math } = tile.r;
      const [i, o] = [math.sigmoid(at(sums, 0)), math.sigmoid(at(sums, 3))];
      const forget = math.sigmoid(at(sums, 1));
      const g = math.tanh(at(sums, 2));
      const past = previous(tile, 3, 6, 4);
      const c = f.keep(math.multiplyAdd(forget, past, f32x4.mul(i, g)));
      const h = f32x4.mul(o, math.tanh(c));
      return [i, forget, g, o, c, h];
    },
  });
}

export function emitGru(kernel: LibraryKernel, fused: boolean): WasmKernel {
  return emitForward(kernel, fused, {
    gates: 3,
    inputs: 3,
    fields: 5,
    lengths: 3,
    result: 4,
    kept: 1,
    initial: (tile, gate) => {
      if (gate < 2) return inputOf(tile, gate);
      return tile.r.load(i32.add(at(tile.r.code.operands, 2), i32.shl(tile.unit, i32.constant(2))));
    },
    finish: (tile, sums) => {
      const { f, math } = tile.r;
      const [r, z, q] = [math.sigmoid(at(sums, 0)), math.sigmoid(at(sums, 1)), at(sums, 2)];
      const n = math.tanh(f.keep(math.multiplyAdd(r, q, inputOf(tile, 2))));
      const past = previous(tile, 4, 5, 4);
      const h = math.multiplyAdd(z, f32x4.sub(past, n), n);
      return [r, z, n, q, h];
    },
  });
}

/** The input part of a gate. */
function inputOf({ r, row, moment, unit, inputs }: CellTile, gate: number): V128 {
  return r.load(r.place(at(r.code.operands, 0), inputs, row, moment.step, gate, unit));
}

/** A field of the result at the step before; 0 at the first step. */
function previous({ r, row, moment, unit }: CellTile, result: number, fields: number, field: number): V128 {
  const place = () => r.place(at(r.code.operands, result), fields, row, moment.before, field, unit);
  return r.where(moment.started, () => r.load(place()), ZERO).get;
}

function emitForward(kernel: LibraryKernel, fused: boolean, cell: Cell): WasmKernel {
  const r = new Recurrence(kernel, fused);
  const { f, hidden } = r;
  const panelBytes = hidden * cell.gates * 16;
  const panels = r.code.scratch(Math.ceil(hidden / 4) * panelBytes);
  const panelOf = (unit: I32) => i32.add(panels, i32.mul(unit, i32.constant(panelBytes / 4)));
  packGates(r, cell, panelOf);
  r.eachStep(false, (moment) => {
    r.eachUnits(4, (unit, active) => {
      const panel = f.keep(panelOf(unit));
      r.eachRows(2, (row, height) => {
        const tiles = Array.from(
          { length: height },
          (_, down): CellTile => ({
            r,
            moment,
            unit,
            inputs: cell.inputs,
            row: f.keep(i32.add(row, i32.constant(down))),
          }),
        );
        const totals = tileTotals(f, height, cell.gates, (down, gate) => cell.initial(at(tiles, down), gate));
        f.when(moment.started, () => {
          const result = at(r.code.operands, cell.result);
          const state = r.place(result, cell.fields, row, moment.before, cell.fields - 1, i32.constant(0));
          const rows = tiles.map((_, down) => down * r.rowBytes(cell.fields));
          const vectors = Array.from({ length: cell.gates }, (_, gate) => gate * 16);
          addProducts(
            f,
            r.math,
            {
              left: { start: state, rows, step: 4 },
              right: { start: panel, vectors, step: cell.gates * 16 },
              count: i32.constant(hidden),
            },
            totals,
          );
        });
        for (const [down, tile] of tiles.entries())
          finishTile(
            tile,
            cell,
            at(totals, down).map((total) => total.get),
            active,
          );
      });
    });
  });
  const { batch, time } = r;
  return r.code.finish(kernel.name, batch * time * hidden * (cell.gates * hidden * 0.05 + 8));
}

/** The weights [gates * hidden, hidden] as panels of 4 units: for each inner position, a vector for each gate. */
function packGates(r: Recurrence, cell: Cell, panelOf: (unit: I32) => I32): void {
  const { f, hidden } = r;
  const weights = at(r.code.operands, 1);
  r.eachUnits(4, (unit, active) => {
    for (let gate = 0; gate < cell.gates; gate++) {
      const first = i32.add(i32.constant(gate * hidden), unit);
      const start = f.keep(i32.add(weights, i32.mul(first, i32.constant(hidden * 4))));
      const block = { start, inner: 1, across: hidden, count: i32.constant(hidden) };
      packVector(f, block, active, i32.add(panelOf(unit), i32.constant(gate * 16)), cell.gates * 16);
    }
  });
}

function finishTile(tile: CellTile, cell: Cell, sums: readonly V128[], active: number): void {
  const { r, row, moment, unit } = tile;
  const { operands } = r.code;
  const result = at(operands, cell.result);
  const place = r.f.keep(r.place(result, cell.fields, row, moment.step, 0, unit));
  const store = (field: number, value: V128) =>
    r.store(i32.add(place, i32.constant(field * r.hidden * 4)), value, active);
  r.f.when(
    r.isInside(at(operands, cell.lengths), row, moment.step),
    () => {
      for (const [field, value] of cell.finish(tile, sums).entries()) store(field, value);
    },
    () => {
      for (let field = 0; field < cell.fields; field++)
        store(
          field,
          field < cell.fields - cell.kept ? ZERO : previous(tile, cell.result, cell.fields, field),
        );
    },
  );
}
