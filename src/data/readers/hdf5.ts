/** Datasets of HDF5 files as rows of a field. */
import { dataError } from "../problem.ts";
import { allNumbers } from "./array.ts";
import { Hdf5File } from "./hdf5-file.ts";
import type { RowSource } from "./table.ts";

interface NumberArray {
  readonly file: string;
  readonly dataset: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A numeric dataset as doubles. `dataset` may be null if the file holds exactly one. Problems are UserErrors. */
export async function readHdf5(file: string, dataset: string | null): Promise<NumberArray> {
  return Hdf5File.use(file, (opened) => {
    const name = dataset ?? opened.onlyDataset();
    const array = opened.read(name);
    const place = { file, within: [`dataset "${name}"`] };
    if (array.shape.length === 0 || array.shape.includes(0))
      throw dataError("data-empty", place, `The dataset has the shape [${array.shape.join(", ")}].`);
    if (array.isText) throw dataError("data-format", place, "The dataset must hold numbers; it holds texts.");
    return { file, dataset: name, shape: array.shape, data: allNumbers(array) };
  });
}

/**
 * An array's rows: [rows], [rows, width] or [rows, steps, width] (with `stepwise` a matrix is [rows, steps]).
 * Rows are views of the array.
 */
export function arrayRows(array: NumberArray, stepwise: boolean): RowSource {
  const [rows = 0, second = 1, third = 1] = array.shape;
  const flat = array.shape.length === 2 && !stepwise;
  const size = second * third;
  return {
    file: array.file,
    rows,
    steps: flat ? 1 : second,
    width: flat ? second : third,
    place: (row) => ({ file: array.file, within: [`dataset "${array.dataset}"`, `row ${row}`] }),
    text: (row) => String(array.data[row * size] ?? ""),
    numbers: (row) => array.data.subarray(row * size, (row + 1) * size),
  };
}
