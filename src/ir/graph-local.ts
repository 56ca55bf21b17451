/** Simplifications that hold for a single node whatever surrounds it; the builder applies them to everything that it makes. */

import type { Node } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { uniformValue } from "./graph-walk.ts";
import type { Tensor } from "./op.ts";
import type { OpAttributes, OpName } from "./op-table.ts";

/** Largest finite f32: results beyond it stay computed, because a target has no literal for them. */
const F32_MAX = 3.4028234663852886e38;

/** An elementwise operation of operands that are one number each: that result everywhere. Null when an operand varies. */
export function foldUniform<Op extends OpName>(
  g: GraphBuilder,
  op: Op,
  inputs: readonly Node[],
  attributes: OpAttributes[Op],
): Node | null {
  const scalars: Tensor[] = [];
  for (const input of inputs) {
    const value = uniformValue(input);
    if (value === null) return null;
    scalars.push({ shape: [], dtype: input.dtype, data: Float64Array.of(value) });
  }
  const [first] = inputs;
  if (first === undefined) return null;
  const record = g.ops[op];
  const type = record.type(scalars, attributes);
  const [value] = record.evaluate(scalars, attributes, type).data;
  if (value === undefined || !(Math.abs(value) <= F32_MAX)) return null;
  return g.full(first.shape, value, type.dtype);
}

/** The operand that an operation returns unchanged because the other one is neutral (x + 0, x * 1, x and true); null otherwise. */
export function neutralOperand(op: OpName, a: Node, b: Node): Node | null {
  const [left, right] = [uniformValue(a), uniformValue(b)];
  switch (op) {
    case "add":
      return left === 0 ? b : right === 0 ? a : null;
    case "subtract":
      return right === 0 ? a : null;
    case "multiply":
      return left === 1 ? b : right === 1 ? a : null;
    case "divide":
    case "integer_divide":
      return right === 1 ? a : null;
    case "and":
      return a === b || right === 1 || left === 0 ? a : left === 1 || right === 0 ? b : null;
    case "or":
      return a === b || right === 0 || left === 1 ? a : left === 0 || right === 1 ? b : null;
    case "maximum":
    case "minimum":
      return a === b ? a : null;
    default:
      return null;
  }
}
