import { expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import type { DType } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import type { LibraryKernel } from "../../../src/ir/kernel.ts";
import type { Tensor } from "../../../src/ir/op.ts";
import { ops } from "../../../src/ops/index.ts";
import type { Way } from "../../support/dawn.ts";
import { CPU_WAYS, runKernels, softwareDevice } from "../../support/dawn.ts";
import { numbers, worstError } from "../../support/kernel-run.ts";

const device = softwareDevice();

interface Case {
  readonly kernel: LibraryKernel;
  readonly inputs: readonly Tensor[];
  readonly want: Tensor;
}

function floats(shape: readonly number[], seed: number, size = 1): Tensor {
  return { shape, dtype: "f32", data: numbers(elementCount(shape), seed, -size, size) };
}

function whole(
  values: readonly number[],
  dtype: DType = "i32",
  shape: readonly number[] = [values.length],
): Tensor {
  return { shape, dtype, data: Float64Array.from(values) };
}

function libraryCase(
  routine: LibraryKernel["routine"],
  sizes: LibraryKernel["sizes"],
  inputs: readonly Tensor[],
  want: Tensor,
  reverse = false,
): Case {
  const operands = [...inputs, want].map(({ shape, dtype }, position) => ({
    name: `operand${position}`,
    dtype,
    elements: elementCount(shape),
    access: position === inputs.length ? ("write" as const) : ("read" as const),
  }));
  const name = `${routine} ${Object.values(sizes).join(" ")}${reverse ? " reverse" : ""}`;
  return { kernel: { kind: "library", name, routine, operands, sizes, reverse }, inputs, want };
}

async function check(cases: readonly Case[], tolerance: number, schedule: Way): Promise<void> {
  const runs = cases.map(({ kernel, inputs, want }) => ({
    kernel,
    buffers: [...inputs.map((input) => input.data), new Float64Array(want.data.length).fill(7)],
  }));
  for (const way of [schedule, ...CPU_WAYS]) {
    const got = await runKernels(device(), runs, way);
    const errors = cases.map(({ kernel, want }, run) => ({
      way,
      kernel: kernel.name,
      worst: worstError(at(at(got, run), -1), want.data),
    }));
    expect(errors.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
  }
}

function evaluate(
  op: "lstm" | "lstm_backward" | "gru" | "gru_backward",
  inputs: readonly Tensor[],
  reverse: boolean,
): Tensor {
  const type = ops[op].type(inputs, { reverse });
  return ops[op].evaluate(inputs, { reverse }, type);
}

/** Forward and backward of one recurrence, with rows of every length from 0 to T. */
function recurrences(op: "lstm" | "gru", time: number, hidden: number, reverse: boolean): Case[] {
  const gates = op === "lstm" ? 4 : 3;
  const batch = 5;
  const sizes = { batch, time, hidden };
  const lengths = whole([time, 0, 1, time - 1, Math.floor(time / 2)]);
  const x = floats([batch, time, gates * hidden], 1, 2);
  const w = floats([gates * hidden, hidden], 2, 0.7);
  const forwardInputs = op === "lstm" ? [x, w, lengths] : [x, w, floats([hidden], 3), lengths];
  const forward = evaluate(op, forwardInputs, reverse);
  const packed = { ...forward, data: forward.data.map(Math.fround) };
  const cotangent = floats([batch, time, (op === "lstm" ? 2 : 1) * hidden], 4);
  const backwardInputs = [packed, w, lengths, cotangent];
  const backward = evaluate(`${op}_backward`, backwardInputs, reverse);
  return [
    libraryCase(op, sizes, forwardInputs, forward, reverse),
    libraryCase(`${op}_backward`, sizes, backwardInputs, backward, reverse),
  ];
}

test("LSTM and GRU with one invocation per row, both ways, ragged, with widths that divide by 4 and others", async () => {
  const cases = (["lstm", "gru"] as const).flatMap((op) => [
    ...recurrences(op, 6, 8, false),
    ...recurrences(op, 4, 8, true),
    ...recurrences(op, 3, 5, false),
    ...recurrences(op, 1, 4, false),
  ]);
  await check(cases, 3e-6, "software");
});

test("LSTM and GRU with one workgroup per row", async () => {
  const cases = (["lstm", "gru"] as const).flatMap((op) => [
    ...recurrences(op, 5, 12, true),
    ...recurrences(op, 3, 5, false),
  ]);
  await check(cases, 3e-6, "discrete");
});

function sparsemaxCase(columns: number): Case {
  const rows = 9;
  const scores = floats([rows, columns], columns, 3).data;
  const mask = numbers(rows * columns, 5, 0, 2, "bool");
  // a row of ties, a row without any entry, a row with one, a spiked row, a row far from 0
  scores.fill(0.25, 0, columns);
  mask
    .fill(1, 0, columns)
    .fill(0, columns, 2 * columns)
    .fill(0, 2 * columns, 3 * columns)
    .fill(1, 3 * columns, 6 * columns);
  mask[2 * columns] = 1;
  scores[3 * columns] = 50;
  for (let column = 0; column < columns; column++) scores[4 * columns + column] = 1000 + (column % 3) * 0.25;
  const inputs: Tensor[] = [
    { shape: [rows, columns], dtype: "f32", data: scores },
    { shape: [rows, columns], dtype: "bool", data: mask },
  ];
  const want = ops.sparsemax.evaluate(inputs, {}, ops.sparsemax.type(inputs, {}));
  return libraryCase("sparsemax", { rows, columns }, inputs, want);
}

test("sparsemax with ties, masks, empty rows and long rows", async () => {
  await check([1, 2, 7, 50].map(sparsemaxCase), 1e-6, "software");
  // Sums of many numbers differ in their last bits from float64.
  await check([sparsemaxCase(1000)], 1e-5, "software");
  await check([sparsemaxCase(50), sparsemaxCase(300)], 3e-6, "discrete");
});

function argsortCase(columns: number): Case {
  const rows = 6;
  // Few different numbers, so that most have equals; a row of nothing else, one without any entry, one in order and one against it.
  const x = numbers(rows * columns, columns, -4, 4).map((value) => Math.round(value) / 2);
  const mask = numbers(rows * columns, 5, 0, 2, "bool");
  x.fill(0.25, 0, columns);
  mask
    .fill(1, 0, columns)
    .fill(0, columns, 2 * columns)
    .fill(1, 2 * columns, 5 * columns);
  for (let column = 0; column < columns; column++) {
    x[2 * columns + column] = column;
    x[3 * columns + column] = -column;
  }
  const inputs: Tensor[] = [
    { shape: [rows, columns], dtype: "f32", data: x },
    { shape: [rows, columns], dtype: "bool", data: mask },
  ];
  const want = ops.argsort.evaluate(inputs, {}, ops.argsort.type(inputs, {}));
  return libraryCase("argsort", { rows, columns }, inputs, want);
}

test("argsort with ties, masks and rows of any length", async () => {
  await check([1, 2, 3, 7, 50, 1000].map(argsortCase), 0, "software");
  await check([1, 2, 5, 33, 64, 300, 1500].map(argsortCase), 0, "discrete");
});

/** Matrices of the order, positive definite with eigenvalues from 1 on, and the factors of their factors. */
function triangularCases(matrices: number, order: number): Case[] {
  const shape = [matrices, order, order];
  const sizes = { matrices, order };
  const root = floats(shape, order);
  const data = new Float64Array(root.data.length);
  for (let place = 0; place < data.length; place++) {
    const [row, column] = [Math.floor(place / order), place % order];
    const other = Math.floor(row / order) * order + column;
    let sum = row % order === column ? 1 : 0;
    for (let k = 0; k < order; k++)
      sum += (at(root.data, row * order + k) * at(root.data, other * order + k)) / order;
    data[place] = Math.fround(sum);
  }
  const x: Tensor = { shape, dtype: "f32", data };
  const factor = ops.cholesky.evaluate([x], {}, ops.cholesky.type([x], {}));
  const rounded = { ...factor, data: factor.data.map(Math.fround) };
  const inverse = ops.triangular_inverse.evaluate([rounded], {}, ops.triangular_inverse.type([rounded], {}));
  return [
    libraryCase("cholesky", sizes, [x], factor),
    libraryCase("triangular_inverse", sizes, [rounded], inverse),
  ];
}

test("factors and inverses of small matrices", async () => {
  for (const kind of ["software", "discrete"] as const)
    await check(
      [
        ...triangularCases(1, 1),
        ...triangularCases(5, 4),
        ...triangularCases(3, 33),
        ...triangularCases(1, 128),
      ],
      5e-6,
      kind,
    );
});

function tableCases(rows: number, ids: readonly number[], width: number): Case[] {
  const list = whole(ids);
  const found = ops.occurrences.evaluate([list], { rows }, ops.occurrences.type([list], { rows }));
  const updates = floats([ids.length, width], 8);
  const inputs = [found, updates];
  const sums = ops.scatter_add.evaluate(inputs, { rows }, ops.scatter_add.type(inputs, { rows }));
  const sizes = { rows, positions: ids.length };
  return [
    libraryCase("occurrences", sizes, [list], found),
    libraryCase("scatter_add", { ...sizes, width }, inputs, sums),
  ];
}

test("occurrences and scatter_add with duplicates and rows that nobody names", async () => {
  const many = [...numbers(300, 9, 0, 40, "i32")];
  for (const kind of ["software", "discrete"] as const) {
    const cases = [
      ...tableCases(7, [3, 3, 0, 6, 3, 0], 8),
      ...tableCases(1, [0, 0, 0], 3),
      ...tableCases(50, many, 5),
      ...tableCases(40, [39], 4),
    ];
    await check(cases, 1e-6, kind);
  }
});
