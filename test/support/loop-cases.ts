/** Loop kernels for tests of every target. */
import type { Expression, LoopKernel, Phase, Store } from "../../src/ir/kernel.ts";
import { axes, Expressions, index, read, rowMajor, write } from "./kernel-build.ts";
import type { KernelRun } from "./kernel-run.ts";
import { fill, numbers } from "./kernel-run.ts";

export function loop(
  name: string,
  parts: Pick<LoopKernel, "operands" | "phases"> & {
    parallel?: readonly number[];
    reduce?: readonly number[];
    expressions: readonly Expression[];
  },
): KernelRun {
  const parallel = axes(parts.parallel ?? []);
  const reduce = axes(parts.reduce ?? []);
  const kernel: LoopKernel = {
    kind: "loop",
    name,
    operands: parts.operands,
    parallel,
    reduce,
    expressions: parts.expressions,
    phases: parts.phases,
  };
  return { kernel, buffers: fill(kernel) };
}

export function rowPhase(...stores: readonly Store[]): Phase {
  return { kind: "row", stores };
}

/** out = a * b + c with c broadcast along the first axis and b transposed. */
export function mixedMap(rows: number, columns: number): KernelRun {
  const e = new Expressions();
  const a = e.load(0, index([columns, 1]));
  const b = e.load(1, index([1, rows]));
  const c = e.load(2, index([0, 1]));
  const value = e.binary("add", e.binary("multiply", a, b), c);
  return loop(`mixed ${rows}x${columns}`, {
    operands: [
      read("a", rows * columns),
      read("b", rows * columns),
      read("c", columns),
      write("out", rows * columns),
    ],
    parallel: [rows, columns],
    expressions: e.list,
    phases: [rowPhase({ operand: 3, index: index([columns, 1]), value })],
  });
}

/** A plain product: all axes collapse into one. */
export function plainMap(shape: readonly number[]): KernelRun {
  const e = new Expressions();
  const place = index(rowMajor(shape));
  const count = shape.reduce((product, extent) => product * extent, 1);
  const value = e.binary("multiply", e.load(0, place), e.load(1, place));
  return loop(`plain ${shape.join("x")}`, {
    operands: [read("a", count), read("b", count), write("out", count)],
    parallel: shape,
    expressions: e.list,
    phases: [rowPhase({ operand: 2, index: place, value })],
  });
}

/** Zeros around: a guarded load at an index that runs out of the operand. */
export function padded(columns: number, before: number, after: number): KernelRun {
  const e = new Expressions();
  const width = columns + before + after;
  const inside = e.binary(
    "and",
    e.binary("less_equal", e.constant(before, "i32"), e.axis(1), "bool"),
    e.binary("less", e.axis(1), e.constant(before + columns, "i32"), "bool"),
    "bool",
  );
  const value = e.load(0, index([columns, 1], -before), "f32", inside);
  return loop(`pad ${before}+${columns}+${after}`, {
    operands: [read("a", 3 * columns), write("out", 3 * width)],
    parallel: [3, width],
    expressions: e.list,
    phases: [rowPhase({ operand: 1, index: index([width, 1]), value })],
  });
}

/** Rows of a table by id, and a bool result. */
export function gathered(width: number): KernelRun {
  const e = new Expressions();
  const id = e.load(1, index([1]), "i32");
  const value = e.load(0, index([0, 1], 0, [{ value: id, stride: width }]));
  const positive = e.binary("less", e.constant(0), value, "bool");
  const chosen = e.add({
    op: "select",
    dtype: "f32",
    condition: positive,
    whenTrue: value,
    whenFalse: e.constant(-2),
  });
  const run = loop(`gather ${width}`, {
    operands: [
      read("table", 5 * width),
      read("ids", 6, "i32"),
      write("out", 6 * width),
      write("positive", 6 * width, "bool"),
    ],
    parallel: [6, width],
    expressions: e.list,
    phases: [
      rowPhase(
        { operand: 2, index: index([width, 1]), value: chosen },
        { operand: 3, index: index([width, 1]), value: positive },
      ),
    ],
  });
  run.buffers[1]?.set([4, 0, 3, 3, 1, 2]);
  return run;
}

/** Every second column, written in reverse order of rows, in place on an operand that is also read. */
export function strided(): KernelRun {
  const e = new Expressions();
  const value = e.binary("add", e.load(0, index([20, 2], 1)), e.load(1, index([-8, 1], 32)));
  const kernel: LoopKernel = {
    kind: "loop",
    name: "strided",
    operands: [read("a", 100), { name: "out", dtype: "f32", elements: 40, access: "update" }],
    parallel: axes([5, 8]),
    reduce: [],
    expressions: e.list,
    phases: [rowPhase({ operand: 1, index: index([-8, 1], 32), value })],
  };
  return { kernel, buffers: fill(kernel) };
}

