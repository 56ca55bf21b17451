/** Checks the promises of a kernel: every index stays inside its operand, types agree, expressions only look back, phases come in a legal order. */
import { at, invariant } from "../base/invariant.ts";
import type { DType } from "./graph.ts";
import type { Expression, ExpressionId, Index, Kernel, LoopKernel } from "./kernel.ts";
import type { ExpressionKernel } from "./kernel-walk.ts";
import {
  expressionOperands,
  kernelAxes,
  kernelStores,
  reachableExpressions,
  usedOperands,
} from "./kernel-walk.ts";

/** Throws CompilerBug when the kernel breaks a promise. */
export function verifyKernel(kernel: Kernel): void {
  const fail = (what: string) => `kernel ${kernel.name}: ${what}`;
  for (const { name, elements } of kernel.operands)
    invariant(Number.isInteger(elements) && elements > 0, fail(`${name} has ${elements} elements`));
  if (kernel.kind === "library") {
    const accesses = kernel.operands.map((operand) => operand.access);
    invariant(
      accesses.every((access, index) => access === (index === accesses.length - 1 ? "write" : "read")),
      fail("its last operand is not the only result"),
    );
    return;
  }
  for (const axis of kernelAxes(kernel))
    invariant(
      Number.isInteger(axis.extent) && axis.extent > 0,
      fail(`axis ${axis.name} has extent ${axis.extent}`),
    );
  for (const [id, expression] of kernel.expressions.entries()) {
    invariant(
      expressionOperands(expression).every((operand) => operand < id),
      fail(`expression ${id} looks ahead`),
    );
    verifyTypes(kernel, expression, (what) => fail(`expression ${id}: ${what}`));
  }
  verifyAccess(kernel, fail);
  if (kernel.kind === "loop") verifyPhases(kernel, fail);
  else verifySides(kernel, fail);
}

type Fail = (what: string) => string;

function verifyTypes(kernel: ExpressionKernel, expression: Expression, fail: Fail): void {
  const type = (id: ExpressionId): DType => at(kernel.expressions, id).dtype;
  const is = (id: ExpressionId, dtype: DType) =>
    invariant(type(id) === dtype, fail(`${expression.op} of ${type(id)} where ${dtype} is needed`));
  switch (expression.op) {
    case "axis":
      invariant(
        expression.dtype === "i32" && expression.axis < kernelAxes(kernel).length,
        fail(`no axis ${expression.axis}`),
      );
      return;
    case "load": {
      const operand = at(kernel.operands, expression.operand);
      invariant(operand.dtype === expression.dtype, fail(`loads ${expression.dtype} from ${operand.dtype}`));
      if (expression.guard !== null) is(expression.guard, "bool");
      verifyIndex(kernel, expression.operand, expression.index, expression.guard !== null, fail);
      return;
    }
    case "unary":
      is(expression.value, expression.dtype);
      return;
    case "binary": {
      const compares =
        expression.function === "equal" ||
        expression.function === "less" ||
        expression.function === "less_equal";
      invariant(
        type(expression.left) === type(expression.right),
        fail(`${expression.function} of ${type(expression.left)} and ${type(expression.right)}`),
      );
      if (compares) invariant(expression.dtype === "bool", fail("a comparison that is not bool"));
      else is(expression.left, expression.dtype);
      return;
    }
    case "power":
      is(expression.base, "f32");
      return;
    case "select":
      is(expression.condition, "bool");
      is(expression.whenTrue, expression.dtype);
      is(expression.whenFalse, expression.dtype);
      return;
    case "random":
      for (const id of [expression.seed, expression.counter, expression.index]) is(id, "i32");
      return;
    case "reduction":
      invariant(kernel.kind === "loop", fail("a reduction outside a loop"));
      return;
    case "accumulator":
      invariant(kernel.kind === "contraction", fail("an accumulator outside a contraction"));
      return;
    default:
      return;
  }
}

/** Smallest and largest place of an index without its dynamic terms, which only the data can bound. */
function verifyIndex(
  kernel: ExpressionKernel,
  operand: number,
  index: Index,
  guarded: boolean,
  fail: Fail,
): void {
  const axes = kernelAxes(kernel);
  let [low, high] = [index.offset, index.offset];
  for (const { axis, stride } of index.terms) {
    const reach = stride * (at(axes, axis).extent - 1);
    low += Math.min(0, reach);
    high += Math.max(0, reach);
  }
  for (const { value } of index.dynamic)
    invariant(at(kernel.expressions, value).dtype === "i32", fail("an index that is not i32"));
  const { elements } = at(kernel.operands, operand);
  const inside = low >= 0 && high < elements;
  invariant(
    guarded || inside,
    fail(`places ${low}..${high} of operand ${operand}, which has ${elements} elements`),
  );
}

function verifyAccess(kernel: ExpressionKernel, fail: Fail): void {
  const { read, written } = usedOperands(kernel);
  for (const { operand, index, value } of kernelStores(kernel)) {
    verifyIndex(kernel, operand, index, false, fail);
    const { dtype } = at(kernel.operands, operand);
    invariant(
      at(kernel.expressions, value).dtype === dtype,
      fail(`stores ${at(kernel.expressions, value).dtype} as ${dtype}`),
    );
  }
  invariant(written.size > 0, fail("stores nothing"));
  for (const [number, { access }] of kernel.operands.entries()) {
    const found = written.has(number)
      ? read.has(number)
        ? "update"
        : "write"
      : read.has(number)
        ? "read"
        : "unused";
    invariant(access === found, fail(`operand ${number} is declared ${access} but is ${found}`));
  }
}

function verifySides(kernel: Extract<Kernel, { kind: "contraction" }>, fail: Fail): void {
  const [row, column] = [kernel.batch.length, kernel.batch.length + 1];
  for (const [side, { operand, index }] of [
    ["left", kernel.left],
    ["right", kernel.right],
  ] as const) {
    invariant(index.dynamic.length === 0, fail(`its ${side} side is gathered`));
    const foreign = side === "left" ? column : row;
    invariant(
      index.terms.every((term) => term.axis !== foreign),
      fail(`its ${side} side depends on the wrong axis`),
    );
    verifyIndex(kernel, operand, index, false, fail);
  }
}

function verifyPhases(kernel: LoopKernel, fail: Fail): void {
  for (const [position, phase] of kernel.phases.entries()) {
    const roots =
      phase.kind === "reduce"
        ? phase.reductions.map(({ value }) => value)
        : phase.stores.flatMap((store) => [store.value, ...store.index.dynamic.map(({ value }) => value)]);
    invariant(roots.length > 0, fail(`phase ${position} does nothing`));
    for (const id of reachableExpressions(kernel.expressions, roots)) {
      const expression = at(kernel.expressions, id);
      if (expression.op === "reduction") {
        const source = kernel.phases[expression.phase];
        const known =
          expression.phase < position &&
          source?.kind === "reduce" &&
          expression.position < source.reductions.length;
        invariant(
          known,
          fail(`phase ${position} needs reduction ${expression.position} of phase ${expression.phase}`),
        );
      }
      const axes =
        expression.op === "load"
          ? expression.index.terms.map((term) => term.axis)
          : expression.op === "axis"
            ? [expression.axis]
            : [];
      const atPoint = axes.some((axis) => axis >= kernel.parallel.length);
      invariant(phase.kind !== "row" || !atPoint, fail(`row phase ${position} depends on a reduce axis`));
    }
  }
}
