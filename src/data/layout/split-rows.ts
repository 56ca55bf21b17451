/** A table with a column `split` is one part per split. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { splitNamed } from "../import/manifest.ts";
import { DataProblems } from "../problem.ts";
import { columnTexts, type Part, selectRows } from "./columns.ts";

/** The rows of each split, in order; the part itself if it has no column `split`. Unknown names are UserErrors. */
export function splitRows(part: Part, placeOf: (row: number) => FilePlace): Part[] {
  const column = part.columns.get("split");
  if (column === undefined) return [part];
  const problems = new DataProblems();
  const rows = new Map<string, number[]>();
  columnTexts(column).forEach((cell, row) => {
    const split = cell.trim() === "unlabelled" ? "unlabelled" : splitNamed(cell);
    if (split === null) {
      const place = placeOf(row);
      problems.add(
        "data-split",
        { file: place.file, within: [...(place.within ?? []), 'column "split"'] },
        `The split is \`${cell.slice(0, 40)}\`; it must be \`train\`, \`valid\` or \`test\`.`,
      );
      return;
    }
    const known = rows.get(split);
    if (known === undefined) rows.set(split, [row]);
    else known.push(row);
  });
  problems.throwIfAny();
  return [...rows].map(([split, members]) => ({
    split,
    place: part.place,
    columns: new Map(
      [...part.columns]
        .filter(([name]) => name !== "split")
        .map(([name, all]) => [name, selectRows(all, members)]),
    ),
  }));
}
