/** Types, arguments and results. */
import type { CstNode } from "chevrotain";
import { joinSpans, type Span } from "../diagnostics/source.ts";
import type {
  Argument,
  AxisExpr,
  Expression,
  Identifier,
  MethodSignature,
  Parameter,
  ResultType,
  StaticType,
  TensorTypeExpr,
} from "./ast.ts";
import { buildExpression } from "./build-expression.ts";
import { type Builder, identifier, node, nodes, spanOfNode, token, tokenAmong, tokens } from "./cst.ts";
import { boundNotAllowed } from "./messages.ts";

const elements = ["f32", "ids", "class", "bool"] as const;
const staticKinds = ["size", "number", "flag"] as const;

export function buildParameters(builder: Builder, list: CstNode | undefined): Parameter[] {
  return nodes(list ?? { name: "", children: {} }, "parameter").map((parameter) => ({
    name: identifier(builder, token(parameter, "Name")),
    type: buildStaticType(builder, node(parameter, "staticType")),
    default: optionalExpression(builder, parameter),
    span: spanOfNode(builder, parameter),
  }));
}

/** The value behind `=`, where there is one. */
export function optionalExpression(builder: Builder, parent: CstNode): Expression | null {
  const expression = nodes(parent, "expression")[0];
  return expression ? buildExpression(builder, expression) : null;
}

/** A signature; `span` also covers the name in front of it. */
export function buildSignature(
  builder: Builder,
  signature: CstNode,
  name: Identifier | null,
  doc: string,
): MethodSignature {
  const result = nodes(signature, "resultType")[0];
  const own = spanOfNode(builder, signature);
  return {
    doc,
    name,
    arguments: nodes(signature, "argument").map((argument) => buildArgument(builder, argument)),
    result: result ? buildResult(builder, result) : null,
    span: name ? joinSpans(name.span, own) : own,
  };
}

function buildArgument(builder: Builder, argument: CstNode): Argument {
  const tensor = nodes(argument, "tensorType")[0];
  return {
    name: identifier(builder, token(argument, "Name")),
    type: tensor ? buildTensorType(builder, tensor) : buildStaticType(builder, node(argument, "staticType")),
    default: optionalExpression(builder, argument),
    span: spanOfNode(builder, argument),
  };
}

function buildResult(builder: Builder, result: CstNode): ResultType {
  const span = spanOfNode(builder, result);
  const tensor = nodes(result, "tensorType")[0];
  if (tensor) return { kind: "tensor", type: buildTensorType(builder, tensor), span };
  const fields = nodes(node(result, "recordType"), "field").map((field) => ({
    name: identifier(builder, token(field, "Name")),
    type: buildTensorType(builder, node(field, "tensorType")),
  }));
  return { kind: "record", fields, span };
}

function buildStaticType(builder: Builder, type: CstNode): StaticType {
  const span: Span = spanOfNode(builder, type);
  const kind = staticKinds.find((word) => tokens(type, word).length > 0);
  if (kind) return { kind, span };
  return { kind: "interface", name: identifier(builder, token(type, "Identifier")), span };
}

export function buildTensorType(builder: Builder, type: CstNode): TensorTypeExpr {
  const word = tokenAmong(type, elements).image;
  const element = elements.find((known) => known === word) ?? "f32";
  const axes = nodes(type, "axes").flatMap((list) => nodes(list, "axis"));
  const bound = optionalExpression(builder, type);
  if (bound && (element === "f32" || element === "bool"))
    builder.report(boundNotAllowed(bound.span, element));
  return {
    kind: "tensor",
    element,
    axes: axes.map((axis) => buildAxis(builder, axis)),
    bound,
    span: spanOfNode(builder, type),
  };
}

function buildAxis(builder: Builder, axis: CstNode): AxisExpr {
  const span = spanOfNode(builder, axis);
  const size = optionalExpression(builder, axis);
  return size
    ? { kind: "axis", size, ragged: tokens(axis, "Tilde").length > 0, span }
    : { kind: "rest", span };
}
