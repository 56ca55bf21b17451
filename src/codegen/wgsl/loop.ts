/**
 * Emission of loop kernels: maps, row phases, reductions. A row belongs to one invocation, or is shared by the invocations of a workgroup
 * that add their parts in a fixed tree, so that results do not depend on timing.
 */
import { at } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { ExpressionId, LoopKernel, Phase } from "../../ir/kernel.ts";
import { expressionOperands, phaseRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import { directAxes } from "../dependence.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelBody } from "./body.ts";
import { ExpressionWriter } from "./expressions.ts";
import type { LoopSchedule } from "./schedule.ts";
import { foldGrid, stepsOf } from "./schedule.ts";
import { entryPoint, f32Literal, quotient, remainder, valueType } from "./text.ts";

type ReducePhase = Extract<Phase, { kind: "reduce" }>;
type Reduction = ReducePhase["reductions"][number];

/** A loop kernel with collapsed axes under a schedule. */
export function emitLoop(
  kernel: LoopKernel,
  schedule: LoopSchedule,
  descriptor: TargetDescriptor,
): KernelBody {
  const groups = Math.ceil(schedule.rows / schedule.rowsPerGroup);
  const workgroups = foldGrid(groups, descriptor);
  const lines = new LoopEmitter(kernel, schedule).emit(workgroups[0]);
  const { workgroupSize, lanes } = schedule;
  return { code: lines.join("\n"), workgroupSize, workgroups, vectorOperands: lanes.vectorOperands };
}

class LoopEmitter {
  readonly #kernel: LoopKernel;
  readonly #schedule: LoopSchedule;
  readonly #writer: ExpressionWriter;
  /** For each expression: 0 when it is the same at all points of a row, else 1 + the deepest reduce axis that it depends on. */
  readonly #levels: readonly number[];
  readonly #lines: string[] = [];
  readonly #perRow = new Set<ExpressionId>();
  #indent = "  ";

  constructor(kernel: LoopKernel, schedule: LoopSchedule) {
    this.#kernel = kernel;
    this.#schedule = schedule;
    this.#levels = expressionLevels(kernel);
    this.#writer = new ExpressionWriter(kernel, schedule.lanes, {
      axis: (axis) => `axis${axis}`,
      laneGroup: "group4",
      reduction: reductionName,
      accumulator: "",
    });
  }

  emit(gridX: number): readonly string[] {
    const { workgroupSize: size, sharers } = this.#schedule;
    const shared = sharers > 1 ? this.#sharedTypes() : [];
    for (const dtype of shared) this.#lines.push(`var<workgroup> shared_${dtype}: array<${dtype}, ${size}>;`);
    this.#lines.push(entryPoint(size));
    this.#rows(`(group.y * ${gridX}u + group.x)`, () => {
      this.#decode("row", 0, this.#kernel.parallel.length);
      for (const [position, phase] of this.#kernel.phases.entries()) this.#phase(phase, position);
    });
    this.#lines.push("}");
    return this.#lines;
  }

  /** Finds `row` for an invocation, and does what there is to do for it. */
  #rows(group: string, body: () => void): void {
    const { workgroupSize, rows, rowsPerGroup, rowsPerInvocation, sharers, rowsAdjacent } = this.#schedule;
    if (rowsPerInvocation > 1) {
      // Neighbouring invocations have neighbouring rows in every turn.
      this.#push(
        `let first = i32(${group} * ${rowsPerGroup}u + local);`,
        `let end = min(first + ${rowsPerGroup}, ${rows});`,
      );
      this.#nested(`for (var row = first; row < end; row += ${workgroupSize}) {`, body);
      return;
    }
    if (sharers === 1)
      this.#push(`let row = i32(${group} * ${workgroupSize}u + local);`, `if (row >= ${rows}) { return; }`);
    else {
      const [slot, sharer] = rowsAdjacent
        ? [`local % ${rowsPerGroup}u`, `local / ${rowsPerGroup}u`]
        : [`local / ${sharers}u`, `local % ${sharers}u`];
      this.#push(
        `let sharer = i32(${sharer});`,
        `let own_row = i32(${group} * ${rowsPerGroup}u + ${slot});`,
        // Invocations past the last row go along, since all of a workgroup must meet at its barriers.
        `let present = own_row < ${rows};`,
        `let row = min(own_row, ${rows - 1});`,
      );
    }
    body();
  }

  #push(...lines: readonly string[]): void {
    for (const line of lines) this.#lines.push(this.#indent + line);
  }

  #nested(open: string, body: () => void): void {
    this.#push(open);
    const outer = this.#indent;
    this.#indent = `${outer}  `;
    body();
    this.#indent = outer;
    this.#push("}");
  }

  /** Positions along the axes first..end-1 from their joint index. */
  #decode(source: string, first: number, end: number): void {
    let divisor = 1;
    for (let axis = end - 1; axis >= first; axis--) {
      const steps = stepsOf(this.#kernel, axis, this.#schedule.lanes);
      const rest = quotient(source, divisor);
      this.#position(axis, axis === first ? rest : remainder(rest, steps));
      divisor *= steps;
    }
  }

  #position(axis: number, text: string): void {
    if (axis === this.#schedule.lanes.axis)
      this.#push(`let group4 = ${text};`, `let axis${axis} = group4 * 4;`);
    else this.#push(`let axis${axis} = ${text};`);
  }

  #phase(phase: Phase, position: number): void {
    const needed = reachableExpressions(this.#kernel.expressions, phaseRoots(phase));
    for (const id of needed) {
      if (at(this.#levels, id) > 0 || this.#perRow.has(id)) continue;
      this.#perRow.add(id);
      this.#push(...this.#writer.statements(id));
    }
    if (phase.kind === "reduce") {
      this.#reduce(phase, position, needed);
      return;
    }
    if (phase.kind === "row") {
      const stores = phase.stores.flatMap((store) => this.#writer.store(store));
      if (this.#schedule.sharers === 1) this.#push(...stores);
      else this.#nested("if (present && sharer == 0) {", () => this.#push(...stores));
      return;
    }
    this.#points(needed, true, () =>
      this.#push(...phase.stores.flatMap((store) => this.#writer.store(store))),
    );
  }

  #reduce(phase: ReducePhase, position: number, needed: readonly ExpressionId[]): void {
    for (const [index, reduction] of phase.reductions.entries()) {
      this.#push(`var ${partName(position, index)} = ${this.#identity(reduction)};`);
    }
    this.#points(needed, false, () => {
      for (const [index, reduction] of phase.reductions.entries()) {
        const part = partName(position, index);
        this.#push(
          `${part} = ${combine(reduction.reducer, part, this.#writer.value(reduction.value, this.#wide(reduction)))};`,
        );
      }
    });
    for (const [index, reduction] of phase.reductions.entries()) this.#finish(reduction, position, index);
  }

  /** Loops over the reduce axes; each expression is computed in the outermost loop that determines it. */
  #points(needed: readonly ExpressionId[], stores: boolean, body: () => void): void {
    const ids = needed.filter((id) => at(this.#levels, id) > 0);
    const first = this.#kernel.parallel.length;
    const count = this.#kernel.reduce.length;
    const { sharers, points } = this.#schedule;
    if (sharers > 1) {
      const loop = () =>
        this.#nested(`for (var point = sharer; point < ${points}; point += ${sharers}) {`, () => {
          this.#decode("point", first, first + count);
          for (const id of ids) this.#push(...this.#writer.statements(id));
          body();
        });
      if (stores) this.#nested("if (present) {", loop);
      else loop();
      return;
    }
    const descend = (depth: number): void => {
      if (depth === count) {
        body();
        return;
      }
      const axis = first + depth;
      this.#nested(
        `for (var step${axis} = 0; step${axis} < ${stepsOf(this.#kernel, axis, this.#schedule.lanes)}; step${axis}++) {`,
        () => {
          this.#position(axis, `step${axis}`);
          for (const id of ids)
            if (at(this.#levels, id) === depth + 1) this.#push(...this.#writer.statements(id));
          descend(depth + 1);
        },
      );
    };
    descend(0);
  }

  /** Whether a reduction runs in four lanes: always along a reduced lane axis, and along a parallel one when its values differ. */
  #wide(reduction: Reduction): boolean {
    const { axis, varying } = this.#schedule.lanes;
    return axis !== null && (axis >= this.#kernel.parallel.length || at(varying, reduction.value));
  }

  #dtype(reduction: Reduction): DType {
    return at(this.#kernel.expressions, reduction.value).dtype;
  }

  #identity(reduction: Reduction): string {
    const dtype = this.#dtype(reduction);
    const lowest = dtype === "f32" ? f32Literal(Number.NEGATIVE_INFINITY) : "i32(-2147483648)";
    return `${valueType(dtype, this.#wide(reduction))}(${reduction.reducer === "max" ? lowest : "0"})`;
  }

  #sharedTypes(): readonly DType[] {
    const reductions = this.#kernel.phases.flatMap((phase) =>
      phase.kind === "reduce" ? phase.reductions : [],
    );
    return [...new Set(reductions.map((reduction) => this.#dtype(reduction)))];
  }

  /** From the parts of lanes and invocations to the value of the row. */
  #finish(reduction: Reduction, phase: number, position: number): void {
    const { lanes, sharers } = this.#schedule;
    const part = partName(phase, position);
    const name = reductionName(phase, position);
    const joinLanes = lanes.axis !== null && lanes.axis >= this.#kernel.parallel.length;
    const pair = (a: string, b: string) => combine(reduction.reducer, a, b);
    const joined = joinLanes
      ? pair(`(${pair(`${part}.x`, `${part}.y`)})`, `(${pair(`${part}.z`, `${part}.w`)})`)
      : part;
    if (sharers === 1) {
      this.#push(`let ${name} = ${joined};`);
      return;
    }
    if (!this.#wide(reduction) || joinLanes) {
      this.#push(`let ${name} = ${this.#tree(reduction, joined, name)};`);
      return;
    }
    const letters = ["x", "y", "z", "w"].map((letter) =>
      this.#tree(reduction, `${part}.${letter}`, `${name}_${letter}`),
    );
    this.#push(`let ${name} = ${valueType(this.#dtype(reduction), true)}(${letters.join(", ")});`);
  }

  /** Adds up one number of each sharer, neighbours at distance sharers/2, .../4, ..., 1. Returns the name of the total. */
  #tree(reduction: Reduction, value: string, name: string): string {
    const { sharers, rowsPerGroup, rowsAdjacent } = this.#schedule;
    const memory = `shared_${this.#dtype(reduction)}`;
    const spacing = rowsAdjacent ? rowsPerGroup : 1;
    this.#push(`${memory}[local] = ${value};`, "workgroupBarrier();");
    for (let distance = sharers / 2; distance >= 1; distance /= 2) {
      const other = `${memory}[local + ${distance * spacing}u]`;
      this.#push(
        `if (sharer < ${distance}) { ${memory}[local] = ${combine(reduction.reducer, `${memory}[local]`, other)}; }`,
        "workgroupBarrier();",
      );
    }
    const first = rowsAdjacent ? `local % ${rowsPerGroup}u` : `local - u32(sharer)`;
    this.#push(`let total_${name} = ${memory}[${first}];`, "workgroupBarrier();");
    return `total_${name}`;
  }
}

function expressionLevels(kernel: LoopKernel): readonly number[] {
  const levels: number[] = [];
  for (const expression of kernel.expressions) {
    const own = directAxes(expression).map((axis) => Math.max(0, axis - kernel.parallel.length + 1));
    levels.push(Math.max(0, ...own, ...expressionOperands(expression).map((id) => at(levels, id))));
  }
  return levels;
}

function reductionName(phase: number, position: number): string {
  return `reduced${phase}_${position}`;
}

function partName(phase: number, position: number): string {
  return `part${phase}_${position}`;
}

function combine(reducer: "sum" | "max", a: string, b: string): string {
  return reducer === "sum" ? `${a} + ${b}` : `max(${a}, ${b})`;
}
