/** Declarations and statements: gives the grammar's concrete trees the shape of `ast.ts`. */
import type { CstNode, IToken } from "chevrotain";
import { at } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type {
  AddedMember,
  Declaration,
  FunctionDecl,
  Import,
  InterfaceDecl,
  Method,
  MethodSignature,
  ModelDecl,
  ModelMember,
  ModuleDecl,
  Return,
  Statement,
  VariantDecl,
} from "./ast.ts";
import { buildExpression } from "./build-expression.ts";
import { buildParameters, buildSignature, buildTensorType, optionalExpression } from "./build-signature.ts";
import { buildTrain } from "./build-train.ts";
import { buildWeights } from "./build-weights.ts";
import { type Builder, chosen, identifier, node, nodes, spanOfNode, token, tokens } from "./cst.ts";
import {
  missingResult,
  missingReturn,
  spanOf,
  statementAfterReturn,
  statementBelowMethods,
  wrongCase,
} from "./messages.ts";

/** An import, a declaration, or null for a declaration that lacks a part which the tree cannot do without. */
export function buildDeclaration(builder: Builder, declaration: CstNode): Import | Declaration | null {
  const tree = chosen(declaration);
  switch (tree.name) {
    case "importDeclaration":
      return buildImport(builder, tree);
    case "interfaceDeclaration":
      return buildInterface(builder, tree);
    case "functionDeclaration":
      return buildFunction(builder, tree);
    case "moduleDeclaration":
      return buildModule(builder, tree);
    case "modelDeclaration":
      return nodes(tree, "modelBlock").length > 0 ? buildModel(builder, tree) : buildVariant(builder, tree);
    case "weightsDeclaration":
      return buildWeights(builder, tree);
    default:
      return buildTrain(builder, tree);
  }
}

function buildImport(builder: Builder, tree: CstNode): Import {
  const names = tokens(tree, "Name").map((name) => identifier(builder, name));
  const span = spanOfNode(builder, tree);
  const text = tokens(tree, "QuotedText")[0];
  if (text) {
    return {
      path: text.image.slice(1, -1),
      pathSpan: spanOf(builder.source, text),
      quoted: true,
      names,
      span,
    };
  }
  const path = node(tree, "importPath");
  const parts = tokens(path, "Name").map((part) => part.image);
  return { path: parts.join("."), pathSpan: spanOfNode(builder, path), quoted: false, names, span };
}

/** Reports a name of a declaration that starts with the wrong kind of letter. */
function checkCase(builder: Builder, name: IToken, what: string, capital: boolean): void {
  if (/^[A-Z]/.test(name.image) === capital) return;
  builder.report(wrongCase(spanOf(builder.source, name), name.image, what, capital));
}

function buildInterface(builder: Builder, tree: CstNode): InterfaceDecl {
  const span = spanOfNode(builder, tree);
  const name = token(tree, "Name");
  checkCase(builder, name, "interface", true);
  const methods = nodes(node(tree, "interfaceBlock"), "methodSignature").map((method): MethodSignature => {
    const own = tokens(method, "Name")[0];
    const doc = builder.docAt(spanOfNode(builder, method).start);
    const signature = buildSignature(
      builder,
      node(method, "signature"),
      own ? identifier(builder, own) : null,
      doc,
    );
    if (signature.result === null) builder.report(missingResult(signature.span));
    return signature;
  });
  return {
    kind: "interface",
    doc: builder.docAt(span.start),
    name: identifier(builder, name),
    parameters: buildParameters(builder, nodes(tree, "parameters")[0]),
    methods,
    span,
  };
}

function buildFunction(builder: Builder, tree: CstNode): FunctionDecl | null {
  const span = spanOfNode(builder, tree);
  const doc = builder.docAt(span.start);
  checkCase(builder, token(tree, "Name"), "function", false);
  const name = identifier(builder, token(tree, "Name"));
  const signature = buildSignature(builder, node(tree, "signature"), name, doc);
  const body = buildBody(builder, node(tree, "methodBlock"), "function", name.span);
  return body && { kind: "function", doc, name, signature, ...body, span };
}

function buildModule(builder: Builder, tree: CstNode): ModuleDecl {
  const span = spanOfNode(builder, tree);
  const own = token(tree, "Name");
  const fulfilled = tokens(tree, "Name")[1];
  checkCase(builder, own, "module", true);
  const body: Statement[] = [];
  const methods: Method[] = [];
  for (const member of nodes(node(tree, "moduleBlock"), "moduleMember").map(chosen)) {
    if (member.name === "method") {
      const method = buildMethod(builder, member);
      if (method) methods.push(method);
      continue;
    }
    const first = methods[0];
    if (first) builder.report(statementBelowMethods(spanOfNode(builder, member), first.signature.span));
    body.push(buildStatement(builder, member));
  }
  return {
    kind: "module",
    doc: builder.docAt(span.start),
    name: identifier(builder, own),
    parameters: buildParameters(builder, nodes(tree, "parameters")[0]),
    implements: fulfilled ? identifier(builder, fulfilled) : null,
    body,
    methods,
    span,
  };
}

