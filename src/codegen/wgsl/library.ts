/** Fills the templates of the hand-written routines in `kernels/` with sizes, and picks how invocations share their work. */
import { invariant } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader } from "../target.ts";
import type { KernelBody } from "./body.ts";
import { fillPlaceholders, keepConditions } from "./prelude.ts";
import { foldGrid } from "./schedule.ts";
import { entryPoint } from "./text.ts";

/** Invocations in a workgroup where rows are not shared: few, so that small batches still reach every core. */
const SMALL_GROUP = 4;

interface Fill {
  readonly workgroupSize: number;
  readonly values: Readonly<Record<string, string | number>>;
  readonly conditions: Readonly<Record<string, boolean>>;
  readonly groups: number;
  readonly vectorOperands: ReadonlySet<number>;
}

/** A library kernel: one dispatch, whatever the length of its loops. */
export function emitLibrary(
  kernel: LibraryKernel,
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): KernelBody {
  const fill = fillFor(kernel, descriptor);
  const { workgroupSize, vectorOperands } = fill;
  const workgroups = foldGrid(fill.groups, descriptor);
  const template = keepConditions(loadKernelSource(`${kernel.routine}.wgsl`), fill.conditions);
  const values = {
    ...fill.values,
    ENTRY: entryPoint(workgroupSize),
    SIZE: workgroupSize,
    GRID_X: workgroups[0],
  };
  const code = fillPlaceholders(fillPlaceholders(template, values), values);
  return { code, workgroupSize, workgroups, vectorOperands };
}

function fillFor(kernel: LibraryKernel, descriptor: TargetDescriptor): Fill {
  switch (kernel.routine) {
    case "lstm":
      return recurrence(kernel, descriptor, { result: 3, fields: 6, gates: 4, vectors: [0, 1, 3] });
    case "gru":
      return recurrence(kernel, descriptor, { result: 4, fields: 5, gates: 3, vectors: [0, 1, 2, 4] });
    case "lstm_backward":
      return backward(kernel, descriptor, 4);
    case "gru_backward":
      return backward(kernel, descriptor, 3);
    case "sparsemax":
    case "argsort":
      return byRows(kernel, descriptor);
    case "cholesky":
      return cholesky(kernel, descriptor);
    case "triangular_inverse":
      return triangularInverse(kernel);
    case "occurrences":
      return occurrences(kernel, descriptor);
    case "scatter_add":
      return scatterAdd(kernel);
  }
}

function size(kernel: LibraryKernel, name: string): number {
  const value = kernel.sizes[name];
  invariant(value !== undefined, `kernel ${kernel.name} (${kernel.routine}) lacks the size ${name}`);
  return value;
}

/** How the rows of a recurrence are laid over invocations: sizes batch, time, hidden. */
function recurrentLayout(kernel: LibraryKernel, descriptor: TargetDescriptor) {
  const [batch, time, hidden] = [size(kernel, "batch"), size(kernel, "time"), size(kernel, "hidden")];
  const shared = descriptor.rowStrategy === "workgroup";
  // Without sharing, four units at once make up for the missing invocations.
  const wide = !shared && hidden % 4 === 0;
  const width = wide ? 4 : 1;
  const sharers = shared ? Math.min(hidden, descriptor.maxInvocations) : 1;
  const rows = shared ? 1 : SMALL_GROUP;
  const last = time - 1;
  const values = {
    BATCH: batch,
    TIME: time,
    HIDDEN: hidden,
    WIDTH: width,
    UNITS: hidden / width,
    SHARERS: sharers,
    VALUE: wide ? "vec4<f32>" : "f32",
    V: wide ? "4" : "",
    STEP: kernel.reverse ? `${last} - turn` : "turn",
    BEFORE: kernel.reverse ? "(step + 1)" : "(step - 1)",
    AFTER: kernel.reverse ? "(step - 1)" : "(step + 1)",
  };
  const workgroupSize = rows * sharers;
  const groups = Math.ceil(batch / rows);
  return { hidden, shared, wide, workgroupSize, values, conditions: { shared }, groups };
}

interface RecurrenceOperands {
  readonly result: number;
  /** Fields of the packed result; the last one is h. */
  readonly fields: number;
  readonly gates: number;
  /** Operands of f32, read as vec4 where four units go together. */
  readonly vectors: readonly number[];
}

function recurrence(kernel: LibraryKernel, descriptor: TargetDescriptor, operands: RecurrenceOperands): Fill {
  const layout = recurrentLayout(kernel, descriptor);
  const { hidden, shared, wide } = layout;
  const innerWide = hidden % 4 === 0;
  const units = wide ? hidden / 4 : hidden;
  const innerUnits = innerWide ? hidden / 4 : hidden;
  const weight = (row: string) => `operand1[(${row}) * ${innerUnits} + k]`;
  const rowOf = `gate * ${hidden} + unit${wide ? " * 4" : ""}`;
  const lanes = [0, 1, 2, 3].map((lane) => `dot(${weight(`${rowOf} + ${lane}`)}, past)`).join(", ");
  const product = wide
    ? `vec4<f32>(${lanes})`
    : innerWide
      ? `dot(${weight(rowOf)}, past)`
      : `${weight(rowOf)} * past`;
  const inner = innerWide ? "vec4<f32>" : "f32";
  const own = `operand${operands.result}[(before * ${operands.fields} + ${operands.fields - 1}) * ${units} + k]`;
  const past = !shared
    ? own
    : innerWide
      ? `vec4<f32>(${[0, 1, 2, 3].map((lane) => `past_state[k * 4 + ${lane}]`).join(", ")})`
      : "past_state[k]";
  return {
    ...layout,
    values: {
      ...layout.values,
      INNER_UNITS: innerUnits,
      INNER_WIDTH: innerWide ? 4 : 1,
      PAST: past,
      PRODUCT: [
        `// Part k of the recurrent input of one unit's gate.`,
        `fn product(gate: i32, unit: i32, k: i32, past: ${inner}) -> ${layout.values.VALUE} {`,
        `  return ${product};`,
        "}",
      ].join("\n"),
    },
    vectorOperands: new Set(wide ? operands.vectors : innerWide ? [1] : []),
  };
}

