/** Tables of weights: fields of a configuration and names of tensors. */
import type { CstNode, IToken } from "chevrotain";
import { at } from "../base/invariant.ts";
import type { Quoted, WeightsDecl, WeightsMember } from "./ast.ts";
import { buildPath } from "./build-train.ts";
import { type Builder, chosen, identifier, node, nodes, spanOfNode, token, tokens } from "./cst.ts";
import { spanOf } from "./messages.ts";

export function buildWeights(builder: Builder, weights: CstNode): WeightsDecl {
  const span = spanOfNode(builder, weights);
  const [name, module] = tokens(weights, "Name");
  const members = nodes(node(weights, "weightsBlock"), "weightsMember").map((member) =>
    buildMember(builder, chosen(member)),
  );
  return {
    kind: "weights",
    doc: builder.docAt(span.start),
    name: identifier(builder, name ?? token(weights, "Name")),
    module: identifier(builder, module ?? token(weights, "Name")),
    members,
    span,
  };
}

function buildMember(builder: Builder, member: CstNode): WeightsMember {
  const span = spanOfNode(builder, member);
  const quoted = tokens(member, "QuotedText").map((text) => unquoted(builder, text));
  switch (member.name) {
    case "configMember":
      return {
        kind: "config",
        field: identifier(builder, token(member, "Name")),
        value: configValue(builder, member),
        span,
      };
    case "prefixMember":
      return { kind: "prefix", prefix: at(quoted, 0), span };
    default:
      return { kind: "tensor", names: quoted, path: buildPath(builder, node(member, "path")), span };
  }
}

function configValue(builder: Builder, member: CstNode): Extract<WeightsMember, { kind: "config" }>["value"] {
  const text = tokens(member, "QuotedText")[0];
  if (text !== undefined) return { kind: "fixed", value: text.image.slice(1, -1) };
  const number = tokens(member, "NumberLiteral")[0];
  if (number !== undefined) return { kind: "fixed", value: Number(number.image) };
  return { kind: "setting", name: identifier(builder, at(tokens(member, "Name"), 1)) };
}

function unquoted(builder: Builder, text: IToken): Quoted {
  return { text: text.image.slice(1, -1), span: spanOf(builder.source, text) };
}