function buildMethod(builder: Builder, tree: CstNode): Method | null {
  const span = spanOfNode(builder, tree);
  const doc = builder.docAt(span.start);
  const name = tokens(tree, "Name")[0];
  const signature = buildSignature(
    builder,
    node(tree, "signature"),
    name ? identifier(builder, name) : null,
    doc,
  );
  const body = buildBody(builder, node(tree, "methodBlock"), "method", signature.span);
  return body && { doc, signature, ...body, span };
}

/** The statements of a function or method, and the `return` that must end them; null without one. */
function buildBody(
  builder: Builder,
  block: CstNode,
  what: string,
  head: Span,
): { body: Statement[]; result: Return } | null {
  const body: Statement[] = [];
  let result: Return | null = null;
  for (const statement of nodes(block, "bodyStatement").map(chosen)) {
    if (result) builder.report(statementAfterReturn(spanOfNode(builder, statement), result.span));
    else if (statement.name === "returnStatement") result = buildReturn(builder, statement);
    else body.push(buildStatement(builder, statement));
  }
  if (result) return { body, result };
  if (!builder.isMissing(spanOfNode(builder, block))) builder.report(missingReturn(head, what));
  return null;
}

function buildReturn(builder: Builder, tree: CstNode): Return {
  const returned = nodes(tree, "returned");
  const values = returned.map((part) => buildExpression(builder, node(part, "expression")));
  const names = returned.map((part) => {
    const name = tokens(part, "Name")[0];
    return name === undefined ? null : identifier(builder, name);
  });
  const isRecord = values.length > 1 || names.some((name) => name !== null);
  return { kind: isRecord ? "record" : "single", values, names, span: spanOfNode(builder, tree) };
}

function buildStatement(builder: Builder, tree: CstNode): Statement {
  const span = spanOfNode(builder, tree);
  const doc = builder.docAt(span.start);
  const name = identifier(builder, token(tree, "Name"));
  const value = () => buildExpression(builder, node(tree, "expression"));
  if (tree.name === "letStatement") return { kind: "let", doc, name, value: value(), span };
  if (tree.name === "updateStatement") return { kind: "update", doc, target: name, value: value(), span };
  const kind = tree.name === "stateStatement" ? "state" : "param";
  const type = buildTensorType(builder, node(tree, "tensorType"));
  return { kind, doc, name, type, init: optionalExpression(builder, tree), span };
}

function buildModel(builder: Builder, tree: CstNode): ModelDecl {
  const span = spanOfNode(builder, tree);
  const name = token(tree, "Name");
  checkCase(builder, name, "model", true);
  const members = nodes(node(tree, "modelBlock"), "modelMember").map((member) =>
    buildMember(builder, chosen(member)),
  );
  return { kind: "model", doc: builder.docAt(span.start), name: identifier(builder, name), members, span };
}

function buildMember(builder: Builder, tree: CstNode): ModelMember {
  const span = spanOfNode(builder, tree);
  const doc = builder.docAt(span.start);
  const names = tokens(tree, "Name").map((name) => identifier(builder, name));
  switch (tree.name) {
    case "dataMember": {
      const kind = tokens(tree, "input").length > 0 ? "input" : "label";
      return {
        kind,
        doc,
        name: at(names, 0),
        type: buildTensorType(builder, node(tree, "tensorType")),
        span,
      };
    }
    case "outputMember": {
      const predicts = tokens(tree, "predicts").length > 0;
      const outputs = predicts ? names.slice(0, -1) : names;
      return { kind: "output", doc, names: outputs, predicts: predicts ? at(names, -1) : null, span };
    }
    default:
      return buildAddition(builder, tree) ?? buildStatement(builder, tree);
  }
}

/** A member that a variant may have too; null for the others. */
function buildAddition(builder: Builder, tree: CstNode): AddedMember | null {
  const span = spanOfNode(builder, tree);
  const names = tokens(tree, "Name").map((name) => identifier(builder, name));
  const common = { doc: builder.docAt(span.start), name: at(names, 0), span };
  const value = () => buildExpression(builder, node(tree, "expression"));
  switch (tree.name) {
    case "sizeMember":
      return { kind: "size", ...common, default: optionalExpression(builder, tree) };
    case "settingMember":
      return { kind: tokens(tree, "number").length > 0 ? "number" : "flag", ...common, default: value() };
    case "slotMember":
      return { kind: "slot", ...common, interface: at(names, 1), default: optionalExpression(builder, tree) };
    case "lossMember":
      return { kind: "loss", ...common, value: value() };
    default:
      return null;
  }
}

function buildVariant(builder: Builder, tree: CstNode): VariantDecl {
  const span = spanOfNode(builder, tree);
  const own = token(tree, "Name");
  const base = at(tokens(tree, "Name"), 1);
  checkCase(builder, own, "model", true);
  const members = nodes(node(tree, "variantBlock"), "variantMember").map(chosen);
  const overrides = members
    .filter(({ name }) => name === "override")
    .map((override) => ({
      name: identifier(builder, token(override, "Name")),
      value: buildExpression(builder, node(override, "expression")),
      span: spanOfNode(builder, override),
    }));
  const additions = members.flatMap((member) => buildAddition(builder, member) ?? []);
  return {
    kind: "variant",
    doc: builder.docAt(span.start),
    name: identifier(builder, own),
    base: identifier(builder, base),
    overrides,
    additions,
    span,
  };
}
