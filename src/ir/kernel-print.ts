/** Kernels as text, one expression a line. */
import type { Axis, Expression, Index, Kernel, LoopKernel, Store } from "./kernel.ts";
import type { ExpressionKernel } from "./kernel-walk.ts";
import { kernelAxes } from "./kernel-walk.ts";

/** A kernel in readable form. */
export function printKernel(kernel: Kernel): string {
  const operands = kernel.operands.map(
    (operand, index) => `  %${index} ${operand.access} ${operand.dtype}[${operand.elements}]`,
  );
  const head = `kernel ${kernel.name} (${kernel.kind})`;
  if (kernel.kind === "library") {
    const sizes = Object.entries(kernel.sizes).map(([name, size]) => `${name} = ${size}`);
    return [
      head,
      ...operands,
      `  ${kernel.routine}${kernel.reverse ? " reversed" : ""} {${sizes.join(", ")}}`,
    ].join("\n");
  }
  const writer = new KernelWriter(kernel);
  return [head, ...operands, ...writer.axes(), ...writer.expressions(), ...writer.body()].join("\n");
}

class KernelWriter {
  readonly #kernel: ExpressionKernel;
  readonly #axes: readonly Axis[];

  constructor(kernel: ExpressionKernel) {
    this.#kernel = kernel;
    this.#axes = kernelAxes(kernel);
  }

  axes(): readonly string[] {
    const line = (kind: string, axes: readonly Axis[]) =>
      axes.length === 0
        ? []
        : [`  ${kind} ${axes.map(({ name, extent }) => `${name}<${extent}`).join(", ")}`];
    const kernel = this.#kernel;
    if (kernel.kind === "loop")
      return [...line("parallel", kernel.parallel), ...line("reduce", kernel.reduce)];
    return [
      ...line("batch", kernel.batch),
      ...line("row", [kernel.row]),
      ...line("column", [kernel.column]),
      ...line("inner", [kernel.inner]),
    ];
  }

  expressions(): readonly string[] {
    return this.#kernel.expressions.map(
      (expression, id) => `  e${id} = ${expression.dtype} ${this.#expression(expression)}`,
    );
  }

  body(): readonly string[] {
    const kernel = this.#kernel;
    if (kernel.kind === "loop")
      return kernel.phases.flatMap((phase, position) => this.#phase(phase, position));
    const side = ({ operand, index }: { readonly operand: number; readonly index: Index }) =>
      `%${operand}[${this.#index(index)}]`;
    return [
      `  accumulator = sum ${side(kernel.left)} * ${side(kernel.right)}`,
      ...kernel.stores.map((store) => `  ${this.#store(store)}`),
    ];
  }

  #phase(phase: LoopKernel["phases"][number], position: number): readonly string[] {
    if (phase.kind === "reduce")
      return [
        `  phase ${position}: ${phase.reductions.map(({ reducer, value }) => `${reducer} e${value}`).join(", ")}`,
      ];
    return phase.stores.map(
      (store) => `  phase ${position}: each ${phase.kind === "row" ? "row" : "point"} ${this.#store(store)}`,
    );
  }

  #store({ operand, index, value }: Store): string {
    return `%${operand}[${this.#index(index)}] = e${value}`;
  }

  #index({ offset, terms, dynamic }: Index): string {
    const parts = terms.map(({ axis, stride }) => product(this.#axes[axis]?.name ?? `axis${axis}`, stride));
    parts.push(...dynamic.map(({ value, stride }) => product(`e${value}`, stride)));
    if (offset !== 0 || parts.length === 0) parts.push(String(offset));
    return parts.join(" + ");
  }

  #expression(expression: Expression): string {
    switch (expression.op) {
      case "constant":
        return Object.is(expression.value, -0) ? "-0" : String(expression.value);
      case "axis":
        return this.#axes[expression.axis]?.name ?? `axis${expression.axis}`;
      case "load": {
        const guard = expression.guard === null ? "" : ` if e${expression.guard}`;
        return `%${expression.operand}[${this.#index(expression.index)}]${guard}`;
      }
      case "unary":
        return `${expression.function} e${expression.value}`;
      case "binary":
        return `${expression.function} e${expression.left} e${expression.right}`;
      case "power":
        return `power e${expression.base} ${expression.exponent}`;
      case "select":
        return `select e${expression.condition} e${expression.whenTrue} e${expression.whenFalse}`;
      case "cast":
        return `cast e${expression.value}`;
      case "random":
        return `${expression.distribution} site ${expression.site} seed e${expression.seed} counter e${expression.counter} index e${expression.index}`;
      case "reduction":
        return `reduction ${expression.position} of phase ${expression.phase}`;
      case "accumulator":
        return "accumulator";
    }
  }
}

function product(name: string, stride: number): string {
  return stride === 1 ? name : `${name}*${stride}`;
}
