/** Short forms for writing kernels by hand in tests. */
import type { DType } from "../../src/ir/graph.ts";
import type {
  BinaryFunction,
  Expression,
  ExpressionId,
  Index,
  Operand,
  UnaryFunction,
} from "../../src/ir/kernel.ts";

type Dynamic = Index["dynamic"][number];

/** Collects expressions; every method returns the id of a new one. */
export class Expressions {
  readonly list: Expression[] = [];

  add(expression: Expression): ExpressionId {
    this.list.push(expression);
    return this.list.length - 1;
  }

  constant(value: number, dtype: DType = "f32"): ExpressionId {
    return this.add({ op: "constant", dtype, value });
  }

  axis(axis: number): ExpressionId {
    return this.add({ op: "axis", dtype: "i32", axis });
  }

  load(operand: number, at: Index, dtype: DType = "f32", guard: ExpressionId | null = null): ExpressionId {
    return this.add({ op: "load", dtype, operand, index: at, guard });
  }

  unary(name: UnaryFunction, value: ExpressionId, dtype: DType = "f32"): ExpressionId {
    return this.add({ op: "unary", dtype, function: name, value });
  }

  binary(name: BinaryFunction, left: ExpressionId, right: ExpressionId, dtype: DType = "f32"): ExpressionId {
    return this.add({ op: "binary", dtype, function: name, left, right });
  }

  reduction(phase: number, position: number): ExpressionId {
    return this.add({ op: "reduction", dtype: "f32", phase, position });
  }
}

/** An index from strides by axis (0 leaves an axis out). */
export function index(strides: readonly number[], offset = 0, dynamic: readonly Dynamic[] = []): Index {
  return {
    offset,
    terms: strides.flatMap((stride, axis) => (stride === 0 ? [] : [{ axis, stride }])),
    dynamic,
  };
}

/** Strides of a row-major tensor. */
export function rowMajor(extents: readonly number[]): readonly number[] {
  return extents.map((_, axis) => extents.slice(axis + 1).reduce((product, extent) => product * extent, 1));
}

export function read(name: string, elements: number, dtype: DType = "f32"): Operand {
  return { name, dtype, elements, access: "read" };
}

export function write(name: string, elements: number, dtype: DType = "f32"): Operand {
  return { name, dtype, elements, access: "write" };
}

export function axes(extents: readonly number[]): { readonly name: string; readonly extent: number }[] {
  return extents.map((extent, position) => ({ name: `axis${position}`, extent }));
}
