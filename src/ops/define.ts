/** Makes records of primitives that follow a common pattern. */
import { at } from "../base/invariant.ts";
import type { DType, Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { BinaryOp, UnaryOp } from "../ir/graph-build.ts";
import type { Derivative, OperandSample, OpRecord } from "../ir/op.ts";
import type { OpAttributes } from "../ir/op-table.ts";
import { eachElement } from "./elements.ts";
import { commonType } from "./type-rules.ts";

/** An operand of random numbers from [low, high]. */
export function operand(dtype: DType, shape: readonly number[], low: number, high: number): OperandSample {
  return { shape, dtype, low, high };
}

/** The derivative of a function that is constant between its jumps. */
export function noFlow(count: number): () => null[] {
  return () => Array<null>(count).fill(null);
}

/** One operation for every element of the result. */
export function flopPerElement(node: { readonly shape: readonly number[] }): number {
  return elementCount(node.shape);
}

/** For views: nothing is computed. */
export function noFlops(): number {
  return 0;
}

interface ElementwiseUnary<Op extends UnaryOp> {
  readonly doc: string;
  readonly apply: (x: number) => number;
  readonly derivative: (rule: Derivative<Op>) => readonly (Node | null)[];
  /** Range of test values. */
  readonly range: readonly [number, number];
  readonly dtypes?: readonly DType[];
}

/** A record for a function of one element. */
export function unaryOp<Op extends UnaryOp>(name: Op, rule: ElementwiseUnary<Op>): OpRecord<Op> {
  const dtypes = rule.dtypes ?? ["f32"];
  const [low, high] = rule.range;
  const attributes: OpAttributes[Op] = {};
  return {
    name,
    doc: rule.doc,
    scheduling: "elementwise",
    type: (inputs) => commonType(name, inputs, 1, dtypes),
    derivative: rule.derivative,
    evaluate: (inputs, _, type) => eachElement(inputs, type, rule.apply),
    flops: flopPerElement,
    samples: [
      { inputs: [operand(at(dtypes, 0), [3, 4], low, high)], attributes },
      { inputs: [operand(at(dtypes, 0), [], low, high)], attributes },
    ],
  };
}

interface ElementwiseBinary<Op extends BinaryOp> {
  readonly doc: string;
  readonly apply: (a: number, b: number) => number;
  /** When the operands are i32; default: as `apply`. */
  readonly applyIntegers?: (a: number, b: number) => number;
  readonly derivative: (rule: Derivative<Op>) => readonly (Node | null)[];
  readonly dtypes: readonly DType[];
  /** Type of the elements of the result; default: that of the operands. */
  readonly result?: DType;
  /** Ranges of the test values of both operands. */
  readonly ranges: readonly [readonly [number, number], readonly [number, number]];
}

/** A record for a function of two elements. */
export function binaryOp<Op extends BinaryOp>(name: Op, rule: ElementwiseBinary<Op>): OpRecord<Op> {
  const [[lowA, highA], [lowB, highB]] = rule.ranges;
  const dtype = at(rule.dtypes, 0);
  const attributes: OpAttributes[Op] = {};
  return {
    name,
    doc: rule.doc,
    scheduling: "elementwise",
    type: (inputs) => {
      const common = commonType(name, inputs, 2, rule.dtypes);
      return { shape: common.shape, dtype: rule.result ?? common.dtype };
    },
    derivative: rule.derivative,
    evaluate: (inputs, _, type) => {
      const integers = at(inputs, 0).dtype === "i32" && rule.applyIntegers !== undefined;
      const apply = integers ? rule.applyIntegers : rule.apply;
      return eachElement(inputs, type, (a, b) => apply(a, b));
    },
    flops: flopPerElement,
    samples: [
      { inputs: [operand(dtype, [3, 4], lowA, highA), operand(dtype, [3, 4], lowB, highB)], attributes },
      { inputs: [operand(dtype, [], lowA, highA), operand(dtype, [], lowB, highB)], attributes },
    ],
  };
}
