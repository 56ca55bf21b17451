/** The iteration domain of a reduction in canonical form: runs of kept and of reduced axes, so that equal loops are found equal whatever the shapes. */
import { at } from "../base/invariant.ts";
import type { AccessMap, Digit } from "./digits.ts";
import { accessMap } from "./digits.ts";

export interface DomainAxis {
  readonly extent: number;
  readonly reduced: boolean;
}

/** Axes outermost first, neighbours alternate between kept and reduced. */
export interface Domain {
  readonly axes: readonly DomainAxis[];
  readonly points: number;
  /** Points of the kept axes. */
  readonly rows: number;
  /** How a value with one element per row is read at every point. */
  readonly rowMap: AccessMap;
  readonly key: string;
}

/** The domain of a reduction of `shape` over `reduced` axes. */
export function reductionDomain(shape: readonly number[], reduced: readonly number[]): Domain {
  const axes: DomainAxis[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const isReduced = reduced.includes(axis);
    const last = axes.at(-1);
    if (last?.reduced === isReduced)
      axes[axes.length - 1] = { extent: last.extent * extent, reduced: isReduced };
    else axes.push({ extent, reduced: isReduced });
  }
  const digits: Digit[] = [];
  let [points, rows] = [1, 1];
  for (let position = axes.length - 1; position >= 0; position--) {
    const { extent, reduced: isReduced } = at(axes, position);
    if (!isReduced) {
      digits.push({ from: points, extent, to: rows });
      rows *= extent;
    }
    points *= extent;
  }
  const key = axes.map(({ extent, reduced: isReduced }) => `${isReduced ? "r" : "p"}${extent}`).join(" ");
  return { axes, points, rows, rowMap: accessMap(0, digits), key };
}
