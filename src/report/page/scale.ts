/** Axes of charts: round ticks over a range of numbers, and places along an axis. */

export interface Scale {
  readonly ticks: readonly number[];
  /** Numbers of decimals that tell the ticks apart. */
  readonly digits: number;
  /** From a value to a place between `from` and `to`. */
  readonly place: (value: number) => number;
}

/** A scale over the range of the finite values, with about `count` ticks at multiples of 1, 2 or 5 times a power of ten. */
export function scaleOf(
  values: readonly number[],
  from: number,
  to: number,
  { count = 5, whole = false }: { readonly count?: number; readonly whole?: boolean } = {},
): Scale {
  const finite = values.filter((value) => Number.isFinite(value));
  const least = finite.length === 0 ? 0 : Math.min(...finite);
  const most = finite.length === 0 ? 1 : Math.max(...finite);
  // A constant still needs a range to lie in.
  const pad = most > least ? 0 : Math.abs(most) * 0.1 || 1;
  const [low, high] = [least - pad, most + pad];
  const step = roundStep((high - low) / count, whole);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { ticks, digits, place: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

function roundStep(rough: number, whole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999) ?? rough;
  return whole ? Math.max(1, Math.round(step)) : step;
}
