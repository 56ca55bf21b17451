/** Values: applies precedence to the flat runs of the grammar. */
import type { CstNode, IToken } from "chevrotain";
import { at, invariant } from "../base/invariant.ts";
import { joinSpans, type Span } from "../diagnostics/source.ts";
import type { BinaryOperator, CallArgument, Comprehension, Expression } from "./ast.ts";
import { type Builder, identifier, node, nodes, spanOfNode, token, tokens } from "./cst.ts";
import { chainedOperator, loneComprehension, numberTooLarge, spanOf } from "./messages.ts";

const OR = 1;
const AND = 2;
const COMPARISON = 3;
const RANGE = 4;
const SUM = 5;
const PRODUCT = 6;
const POWER = 7;

/** How tightly each operator binds. `..` is no operator of the tree, but binds like one. */
const binding: Readonly<Record<BinaryOperator | "..", number>> = {
  or: OR,
  and: AND,
  "==": COMPARISON,
  "!=": COMPARISON,
  "<": COMPARISON,
  "<=": COMPARISON,
  ">": COMPARISON,
  ">=": COMPARISON,
  "..": RANGE,
  "+": SUM,
  "-": SUM,
  "*": PRODUCT,
  "/": PRODUCT,
  "^": POWER,
};

const isOperator = (text: string): text is BinaryOperator | ".." => Object.hasOwn(binding, text);

/** How tightly a binary operator binds; the formatter breaks long values at the loosest. */
export function bindingOf(operator: IToken): number {
  invariant(isOperator(operator.image), "the lexer knows the operators");
  return binding[operator.image];
}

export function buildExpression(builder: Builder, expression: CstNode): Expression {
  return new Climb(builder, expression).binary(OR);
}

/** Precedence climbing over the operands and operators of one `expression` node. */
class Climb {
  private readonly builder: Builder;
  private readonly operands: readonly CstNode[];
  private readonly operators: readonly IToken[];
  /** The operand to read next, and how many of its signs have been read. */
  private next = 0;
  private signs = 0;

  constructor(builder: Builder, expression: CstNode) {
    this.builder = builder;
    this.operands = nodes(expression, "operand");
    this.operators = tokens(expression, "BinaryOperator");
  }

  /** Reads as much as operators that bind at least as tightly as `least` hold together. */
  binary(least: number): Expression {
    let left = this.unary();
    let chained: IToken | null = null;
    for (;;) {
      const sign = this.operators[this.next - 1];
      if (sign === undefined || bindingOf(sign) < least) return left;
      const strength = bindingOf(sign);
      if (chained !== null && bindingOf(chained) === strength) this.reportChain(chained, sign);
      chained = strength === COMPARISON || strength === RANGE ? sign : null;
      // A power takes everything on its right, so `a^b^c` is `a^(b^c)`; the others group from the left.
      const right = this.binary(strength === POWER ? POWER : strength + 1);
      left = combine(sign.image, left, right);
    }
  }

  private reportChain(first: IToken, second: IToken): void {
    const { source, report } = this.builder;
    report(chainedOperator(spanOf(source, second), second.image, spanOf(source, first)));
  }

  private unary(): Expression {
    const operand = at(this.operands, this.next);
    const sign = tokens(operand, "prefix")[this.signs];
    if (sign === undefined) {
      this.next++;
      this.signs = 0;
      return buildOperand(this.builder, operand);
    }
    this.signs++;
    const operator = sign.image === "-" ? "-" : "not";
    const value = this.binary(operator === "-" ? POWER : COMPARISON);
    const span = joinSpans(spanOf(this.builder.source, sign), value.span);
    return { kind: "unary", operator, operand: value, span };
  }
}

function combine(sign: string, left: Expression, right: Expression): Expression {
  const span = joinSpans(left.span, right.span);
  invariant(isOperator(sign), "the lexer knows the operators");
  if (sign === "..") return { kind: "range", from: left, to: right, span };
  return { kind: "binary", operator: sign, left, right, span };
}

function buildOperand(builder: Builder, operand: CstNode): Expression {
  let value = buildPrimary(builder, node(operand, "primary"));
  for (const postfix of nodes(operand, "postfix")) {
    const call = nodes(postfix, "arguments")[0];
    const span = joinSpans(value.span, spanOfNode(builder, postfix));
    value =
      call === undefined
        ? { kind: "member", object: value, member: identifier(builder, token(postfix, "Name")), span }
        : { kind: "call", callee: value, arguments: buildArguments(builder, call), span };
  }
  return value;
}

function buildPrimary(builder: Builder, primary: CstNode): Expression {
  const span = spanOfNode(builder, primary);
  const number = tokens(primary, "NumberLiteral")[0];
  if (number) return buildNumber(builder, number, span);
  const name = tokens(primary, "Name")[0];
  if (name) return { kind: "name", name: name.image, span };
  const group = nodes(primary, "grouping")[0];
  // The span takes in the parentheses, so that a mark under the value shows all that belongs to it.
  if (group) return { ...buildExpression(builder, node(group, "expression")), span };
  const list = nodes(primary, "list")[0];
  if (list) return buildList(builder, list, span);
  const choice = nodes(primary, "choice")[0];
  if (choice) {
    const [condition, yes, no] = nodes(choice, "expression").map((part) => buildExpression(builder, part));
    invariant(condition && yes && no, "`if` has three parts");
    // biome-ignore lint/suspicious/noThenProperty: the tree names the parts of `if` as the language does; nothing awaits them.
    return { kind: "if", condition, then: yes, else: no, span };
  }
  return { kind: "flag", value: tokens(primary, "true").length > 0, span };
}

function buildNumber(builder: Builder, number: IToken, span: Span): Expression {
  const value = Number(number.image);
  if (!Number.isFinite(value)) builder.report(numberTooLarge(span, number.image));
  return { kind: "number", value, text: number.image, span };
}

function buildList(builder: Builder, list: CstNode, span: Span): Expression {
  const items = nodes(list, "expression").map((item) => buildExpression(builder, item));
  const repeated = nodes(list, "comprehension")[0];
  if (repeated) return buildComprehension(builder, at(items, 0), repeated, span);
  return { kind: "list", items, span };
}

function buildComprehension(builder: Builder, body: Expression, tail: CstNode, span: Span): Comprehension {
  const variables = tokens(tail, "Name").map((name) => identifier(builder, name));
  const iterable = buildExpression(builder, node(tail, "expression"));
  return { kind: "comprehension", body, variables, iterable, span };
}

/** The arguments of a call, or the settings behind a group of parameters. */
export function buildArguments(builder: Builder, list: CstNode): CallArgument[] {
  const parts = nodes(list, "callArgument");
  return parts.map((argument) => {
    const span = spanOfNode(builder, argument);
    const name = tokens(argument, "Name")[0];
    const body = buildExpression(builder, node(argument, "expression"));
    const tail = nodes(argument, "comprehension")[0];
    if (tail && parts.length > 1) builder.report(loneComprehension(span));
    const whole = tail ? joinSpans(body.span, span) : span;
    const value = tail ? buildComprehension(builder, body, tail, whole) : body;
    return { name: name ? identifier(builder, name) : null, value, span };
  });
}
