/** Words for axes that do not fit: which ones, what the sizes are, and where they come from. */
import type { Label } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Dim } from "../types/dim.ts";
import { dimSymbols, formatDim } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { formatAxis, isUnitAxis, sameAxis } from "../types/tensor-type.ts";

export interface AxisWords {
  readonly label: string;
  readonly text: string;
  readonly related: readonly Label[];
  readonly hint: string | undefined;
}

/** Why the axes of two operands do not meet. */
export function explainAxes(a: TensorType, b: TensorType): AxisWords {
  const onlyB = missingFrom(b.axes, a.axes);
  const onlyA = missingFrom(a.axes, b.axes);
  const [odd] = onlyB;
  const [other] = onlyA;
  if (odd === undefined || other === undefined)
    return {
      label: "same axes, other order",
      text: "Axes pair up by name only where they stand in the same order.",
      related: [],
      hint: undefined,
    };
  const rest = odd.kind === "rest" ? other : odd;
  const related = [...origins(odd), ...origins(other)];
  const sameName = formatAxis(odd).replace("~", "") === formatAxis(other).replace("~", "");
  return {
    label: sameName
      ? `another \`${formatAxis(odd)}\``
      : `\`${formatAxis(odd)}\` meets \`${formatAxis(other)}\``,
    text: sameName
      ? `Both say \`${formatAxis(odd)}\`, but these are two sizes that need not agree.`
      : "Either all axes agree from the right, or the axes of one are among those of the other.",
    related,
    hint:
      onlyA.length === 1 && onlyB.length === 1 && a.axes.length === b.axes.length
        ? undefined
        : rest.kind === "axis" && !sameName
          ? `For all combinations, repeat one side along the axis that it lacks: \`expand(x, [${formatDim(rest.dim)}])\`.`
          : undefined,
  };
}

function missingFrom(axes: readonly AxisType[], others: readonly AxisType[]): AxisType[] {
  return axes.filter((axis) => !isUnitAxis(axis) && !others.some((other) => sameAxis(axis, other)));
}

function origins(axis: AxisType): Label[] {
  return axis.kind === "axis" ? sizeOrigins(axis.dim) : [];
}

/** Where the names in a size were introduced. */
export function sizeOrigins(dim: Dim): Label[] {
  return dimSymbols(dim).flatMap(({ name, span }) =>
    span === null ? [] : [{ span, text: `\`${name}\` comes from here` }],
  );
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
