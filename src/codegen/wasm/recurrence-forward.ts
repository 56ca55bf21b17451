/**
 * LSTM and GRU forward. The weights are copied so that the gates of 4 units are neighbours; so are the sums of products with the state, which a group of
 * rows keeps in the first cache until its activations are computed.
 */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { I32, V128 } from "./instructions.ts";
import { f32x4, i32, v128 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import type { VectorMath } from "./math.ts";
import { packVector } from "./pack.ts";
import { addProducts, tileTotals } from "./product.ts";
import type { Moment, RowRange } from "./recurrence.ts";
import { GROUP, Recurrence } from "./recurrence.ts";

interface Cell {
  readonly gates: number;
  /** Fields of the input and of the result; the last field of the result is h. */
  readonly inputs: number;
  readonly fields: number;
  readonly lengths: number;
  readonly result: number;
  /** What is added to a gate's products. */
  readonly initial: (tile: CellTile, gate: number) => V128;
  /** The field that a gate's activation becomes. Every gate has a loop of its own: with all in one, the processor would run out of registers. */
  readonly gateFields: readonly number[];
  readonly activate: (math: VectorMath, gate: number, sum: V128) => V128;
  /** The other fields, from those. */
  readonly finish: (tile: CellTile, field: (index: number) => V128) => Fields;
  /** Fields, from the last one back, that a step past the row's length keeps; the others become 0. */
  readonly kept: number;
}

/** Numbers of fields with their values. */
type Fields = readonly (readonly [number, V128])[];

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
    gateFields: [0, 1, 2, 3],
    activate: (math, gate, sum) => (gate === 2 ? math.tanh(sum) : math.sigmoid(sum)),
    finish: (tile, field) => {
      const { f, math } = tile.r;
      const past = previous(tile, 3, 6, 4);
      const c = f.keep(math.multiplyAdd(field(1), past, f32x4.mul(field(0), field(2))));
      return [
        [4, c],
        [5, f32x4.mul(field(3), math.tanh(c))],
      ];
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
    gateFields: [0, 1, 3],
    activate: (math, gate, sum) => (gate === 2 ? sum : math.sigmoid(sum)),
    finish: (tile, field) => {
      const { f, math } = tile.r;
      const n = math.tanh(f.keep(math.multiplyAdd(field(0), field(3), inputOf(tile, 2))));
      const past = previous(tile, 4, 5, 4);
      return [
        [2, n],
        [4, math.multiplyAdd(field(1), f32x4.sub(past, n), n)],
      ];
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
  const pitch = Math.ceil(hidden / 4) * cell.gates * 16;
  const sums = r.code.scratch(GROUP * pitch);
  packGates(r, cell, panelOf);
  r.eachStep(false, (moment) =>
    r.eachGroup((rows) => {
      const sumsOf = (row: I32, unit: I32) => {
        const line = i32.mul(i32.sub(row, rows.from), i32.constant(pitch));
        return i32.add(i32.add(sums, line), i32.mul(unit, i32.constant(cell.gates * 4)));
      };
      r.eachUnits(4, (unit) => {
        const panel = f.keep(panelOf(unit));
        r.eachRows(rows, 2, (row, height) =>
          multiplyState(r, cell, { moment, row, height, panel, sums: sumsOf(row, unit), pitch }),
        );
      });
      finishRows(r, cell, moment, rows, sumsOf);
    }),
  );
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

interface Products {
  readonly moment: Moment;
  readonly row: I32;
  readonly height: number;
  readonly panel: I32;
  /** Where the sums of the first row go, and bytes from there to those of the next one. */
  readonly sums: I32;
  readonly pitch: number;
}

/** The products of the states of some rows with the weights of all gates of 4 units; 0 at the first step. */
function multiplyState(
  r: Recurrence,
  cell: Cell,
  { moment, row, height, panel, sums, pitch }: Products,
): void {
  const { f } = r;
  const totals = tileTotals(f, height, cell.gates, () => ZERO);
  f.when(moment.started, () => {
    const result = at(r.code.operands, cell.result);
    const state = r.place(result, cell.fields, row, moment.before, cell.fields - 1, i32.constant(0));
    addProducts(
      f,
      r.math,
      {
        left: {
          start: state,
          rows: Array.from({ length: height }, (_, down) => down * r.rowBytes(cell.fields)),
          step: 4,
        },
        right: {
          start: panel,
          vectors: Array.from({ length: cell.gates }, (_, gate) => gate * 16),
          step: cell.gates * 16,
        },
        count: i32.constant(r.hidden),
      },
      totals,
    );
  });
  const place = f.keep(sums);
  for (const [down, gates] of totals.entries())
    for (const [gate, total] of gates.entries())
      f.push(v128.store(place, total.get, down * pitch + gate * 16));
}

/** From the sums of some rows to the fields of the result. */
function finishRows(
  r: Recurrence,
  cell: Cell,
  moment: Moment,
  rows: RowRange,
  sumsOf: (row: I32, unit: I32) => I32,
): void {
  const { f } = r;
  const { operands } = r.code;
  const result = at(operands, cell.result);
  r.eachRows(rows, 1, (row) => {
    const eachVector = (fieldsOf: (tile: CellTile, field: (index: number) => V128) => Fields) =>
      r.eachUnits(4, (unit, active) => {
        const start = f.keep(r.place(result, cell.fields, row, moment.step, 0, unit));
        const place = (field: number) => i32.add(start, i32.constant(field * r.hidden * 4));
        const tile = { r, row, moment, unit, inputs: cell.inputs };
        for (const [field, value] of fieldsOf(tile, (index) => f.keep(r.load(place(index)))))
          r.store(place(field), value, active);
      });
    f.when(
      r.isInside(at(operands, cell.lengths), row, moment.step),
      () => {
        for (const [gate, field] of cell.gateFields.entries())
          eachVector((tile) => {
            const product = v128.load(sumsOf(row, tile.unit), gate * 16);
            const sum = f.keep(f32x4.add(product, cell.initial(tile, gate)));
            return [[field, cell.activate(r.math, gate, sum)]];
          });
        eachVector(cell.finish);
      },
      () =>
        eachVector((tile) =>
          Array.from({ length: cell.fields }, (_, field) => {
            const isKept = field >= cell.fields - cell.kept;
            return [field, isKept ? previous(tile, cell.result, cell.fields, field) : ZERO] as const;
          }),
        ),
    );
  });
}