/** A square matrix plus its transpose: one operand read in whole vectors and element by element. */
export function symmetric(size: number): KernelRun {
  const e = new Expressions();
  const value = e.binary("add", e.load(0, index([size, 1])), e.load(0, index([1, size])));
  return loop(`symmetric ${size}`, {
    operands: [read("a", size * size), write("out", size * size), write("halves", size * size)],
    parallel: [size, size],
    expressions: e.list,
    phases: [
      rowPhase(
        { operand: 1, index: index([size, 1]), value },
        { operand: 2, index: index([size, 1]), value: 0 },
      ),
    ],
  });
}

/** The position itself as a number, and a constant where no lane differs. */
export function positions(shape: readonly number[]): KernelRun {
  const e = new Expressions();
  const place = index(rowMajor(shape));
  const count = shape.reduce((product, extent) => product * extent, 1);
  const sum = shape
    .map((_, axis) => e.axis(axis))
    .reduce((left, right) =>
      e.binary("add", e.binary("multiply", left, e.constant(10, "i32"), "i32"), right, "i32"),
    );
  const value = e.add({ op: "cast", dtype: "f32", value: sum });
  return loop(`positions ${shape.join("x")}`, {
    operands: [write("out", count), write("ones", count)],
    parallel: shape,
    expressions: [...e.list, { op: "constant", dtype: "f32", value: 0.1 }],
    phases: [
      rowPhase({ operand: 0, index: place, value }, { operand: 1, index: place, value: e.list.length }),
    ],
  });
}

/** Softmax of every row: maximum, sum, quotient, with an expression that is computed anew in each phase. */
export function softmax(rows: number, columns: number): KernelRun {
  const e = new Expressions();
  const scale = e.load(1, index([1]));
  const x = e.binary("multiply", e.load(0, index([columns, 1])), scale);
  const largest = e.reduction(0, 0);
  const power = e.unary("exp", e.binary("subtract", x, largest));
  const quotient = e.binary("divide", power, e.reduction(1, 0));
  const logarithm = e.binary("add", largest, e.unary("log", e.reduction(1, 0)));
  return loop(`softmax ${rows}x${columns}`, {
    operands: [
      read("x", rows * columns),
      read("scale", rows),
      write("out", rows * columns),
      write("logsumexp", rows),
    ],
    parallel: [rows],
    reduce: [columns],
    expressions: e.list,
    phases: [
      { kind: "reduce", reductions: [{ reducer: "max", value: x }] },
      { kind: "reduce", reductions: [{ reducer: "sum", value: power }] },
      { kind: "points", stores: [{ operand: 2, index: index([columns, 1]), value: quotient }] },
      rowPhase({ operand: 3, index: index([1]), value: logarithm }),
    ],
  });
}

/** Mean and mean square over axes that do not lie together, the count being a sum as well; `[a, b, c]` reduced over a and c. */
export function outerSums(a: number, b: number, c: number): KernelRun {
  const e = new Expressions();
  const x = e.load(0, index([c, b * c, 1]));
  const square = e.binary("multiply", x, x);
  const count = e.constant(1);
  const sums = [x, square, count].map((value) => ({ reducer: "sum" as const, value }));
  const mean = e.binary("divide", e.reduction(0, 0), e.reduction(0, 2));
  const meanSquare = e.binary("divide", e.reduction(0, 1), e.reduction(0, 2));
  return loop(`sums ${a}x${b}x${c}`, {
    operands: [read("x", a * b * c), write("mean", b), write("square", b)],
    parallel: [b],
    reduce: [a, c],
    expressions: e.list,
    phases: [
      { kind: "reduce", reductions: sums },
      rowPhase(
        { operand: 1, index: index([1]), value: mean },
        { operand: 2, index: index([1]), value: meanSquare },
      ),
    ],
  });
}

/** Column sums of a matrix, and (with one column) the sum of everything. */
export function columnSums(rows: number, columns: number): KernelRun {
  const e = new Expressions();
  const x = e.load(0, index([1, columns]));
  const total = e.reduction(0, 0);
  return loop(`columns ${rows}x${columns}`, {
    operands: [read("x", rows * columns), write("total", columns)],
    parallel: columns === 1 ? [] : [columns],
    reduce: [rows],
    expressions: e.list.map((expression) =>
      columns === 1 && expression.op === "load" ? { ...expression, index: index([1]) } : expression,
    ),
    phases: [
      { kind: "reduce", reductions: [{ reducer: "sum", value: x }] },
      rowPhase({ operand: 1, index: columns === 1 ? index([]) : index([1]), value: total }),
    ],
  });
}

export function columnMaxima(): KernelRun {
  const e = new Expressions();
  const x = e.load(0, index([4, 1]));
  const run = loop("maxima", {
    operands: [read("x", 12), write("largest", 3)],
    parallel: [3],
    reduce: [4],
    expressions: [...e.list, { op: "reduction", dtype: "f32", phase: 0, position: 0 }],
    phases: [
      { kind: "reduce", reductions: [{ reducer: "max", value: x }] },
      rowPhase({ operand: 1, index: index([1]), value: 1 }),
    ],
  });
  run.buffers[0]?.set(numbers(12, 3));
  return run;
}
