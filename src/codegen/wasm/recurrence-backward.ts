/**
 * LSTM and GRU backward: cotangents of the gates, against the order of time. What reaches h is what the step adds, what came through the gates of the step
 * done before (their cotangents times the weights), and what passed by that step unchanged.
 */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { I32, V128 } from "./instructions.ts";
import { f32x4, i32, v128 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { PANEL, packPanel, TILE_ROWS } from "./pack.ts";
import { addProducts, tileTotals } from "./product.ts";
import type { Moment } from "./recurrence.ts";
import { GROUP, Recurrence } from "./recurrence.ts";

/** One row and 4 units of one step. */
interface Place {
  readonly r: Recurrence;
  readonly row: I32;
  readonly moment: Moment;
  readonly unit: I32;
  /** Cotangent of h. */
  readonly dh: V128;
  /** What was carried here for the cell, and what is added to it (LSTM). */
  readonly carriedCell: () => V128;
}

interface Step {
  /** Cotangents of the four fields of the result. */
  readonly gates: readonly V128[];
  /** What passes on to the step before: for h, and for the cell of an LSTM. */
  readonly carried: readonly V128[];
}

interface Cell {
  /** Fields of the states' cotangents; the last one is h. */
  readonly states: number;
  /** Gates of the weights, and how many of them come before a field of the result that meets no weights (GRU: n). */
  readonly gates: number;
  readonly beforeGap: number;
  /** Numbers that are carried for each unit: h, and the cell of an LSTM. */
  readonly carries: number;
  readonly inside: (place: Place) => Step;
  /** What is carried past a step that the row does not have. */
  readonly outside: (place: Place) => readonly V128[];
}

const ZERO = f32x4.constant(0);
const ONE = f32x4.constant(1);
const GATES = 4;

export function emitLstmBackward(kernel: LibraryKernel, fused: boolean): WasmKernel {
  return emitBackward(kernel, fused, {
    states: 2,
    gates: 4,
    beforeGap: 4,
    carries: 2,
    inside: (place) => {
      const { f, math } = place.r;
      const field = (index: number) => f.keep(packed(place, 6, index));
      const [i, forget, g, o] = [field(0), field(1), field(2), field(3)];
      const tanhC = math.tanh(field(4));
      const { dh } = place;
      const through = f32x4.mul(f32x4.mul(dh, o), slope(tanhC));
      const dc = f.keep(f32x4.add(f32x4.add(place.carriedCell(), cellCotangent(place)), through));
      const cBefore = packedBefore(place, 6, 4);
      const gates = [
        f32x4.mul(f32x4.mul(dc, g), logisticSlope(i)),
        f32x4.mul(f32x4.mul(dc, cBefore), logisticSlope(forget)),
        f32x4.mul(f32x4.mul(dc, i), slope(g)),
        f32x4.mul(f32x4.mul(dh, tanhC), logisticSlope(o)),
      ];
      return { gates, carried: [ZERO, f32x4.mul(dc, forget)] };
    },
    outside: (place) => [place.dh, f32x4.add(place.carriedCell(), cellCotangent(place))],
  });
}

export function emitGruBackward(kernel: LibraryKernel, fused: boolean): WasmKernel {
  return emitBackward(kernel, fused, {
    states: 1,
    gates: 3,
    beforeGap: 2,
    carries: 1,
    inside: (place) => {
      const { f } = place.r;
      const field = (index: number) => f.keep(packed(place, 5, index));
      const [r, z, n, q] = [field(0), field(1), field(2), field(3)];
      const { dh } = place;
      const dn = f.keep(f32x4.mul(f32x4.mul(dh, f32x4.sub(ONE, z)), slope(n)));
      const hBefore = packedBefore(place, 5, 4);
      const dz = f32x4.mul(f32x4.mul(dh, f32x4.sub(hBefore, n)), logisticSlope(z));
      const dr = f32x4.mul(f32x4.mul(dn, q), logisticSlope(r));
      return { gates: [dr, dz, dn, f32x4.mul(dn, r)], carried: [f32x4.mul(dh, z)] };
    },
    outside: (place) => [place.dh],
  });
}

/** Derivative of tanh, from its value; likewise of the logistic function. Values are kept. */
function slope(value: V128): V128 {
  return f32x4.sub(ONE, f32x4.mul(value, value));
}

function logisticSlope(value: V128): V128 {
  return f32x4.mul(value, f32x4.sub(ONE, value));
}

/** A field of the forward result. */
function packed({ r, row, moment, unit }: Place, fields: number, field: number): V128 {
  return r.load(r.place(at(r.code.operands, 0), fields, row, moment.step, field, unit));
}

/** The same at the step before; 0 at the first step. */
function packedBefore({ r, row, moment, unit }: Place, fields: number, field: number): V128 {
  const first = moment.isFirst;
  const load = () => r.load(r.place(at(r.code.operands, 0), fields, row, moment.before, field, unit));
  return r.where(i32.eqz(first), load, ZERO).get;
}

/** What the step itself adds to the cotangent of the cell. */
function cellCotangent({ r, row, moment, unit }: Place): V128 {
  return r.load(r.place(at(r.code.operands, 3), 2, row, moment.step, 0, unit));
}

function emitBackward(kernel: LibraryKernel, fused: boolean, cell: Cell): WasmKernel {
  const r = new Recurrence(kernel, fused);
  const { f, hidden, batch } = r;
  const inner = cell.gates * hidden;
  const panels = r.code.scratch(Math.ceil(hidden / PANEL) * PANEL * inner * 4);
  const panelOf = (unit: I32) => i32.add(panels, i32.mul(unit, i32.constant(inner * 4)));
  const pitch = (Math.ceil(hidden / PANEL) * PANEL + 4) * 4;
  const carry = Array.from({ length: cell.carries }, () => r.code.scratch(batch * pitch));
  const sums = r.code.scratch(GROUP * pitch);
  packWeights(r, inner, panelOf);
  clearCarries(r, carry, pitch);
  r.eachStep(true, (moment) =>
    r.eachGroup((rows) => {
      const sumsOf = (row: I32, unit: I32) => {
        const line = i32.mul(i32.sub(row, rows.from), i32.constant(pitch));
        return i32.add(i32.add(sums, line), i32.shl(unit, i32.constant(2)));
      };
      r.eachUnits(PANEL, (unit, width) => {
        const panel = f.keep(panelOf(unit));
        r.eachRows(rows, TILE_ROWS, (row, height) =>
          sumThroughGates(r, cell, { moment, row, height, width, panel, sums: sumsOf(row, unit), pitch }),
        );
      });
      r.eachRows(rows, 1, (row) =>
        finishRow(r, cell, moment, row, {
          sums: sumsOf(row, i32.constant(0)),
          carry: carry.map((start) => i32.add(start, i32.mul(row, i32.constant(pitch)))),
        }),
      );
    }),
  );
  return r.code.finish(kernel.name, batch * r.time * hidden * (inner * 0.05 + 10));
}

/** The weights [gates * hidden, hidden] as panels of 8 units. */
function packWeights(r: Recurrence, inner: number, panelOf: (unit: I32) => I32): void {
  const { f, hidden } = r;
  const weights = at(r.code.operands, 1);
  r.eachUnits(PANEL, (unit, width) => {
    const start = f.keep(i32.add(weights, i32.shl(unit, i32.constant(2))));
    packPanel(f, { start, inner: hidden, across: 1, count: i32.constant(inner) }, width, panelOf(unit));
  });
}

function clearCarries(r: Recurrence, carry: readonly I32[], pitch: number): void {
  for (const start of carry)
    r.f.count(r.batch * pitch, 16, (offset) => r.f.push(v128.store(i32.add(start, offset), ZERO)));
}

interface GateTile {
  readonly moment: Moment;
  readonly row: I32;
  readonly height: number;
  readonly width: number;
  readonly panel: I32;
  /** Where the sums of the first row go, and bytes from there to those of the next one. */
  readonly sums: I32;
  readonly pitch: number;
}

/** What comes through the gates of the step done before, for a tile of rows and units, into memory; 0 at the first one. */
function sumThroughGates(r: Recurrence, cell: Cell, tile: GateTile): void {
  const { f, hidden } = r;
  const { moment, row, height, width, panel, pitch } = tile;
  const vectors = Math.ceil(width / 4);
  const totals = tileTotals(f, height, vectors, () => ZERO);
  f.when(moment.started, () => {
    const rows = Array.from({ length: height }, (_, down) => down * r.rowBytes(GATES));
    const add = (field: number, gate: number, gates: number) =>
      addProducts(
        f,
        r.math,
        {
          left: {
            start: r.place(at(r.code.operands, 4), GATES, row, moment.after, field, i32.constant(0)),
            rows,
            step: 4,
          },
          right: {
            start: i32.add(panel, i32.constant(gate * hidden * PANEL * 4)),
            vectors: Array.from({ length: vectors }, (_, vector) => vector * 16),
            step: PANEL * 4,
          },
          count: i32.constant(gates * hidden),
        },
        totals,
      );
    add(0, 0, cell.beforeGap);
    // Behind the gap every weight belongs to the field after the one of its own number.
    if (cell.beforeGap < cell.gates) add(cell.beforeGap + 1, cell.beforeGap, cell.gates - cell.beforeGap);
  });
  const sums = f.keep(tile.sums);
  for (const [down, line] of totals.entries())
    for (const [vector, total] of line.entries())
      f.push(v128.store(sums, total.get, down * pitch + vector * 16));
}

/** One row at one step, from what came through the gates; `sums` and `carry` are where the row's first units are. */
function finishRow(
  r: Recurrence,
  cell: Cell,
  moment: Moment,
  row: I32,
  starts: { readonly sums: I32; readonly carry: readonly I32[] },
): void {
  const { f } = r;
  const { operands } = r.code;
  const sums = f.keep(starts.sums);
  const carry = starts.carry.map((start) => f.keep(start));
  const eachVector = (step: (place: Place) => Step) =>
    r.eachUnits(4, (unit, active) => {
      const bytes = f.keep(i32.shl(unit, i32.constant(2)));
      const carried = (which: number) => i32.add(at(carry, which), bytes);
      const state = r.place(at(operands, 3), cell.states, row, moment.step, cell.states - 1, unit);
      const passed = f32x4.add(r.load(carried(0)), r.load(state));
      const dh = f.keep(f32x4.add(passed, r.load(i32.add(sums, bytes))));
      const carriedCell = () => r.load(carried(1));
      const { gates, carried: values } = step({ r, row, moment, unit, dh, carriedCell });
      // Everything is computed before anything that it is computed from is overwritten.
      const kept = [...gates, ...values].map((value) => f.keep(value));
      const result = f.keep(r.place(at(operands, 4), GATES, row, moment.step, 0, unit));
      for (let gate = 0; gate < GATES; gate++)
        r.store(i32.add(result, i32.constant(gate * r.hidden * 4)), at(kept, gate), active);
      for (let which = 0; which < values.length; which++)
        f.push(v128.store(carried(which), at(kept, GATES + which)));
    });
  f.when(
    r.isInside(at(operands, 2), row, moment.step),
    () => eachVector(cell.inside),
    () => eachVector((place) => ({ gates: [ZERO, ZERO, ZERO, ZERO], carried: cell.outside(place) })),
  );
}
