/** Training declarations: batches, phases, selections of parameters. */
import type { CstNode } from "chevrotain";
import { at } from "../base/invariant.ts";
import { joinSpans } from "../diagnostics/source.ts";
import type { Call, Identifier } from "./ast.ts";
import type {
  Load,
  Phase,
  PhaseMember,
  Selection,
  SelectionPath,
  TrainDecl,
  TrainMember,
} from "./ast-train.ts";
import { buildArguments, buildExpression } from "./build-expression.ts";
import {
  type Builder,
  chosen,
  identifier,
  node,
  nodes,
  spanOfNode,
  token,
  tokenAmong,
  tokens,
} from "./cst.ts";
import { allNotAlone, spanOf } from "./messages.ts";

export function buildTrain(builder: Builder, train: CstNode): TrainDecl {
  const span = spanOfNode(builder, train);
  const members = nodes(node(train, "trainBlock"), "trainMember").map((member) =>
    buildMember(builder, chosen(member)),
  );
  return {
    kind: "train",
    doc: builder.docAt(span.start),
    model: identifier(builder, token(train, "Name")),
    changes: tokens(train, "with").length > 0,
    members,
    span,
  };
}

function buildMember(builder: Builder, member: CstNode): TrainMember {
  const span = spanOfNode(builder, member);
  const values = nodes(member, "expression").map((value) => buildExpression(builder, value));
  const names = tokens(member, "Name").map((name) => identifier(builder, name));
  switch (member.name) {
    case "batchMember":
      return { kind: "batch", labelled: at(values, 0), unlabelled: values[1] ?? null, span };
    case "countMember": {
      const kind = tokens(member, "epochs").length > 0 ? "epochs" : "patience";
      return { kind, count: at(values, 0), span };
    }
    case "selectMember": {
      const direction = tokens(member, "min").length > 0 ? "min" : "max";
      return { kind: "select", direction, split: at(names, 0), metric: at(names, 1), span };
    }
    case "loadMember":
      return buildLoad(builder, member);
    case "reportMember":
      return { kind: "report", metrics: names, span };
    default:
      return buildPhase(builder, member);
  }
}

function buildLoad(builder: Builder, member: CstNode): Load {
  const named = (label: string) => identifier(builder, token(member, label));
  const from: Load["from"] =
    tokens(member, "source").length > 0
      ? { kind: "checkpoint", name: named("source"), weights: named("weights") }
      : { kind: "vectors", field: named("field") };
  const into = nodes(node(member, "into"), "path").map((path) => buildPath(builder, path));
  return { kind: "load", from, into, span: spanOfNode(builder, member) };
}

function buildPhase(builder: Builder, phase: CstNode): Phase {
  const span = spanOfNode(builder, phase);
  const members = nodes(node(phase, "phaseBlock"), "phaseMember");
  return {
    kind: "phase",
    doc: builder.docAt(span.start),
    name: identifier(builder, token(phase, "Name")),
    members: members.map((member) => buildPhaseMember(builder, chosen(member))),
    span,
  };
}

function buildPhaseMember(builder: Builder, member: CstNode): PhaseMember {
  const span = spanOfNode(builder, member);
  const value = () => buildExpression(builder, node(member, "expression"));
  switch (member.name) {
    case "objectiveMember":
      return { kind: tokens(member, "minimize").length > 0 ? "minimize" : "maximize", value: value(), span };
    case "updatesMember":
      return { kind: "updates", selection: buildSelection(builder, node(member, "selection")), span };
    case "groupMember": {
      const selection = buildSelection(builder, node(member, "selection"));
      return { kind: "group", selection, settings: buildArguments(builder, node(member, "arguments")), span };
    }
    case "repeatMember":
      return { kind: "repeat", count: value(), span };
    case "clipMember":
      return { kind: "clip", by: tokens(member, "norm").length > 0 ? "norm" : "value", limit: value(), span };
    default: {
      const call = buildCall(builder, member);
      return tokens(member, "with").length > 0
        ? { kind: "with", optimizer: call, span }
        : { kind: "schedule", schedule: call, span };
    }
  }
}

function buildCall(builder: Builder, member: CstNode): Call {
  const { name, span } = identifier(builder, token(member, "Name"));
  const list = node(member, "arguments");
  return {
    kind: "call",
    callee: { kind: "name", name, span },
    arguments: buildArguments(builder, list),
    span: joinSpans(span, spanOfNode(builder, list)),
  };
}

function buildSelection(builder: Builder, selection: CstNode): Selection {
  const read = (kind: string): SelectionPath[] =>
    nodes(selection, kind).flatMap((list) => nodes(list, "path").map((path) => buildPath(builder, path)));
  const listed = read("include");
  const isAll = (path: SelectionPath) => path.parts.length === 1 && at(path.parts, 0).name === "all";
  const all = listed.some(isAll);
  if (all && listed.length > 1) builder.report(allNotAlone(spanOfNode(builder, node(selection, "include"))));
  return { all, include: all ? [] : listed, except: read("without"), span: spanOfNode(builder, selection) };
}

export function buildPath(builder: Builder, path: CstNode): SelectionPath {
  const named = nodes(path, "pathPart").map((part): Identifier => {
    const indices = nodes(part, "pathIndex").map(
      (index) => tokenAmong(index, ["Name", "NumberLiteral"]).image,
    );
    const name = token(part, "Name").image;
    const span = spanOfNode(builder, part);
    return { name: indices.length > 0 ? `${name}[${indices.join(",")}]` : name, span };
  });
  const numbered = tokens(path, "DotNumber").map((number): Identifier => {
    const span = spanOf(builder.source, number);
    return { name: number.image.slice(1), span: { ...span, start: span.start + 1 } };
  });
  const parts = [...named, ...numbered].sort((a, b) => a.span.start - b.span.start);
  return { parts, span: spanOfNode(builder, path) };
}
