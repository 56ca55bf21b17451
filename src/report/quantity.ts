/** Amounts for people. */

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** `1.2 MB`, `350 kFLOP`: three digits, decimal prefixes. */
export function quantity(value: number, unit: string): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step++;
  }
  const digits = step === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${PREFIXES[step]}${unit}`;
}

/** `1 epoch`, `2 epochs` */
export function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Milliseconds with about three digits: `0.0123`, `1.23`, `123`. */
export function milliseconds(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : value >= 0.09995 ? 3 : 4;
  return value.toFixed(digits);
}

/** A part of a whole: `12 %`; `<1 %` where rounding would leave nothing. */
export function percent(part: number): string {
  if (!Number.isFinite(part)) return "-";
  const rounded = Math.round(100 * part);
  return rounded === 0 && part > 0 ? "<1 %" : `${rounded} %`;
}
