/**
 * Rules of arithmetic. They may change the last bit of a result and the sign of a zero, but never turn NaN or an infinity into a number or
 * back: 0 * x stays unless x is known to be finite, and x - x stays for floats.
 */
import { uniformValue } from "../../ir/graph-walk.ts";
import { alwaysFinite, operandOf, type Rule, type RuleTable } from "./rule.ts";

/** A gradient has been taken by now, so these are identities. */
const dropGradientMarks: Rule = (_, node) => operandOf(node, 0);

/** a + -b, a - -b and 0 - b. */
const absorbNegation: Rule = (g, node) => {
  if (node.op !== "add" && node.op !== "subtract") return null;
  const [a, b] = [operandOf(node, 0), operandOf(node, 1)];
  if (node.op === "subtract" && uniformValue(a) === 0) return g.neg(b);
  if (b.op === "negate") return node.op === "add" ? g.sub(a, operandOf(b, 0)) : g.add(a, operandOf(b, 0));
  if (a.op === "negate" && node.op === "add") return g.sub(b, operandOf(a, 0));
  return null;
};

/** -a * -b, -a * constant, -(a * constant) and a * -1. */
const negatedFactors: Rule = (g, node) => {
  if (node.op === "negate") {
    const product = operandOf(node, 0);
    if (product.op !== "multiply") return null;
    const factor = uniformValue(operandOf(product, 1));
    return factor === null ? null : g.mul(operandOf(product, 0), -factor);
  }
  if (node.op !== "multiply") return null;
  const [a, b] = [operandOf(node, 0), operandOf(node, 1)];
  if (a.op === "negate" && b.op === "negate") return g.mul(operandOf(a, 0), operandOf(b, 0));
  const factor = uniformValue(b);
  if (factor === -1) return g.neg(a);
  return factor !== null && a.op === "negate" ? g.mul(operandOf(a, 0), -factor) : null;
};

/** Constants stand at the right, so that the other rules need to look at one side only. */
const constantLast: Rule = (g, node) => {
  const commutes =
    node.op === "add" || node.op === "multiply" || node.op === "maximum" || node.op === "minimum";
  if (!commutes) return null;
  const [a, b] = [operandOf(node, 0), operandOf(node, 1)];
  return uniformValue(a) !== null && uniformValue(b) === null ? g.binary(node.op, b, a) : null;
};

/** (x * c) * d and (x / c) * d with constants c and d. */
const mergeFactors: Rule = (g, node) => {
  if (node.op !== "multiply" || node.dtype !== "f32") return null;
  const inner = operandOf(node, 0);
  if (inner.op !== "multiply" && inner.op !== "divide") return null;
  const [outerFactor, innerFactor] = [uniformValue(operandOf(node, 1)), uniformValue(operandOf(inner, 1))];
  if (outerFactor === null || innerFactor === null) return null;
  const factor = inner.op === "multiply" ? outerFactor * innerFactor : outerFactor / innerFactor;
  return isNormal(factor) ? g.mul(operandOf(inner, 0), factor) : null;
};

/** x / c is x * (1/c) exactly when c is a power of two. */
const divideByPowerOfTwo: Rule = (g, node) => {
  if (node.op !== "divide") return null;
  const divisor = uniformValue(operandOf(node, 1));
  const exact = divisor !== null && isNormal(divisor) && Number.isInteger(Math.log2(Math.abs(divisor)));
  return exact ? g.mul(operandOf(node, 0), 1 / divisor) : null;
};

/** Neither 0, nor denormal, nor infinite in f32: nothing is lost by scaling with such a number. */
function isNormal(value: number): boolean {
  const size = Math.abs(value);
  return size >= 2 ** -126 && size <= 2 ** 126;
}

/** 0 * x where x cannot be NaN or infinite. */
const zeroProduct: Rule = (g, node) => {
  if (node.op !== "multiply" || uniformValue(operandOf(node, 1)) !== 0) return null;
  return alwaysFinite(operandOf(node, 0)) ? g.zerosLike(node) : null;
};

/** x - x of whole numbers. */
const integerDifference: Rule = (g, node) =>
  node.op === "subtract" && node.dtype === "i32" && operandOf(node, 0) === operandOf(node, 1)
    ? g.zerosLike(node)
    : null;

/** A condition that is constant, negated, or asked again inside a branch. */
const choice: Rule = (g, node) => {
  if (node.op !== "where") return null;
  const [condition, a, b] = [operandOf(node, 0), operandOf(node, 1), operandOf(node, 2)];
  const known = uniformValue(condition);
  if (known !== null) return known !== 0 ? a : b;
  if (condition.op === "not") return g.where(operandOf(condition, 0), b, a);
  if (a.op === "where" && operandOf(a, 0) === condition) return g.where(condition, operandOf(a, 1), b);
  if (b.op === "where" && operandOf(b, 0) === condition) return g.where(condition, a, operandOf(b, 2));
  return null;
};

/** Back from bool to bool by way of numbers. */
const castBack: Rule = (_, node) => {
  if (node.op !== "cast" || node.dtype !== "bool") return null;
  const inner = operandOf(node, 0);
  return inner.op === "cast" && operandOf(inner, 0).dtype === "bool" ? operandOf(inner, 0) : null;
};

export const algebraRules: RuleTable = {
  stop_gradient: [dropGradientMarks],
  scale_gradient: [dropGradientMarks],
  recompute: [dropGradientMarks],
  add: [constantLast, absorbNegation],
  subtract: [absorbNegation, integerDifference],
  multiply: [constantLast, zeroProduct, mergeFactors, negatedFactors],
  divide: [divideByPowerOfTwo],
  maximum: [constantLast],
  minimum: [constantLast],
  negate: [negatedFactors],
  where: [choice],
  cast: [castBack],
};
