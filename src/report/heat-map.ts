/** A matrix as text: a shade and a number per cell. */
import { at } from "../base/invariant.ts";
import { alignColumns } from "./tables.ts";

/** From nothing to all, in equal steps. */
const SHADES = ["·", "░", "▒", "▓", "█"] as const;
/** Characters of shade before a number. */
const WIDTH = 3;

export interface HeatMap {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]`; null cells stay empty, NaN cells are `undefined`. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Rows of cells like `▓▓▓ 0.71`; values are shaded from 0 to 1. */
export function heatMapText({ rows, columns, values }: HeatMap): string {
  return alignColumns([
    ["", ...columns],
    ...rows.map((name, row) => [name, ...at(values, row).map(cellText)]),
  ]);
}

function cellText(value: number | null): string {
  if (value === null) return "";
  if (Number.isNaN(value)) return "undefined";
  return `${shadeOf(value).repeat(WIDTH)} ${value.toFixed(2).padStart(5)}`;
}

function shadeOf(value: number): string {
  const step = Math.floor(Math.max(0, value) * SHADES.length);
  return at(SHADES, Math.min(SHADES.length - 1, step));
}