/** `gates`: fields of w, which is read along its columns. */
function backward(kernel: LibraryKernel, descriptor: TargetDescriptor, gates: number): Fill {
  const layout = recurrentLayout(kernel, descriptor);
  const { hidden, shared, wide } = layout;
  const units = wide ? hidden / 4 : hidden;
  const gru = kernel.routine === "gru_backward" ? " + skipped" : "";
  const lanes = ["x", "y", "z", "w"].map(
    (letter, lane) => `later.${letter} * operand1[(k * 4 + ${lane}) * ${units} + unit]`,
  );
  return {
    ...layout,
    values: {
      ...layout.values,
      GATES: 4 * hidden,
      GATE_UNITS: gates * units,
      OWN_UNITS: Math.ceil(units / layout.values.SHARERS),
      LATER: shared ? `later_gates[k${gru}]` : `operand4[after * 4 * ${units} + k${gru}]`,
      PRODUCT: [
        "// What reaches one unit of h through gates k.",
        `fn product(k: i32, unit: i32, later: ${layout.values.VALUE}) -> ${layout.values.VALUE} {`,
        `  return ${wide ? lanes.join(" + ") : `later * operand1[k * ${units} + unit]`};`,
        "}",
      ].join("\n"),
    },
    vectorOperands: new Set(wide ? [0, 1, 3, 4] : []),
  };
}

/** Sizes: rows, columns. Each row belongs to one invocation or to a workgroup. */
function byRows(kernel: LibraryKernel, descriptor: TargetDescriptor): Fill {
  const [rows, columns] = [size(kernel, "rows"), size(kernel, "columns")];
  const shared = descriptor.rowStrategy === "workgroup";
  let sharers = shared ? 32 : 1;
  while (shared && sharers * 8 <= columns && sharers * 2 <= descriptor.maxInvocations) sharers *= 2;
  const rowsPerGroup = shared ? 1 : SMALL_GROUP;
  return {
    workgroupSize: sharers * rowsPerGroup,
    values: {
      COUNT: rows,
      COLUMNS: columns,
      SHARERS: sharers,
      ...(kernel.routine === "argsort" ? { POWER: 2 ** Math.ceil(Math.log2(columns)) } : {}),
    },
    conditions: { shared },
    groups: Math.ceil(rows / rowsPerGroup),
    vectorOperands: new Set(),
  };
}

/** Sizes: matrices, order. */
function cholesky(kernel: LibraryKernel, descriptor: TargetDescriptor): Fill {
  const [matrices, order] = [size(kernel, "matrices"), size(kernel, "order")];
  const shared = descriptor.rowStrategy === "workgroup";
  const sharers = shared ? Math.min(order, descriptor.maxInvocations) : 1;
  const perGroup = shared ? 1 : SMALL_GROUP;
  return {
    workgroupSize: sharers * perGroup,
    values: { COUNT: matrices, ORDER: order, SHARERS: sharers },
    conditions: { shared },
    groups: Math.ceil(matrices / perGroup),
    vectorOperands: new Set(),
  };
}

/** Sizes: matrices, order. */
function triangularInverse(kernel: LibraryKernel): Fill {
  const [matrices, order] = [size(kernel, "matrices"), size(kernel, "order")];
  return {
    workgroupSize: SMALL_GROUP,
    values: { COUNT: matrices * order, ORDER: order },
    conditions: {},
    groups: Math.ceil((matrices * order) / SMALL_GROUP),
    vectorOperands: new Set(),
  };
}

/** Sizes: rows, positions. Every invocation looks at all ids, so few processors get few, large blocks. */
function occurrences(kernel: LibraryKernel, descriptor: TargetDescriptor): Fill {
  const [rows, positions] = [size(kernel, "rows"), size(kernel, "positions")];
  const software = descriptor.kind === "software";
  const block = software ? Math.ceil(rows / 16) : 1;
  const workgroupSize = software ? SMALL_GROUP : descriptor.workgroupSize;
  return {
    workgroupSize,
    values: { TABLE_ROWS: rows, POSITIONS: positions, BLOCK: block },
    conditions: {},
    groups: Math.ceil(rows / block / workgroupSize),
    vectorOperands: new Set(),
  };
}

/** Sizes: rows, positions, width (elements of one update). */
function scatterAdd(kernel: LibraryKernel): Fill {
  const [rows, width] = [size(kernel, "rows"), size(kernel, "width")];
  const wide = width % 4 === 0;
  const units = wide ? width / 4 : width;
  const workgroupSize = 64;
  return {
    workgroupSize,
    values: {
      TABLE_ROWS: rows,
      WIDTH: wide ? 4 : 1,
      UNITS: units,
      VALUE: wide ? "vec4<f32>" : "f32",
      PLACES: rows * units,
    },
    conditions: {},
    groups: Math.ceil((rows * units) / workgroupSize),
    vectorOperands: new Set(wide ? [1, 2] : []),
  };
}
