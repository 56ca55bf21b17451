/** Library kernels in float64, by way of the primitives of the same names. */
import { at, invariant } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { Tensor } from "../../ir/op.ts";
import { ops } from "../../ops/index.ts";

/** Runs a library kernel; the last operand is its result. */
export function runRoutine(
  kernel: LibraryKernel,
  operands: readonly Float64Array[],
  round: (value: number) => number,
): void {
  const inputs = shapesOf(kernel).map(
    (shape, index): Tensor => ({ shape, dtype: at(kernel.operands, index).dtype, data: at(operands, index) }),
  );
  const result = evaluate(kernel, inputs);
  const target = at(operands, -1);
  invariant(
    target.length === result.data.length,
    `kernel ${kernel.name} has a result of ${target.length} elements, not ${result.data.length}`,
  );
  for (const [index, value] of result.data.entries())
    target[index] = result.dtype === "f32" ? round(value) : value;
}

function evaluate(kernel: LibraryKernel, inputs: readonly Tensor[]): Tensor {
  const { routine, reverse } = kernel;
  switch (routine) {
    case "lstm":
    case "gru":
    case "lstm_backward":
    case "gru_backward":
      return ops[routine].evaluate(inputs, { reverse }, ops[routine].type(inputs, { reverse }));
    case "sparsemax":
    case "argsort":
    case "cholesky":
    case "triangular_inverse":
      return ops[routine].evaluate(inputs, {}, ops[routine].type(inputs, {}));
    case "occurrences":
    case "scatter_add": {
      const rows = size(kernel, "rows");
      return ops[routine].evaluate(inputs, { rows }, ops[routine].type(inputs, { rows }));
    }
  }
}

function size(kernel: LibraryKernel, name: string): number {
  const value = kernel.sizes[name];
  invariant(value !== undefined, `kernel ${kernel.name} (${kernel.routine}) lacks the size ${name}`);
  return value;
}

/** Shapes of the operands without the result. */
function shapesOf(kernel: LibraryKernel): readonly (readonly number[])[] {
  const of = (name: string) => size(kernel, name);
  switch (kernel.routine) {
    case "lstm": {
      const [batch, time, hidden] = [of("batch"), of("time"), of("hidden")];
      return [[batch, time, 4 * hidden], [4 * hidden, hidden], [batch]];
    }
    case "lstm_backward": {
      const [batch, time, hidden] = [of("batch"), of("time"), of("hidden")];
      return [[batch, time, 6 * hidden], [4 * hidden, hidden], [batch], [batch, time, 2 * hidden]];
    }
    case "gru": {
      const [batch, time, hidden] = [of("batch"), of("time"), of("hidden")];
      return [[batch, time, 3 * hidden], [3 * hidden, hidden], [hidden], [batch]];
    }
    case "gru_backward": {
      const [batch, time, hidden] = [of("batch"), of("time"), of("hidden")];
      return [[batch, time, 5 * hidden], [3 * hidden, hidden], [batch], [batch, time, hidden]];
    }
    case "sparsemax":
    case "argsort":
      return [
        [of("rows"), of("columns")],
        [of("rows"), of("columns")],
      ];
    case "cholesky":
    case "triangular_inverse":
      return [[of("matrices"), of("order"), of("order")]];
    case "occurrences":
      return [[of("positions")]];
    case "scatter_add":
      return [[of("rows") + of("positions")], [of("positions"), of("width")]];
  }
}
