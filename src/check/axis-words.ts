/** Words for axes that do not fit: which ones, what the sizes are, and where they come from. */
import { at } from "../base/invariant.ts";
import type { Label } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Dim } from "../types/dim.ts";
import { dimSymbols } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { formatAxis, isUnitAxis, sameAxis } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";

export interface AxisWords {
  readonly label: string;
  readonly text: string;
  readonly related: readonly Label[];
  readonly hint: string | undefined;
}

/** Why the axes of two operands do not meet. */
export function explainAxes(checker: Checker, a: TensorType, b: TensorType): AxisWords {
  const [left, right] = meetingPair(a.axes, b.axes);
  if (left === null || right === null)
    return {
      label: "same axes, other order",
      text: "Axes pair up by name only where they stand in the same order.",
      related: [],
      hint: undefined,
    };
  const names = [right, left].map((axis) => formatAxis(axis).replace("~", ""));
  const [own = "", other = ""] = names;
  const same = own === other;
  return {
    label: same ? `another \`${own}\`` : `\`${own}\` meets \`${other}\``,
    text: same
      ? `Both say \`${own}\`, but these are two sizes that need not agree.`
      : "Either all axes agree from the right, or the axes of one are among those of the other.",
    related: [left, right].flatMap((axis) => (axis.kind === "axis" ? sizeOrigins(checker, axis.dim) : [])),
    hint: undefined,
  };
}

/** The first axes from the right that differ, or an axis of the shorter side that the longer one lacks. */
function meetingPair(
  a: readonly AxisType[],
  b: readonly AxisType[],
): readonly [AxisType | null, AxisType | null] {
  const missing = (axes: readonly AxisType[], others: readonly AxisType[]) =>
    axes.filter((axis) => !isUnitAxis(axis) && !others.some((other) => sameAxis(axis, other)));
  for (let place = 1; place <= Math.min(a.length, b.length); place++) {
    const [left, right] = [at(a, -place), at(b, -place)];
    if (sameAxis(left, right) || isUnitAxis(left) || isUnitAxis(right)) continue;
    if (missing([left], b).length + missing([right], a).length > 0) return [left, right];
  }
  return [missing(a, b)[0] ?? null, missing(b, a)[0] ?? null];
}

/** Where the names in a size were introduced, with the default of settings. */
export function sizeOrigins(checker: Checker, dim: Dim): Label[] {
  return dimSymbols(dim).flatMap(({ id, name, span }) => {
    if (span === null) return [];
    const value = checker.defaults.get(id);
    return [
      {
        span,
        text: `\`${name}\` comes from here${value === undefined ? "" : `: ${value} unless set otherwise`}`,
      },
    ];
  });
}

/** Labels without those that lie in a piece that is already marked. */
export function apartFrom(labels: readonly Label[], marked: readonly Span[]): Label[] {
  return labels.filter(
    ({ span }) =>
      !marked.some(
        (other) => other.source === span.source && other.start <= span.start && span.end <= other.end,
      ),
  );
}
