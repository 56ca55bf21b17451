/** In which order declarations are checked: what is used comes before what uses it. Declarations that contain themselves are found here. */
import { at } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type {
  Argument,
  Expression,
  MethodSignature,
  ModelMember,
  Parameter,
  Return,
  Statement,
} from "../syntax/ast.ts";
import type { TrainDecl } from "../syntax/ast-train.ts";
import {
  type Definition,
  isFunction,
  isInterface,
  isModel,
  isModule,
  isVariant,
  isWeights,
} from "./scope.ts";

/** Names that a declaration mentions in its expressions, with the first place of each. */
class Mentions {
  readonly names = new Map<string, Span>();

  add(name: string, span: Span): void {
    if (!this.names.has(name)) this.names.set(name, span);
  }

  expression(expression: Expression | null): void {
    if (expression === null) return;
    switch (expression.kind) {
      case "name":
        this.add(expression.name, expression.span);
        return;
      case "unary":
        this.expression(expression.operand);
        return;
      case "binary":
        this.expression(expression.left);
        this.expression(expression.right);
        return;
      case "call":
        this.expression(expression.callee);
        for (const argument of expression.arguments) this.expression(argument.value);
        return;
      case "member":
        this.expression(expression.object);
        return;
      case "list":
        for (const item of expression.items) this.expression(item);
        return;
      case "comprehension":
        this.expression(expression.iterable);
        this.expression(expression.body);
        return;
      case "range":
        this.expression(expression.from);
        this.expression(expression.to);
        return;
      case "if":
        this.expression(expression.condition);
        this.expression(expression.then);
        this.expression(expression.else);
        return;
      default:
        return;
    }
  }

  body(statements: readonly Statement[], result: Return | null): void {
    for (const statement of statements)
      this.expression("value" in statement ? statement.value : statement.init);
    for (const value of result?.values ?? []) this.expression(value);
  }

  members(members: readonly ModelMember[]): void {
    for (const member of members) {
      if (member.kind === "slot") this.add(member.interface.name, member.interface.span);
      if ("value" in member) this.expression(member.value);
      if ("default" in member) this.expression(member.default);
      if ("init" in member) this.expression(member.init);
    }
  }

  signature(signature: MethodSignature): void {
    for (const argument of signature.arguments) this.parameter(argument);
  }

  parameter(parameter: Parameter | Argument): void {
    if (parameter.type.kind === "interface") this.add(parameter.type.name.name, parameter.type.name.span);
    this.expression(parameter.default);
  }
}

/** Names that a declaration mentions; those that are declarations of its file are what it depends on. */
export function mentionsOf(definition: Definition): ReadonlyMap<string, Span> {
  const mentions = new Mentions();
  if (isInterface(definition)) {
    for (const parameter of definition.declaration.parameters) mentions.parameter(parameter);
    for (const signature of definition.declaration.methods) mentions.signature(signature);
  } else if (isFunction(definition)) {
    mentions.signature(definition.declaration.signature);
    mentions.body(definition.declaration.body, definition.declaration.result);
  } else if (isModule(definition)) {
    const { parameters, body, methods, implements: wanted } = definition.declaration;
    for (const parameter of parameters) mentions.parameter(parameter);
    if (wanted !== null) mentions.add(wanted.name, wanted.span);
    mentions.body(body, null);
    for (const method of methods) {
      mentions.signature(method.signature);
      mentions.body(method.body, method.result);
    }
  } else if (isVariant(definition)) {
    const { base, overrides, additions } = definition.declaration;
    mentions.add(base.name, base.span);
    for (const override of overrides) mentions.expression(override.value);
    mentions.members(additions);
  } else if (isWeights(definition)) {
    mentions.add(definition.declaration.module.name, definition.declaration.module.span);
  } else if (isModel(definition)) {
    mentions.members(definition.declaration.members);
  }
  return mentions.names;
}

/** Names that a train block mentions: its model, what it minimises, the tables of names that it loads weights by. */
export function mentionsOfTrain({ model, members }: TrainDecl): ReadonlyMap<string, Span> {
  const mentions = new Mentions();
  mentions.add(model.name, model.span);
  for (const member of members) {
    if (member.kind === "load" && member.from.kind === "checkpoint")
      mentions.add(member.from.weights.name, member.from.weights.span);
    if (member.kind === "phase")
      for (const part of member.members) if ("value" in part) mentions.expression(part.value);
  }
  return mentions.names;
}

/** Names that an expression mentions. */
export function mentionsIn(expression: Expression): ReadonlyMap<string, Span> {
  const mentions = new Mentions();
  mentions.expression(expression);
  return mentions.names;
}

/** A declaration and the place where it mentions the next one of a cycle. */
export interface CycleLink {
  readonly definition: Definition;
  readonly span: Span;
}

export interface CheckingOrder {
  readonly order: readonly Definition[];
  readonly cycles: readonly (readonly CycleLink[])[];
}

interface Visit {
  readonly definition: Definition;
  readonly edges: readonly CycleLink[];
  next: number;
}

/** Depth first without recursion, since chains of declarations can be long. */
export function checkingOrder(definitions: readonly Definition[]): CheckingOrder {
  const order: Definition[] = [];
  const cycles: (readonly CycleLink[])[] = [];
  const state = new Map<Definition, "open" | "done">();
  for (const root of definitions) {
    const path: Visit[] = [];
    const enter = (definition: Definition): void => {
      state.set(definition, "open");
      path.push({ definition, edges: edgesOf(definition), next: 0 });
    };
    if (!state.has(root)) enter(root);
    while (path.length > 0) {
      const visit = at(path, -1);
      const edge = visit.edges[visit.next++];
      if (edge === undefined) {
        state.set(visit.definition, "done");
        order.push(visit.definition);
        path.pop();
      } else if (state.get(edge.definition) === "open") cycles.push(cycleFrom(path, edge.definition));
      else if (!state.has(edge.definition)) enter(edge.definition);
    }
  }
  return { order, cycles };
}

function edgesOf(definition: Definition): CycleLink[] {
  return [...mentionsOf(definition)].flatMap(([name, span]) => {
    const target = definition.scope.names.get(name);
    return target === undefined ? [] : [{ definition: target, span }];
  });
}

/** The links of the path from `start` to its end, each with the place where it mentions the next. */
function cycleFrom(path: readonly Visit[], start: Definition): CycleLink[] {
  const from = path.findIndex((visit) => visit.definition === start);
  return path
    .slice(from)
    .map((visit) => ({ definition: visit.definition, span: at(visit.edges, visit.next - 1).span }));
}
