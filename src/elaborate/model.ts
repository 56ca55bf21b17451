/** A model with all sizes known: its inputs, losses, objectives and outputs as graph nodes, each built when it is asked for. */
import { invariant } from "../base/invariant.ts";
import type { RaggedLengths, TensorValue } from "../builtins/build-context.ts";
import type { CheckedModel, CheckedPhase } from "../check/checked.ts";
import { type FileScope, isInterface } from "../check/scope.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Node } from "../ir/graph.ts";
import type {
  Comprehension,
  Expression,
  Identifier,
  ModelMember,
  Statement,
  TensorTypeExpr,
} from "../syntax/ast.ts";
import { beforeRenames, type Dim, dimSymbol, makeSymbol } from "../types/dim.ts";
import type { AxisType } from "../types/tensor-type.ts";
import { axisOf, tensorType } from "../types/tensor-type.ts";
import { moduleValue } from "./arguments.ts";
import { asTensor, dimOf } from "./coerce.ts";
import type { ElaborationHost } from "./elaboration.ts";
import { Elaboration } from "./elaboration.ts";
import { evaluate } from "./evaluate.ts";
import { Scope } from "./scope.ts";
import { sizeOf } from "./signature.ts";
import { bindStatements } from "./statements.ts";
import { updatedTwice } from "./states.ts";
import { numberValue } from "./statics.ts";
import type { Value } from "./values.ts";

/** Members of a kind; inputs and labels share one form. */
type Member<K extends ModelMember["kind"]> = ModelMember extends infer M
  ? M extends { readonly kind: infer Kinds }
    ? K extends Kinds
      ? M
      : never
    : never
  : never;

/** A scalar of the model, with the terms that it is the sum of when it was written as one. */
export interface ElaboratedLoss {
  readonly name: string;
  readonly node: Node;
  readonly terms: readonly { readonly name: string; readonly node: Node }[];
}

export class ElaboratedModel {
  readonly #e: Elaboration;
  readonly #model: CheckedModel;
  readonly #scope: Scope;
  readonly #given: ReadonlyMap<string, number>;
  readonly #updates = new Map<string, { readonly node: Node; readonly span: Span }>();

  /** `sizes`: numbers for the model's sizes, from the dataset and from settings; they replace defaults. */
  constructor(model: CheckedModel, sizes: ReadonlyMap<string, number>, host: ElaborationHost) {
    this.#e = new Elaboration(host, evaluate);
    this.#model = model;
    this.#given = sizes;
    this.#scope = new Scope(null, model.scope, { path: "", slots: [], calls: "", step: null });
    this.#defineMembers();
  }

  get lossNames(): readonly string[] {
    return this.#members("loss").map((member) => member.name.name);
  }

  /** Whether what was built so far depends on whether this is training. */
  get choosesByTraining(): boolean {
    return this.#e.choosesByTraining;
  }

  /** Named outputs, with the label that each predicts. */
  get outputs(): readonly { readonly name: string; readonly predicts: string | null }[] {
    return this.#members("output").flatMap((member) =>
      member.names.map(({ name }) => ({ name, predicts: member.predicts?.name ?? null })),
    );
  }

  /** The number of a size or number of the model. */
  size(name: string): number {
    const value = this.#scope.lookup(name);
    invariant(value?.kind === "number", `the model has no size ${name}`);
    return value.value;
  }

  /** Whether an axis is that of the rows of a batch, under whatever name. */
  isBatch(dim: Dim): boolean {
    const rows = this.#scope.lookup("B");
    return rows?.kind === "number" && rows.dim?.key === beforeRenames(dim).key;
  }

  loss(name: string): ElaboratedLoss {
    const member = this.#members("loss").find((candidate) => candidate.name.name === name);
    invariant(member !== undefined, `the model has no loss ${name}`);
    const node = this.value(name).node;
    const comprehension = summedComprehension(member.value);
    if (comprehension === null) return { name, node, terms: [] };
    const list = this.#e.host.g.withOrigin(member.span, () =>
      evaluate(this.#e, comprehension, this.#homeOf(member).inStatement(name, member.value)),
    );
    invariant(list.kind === "list", "a comprehension that is not a list");
    const terms = list.items.map((item, index) => ({
      name: `${name}[${list.labels[index] ?? index}]`,
      node: asTensor(this.#e, item).node,
    }));
    return { name, node, terms };
  }

  /** What a phase minimises or maximises: any scalar expression over the names of the model and of the file that says so. */
  objective({ name, objective, scope }: Pick<CheckedPhase, "name" | "objective" | "scope">): Node {
    const home = this.#scopeIn(scope);
    const value = this.#e.host.g.withOrigin(objective.span, () =>
      evaluate(this.#e, objective, home.inStatement(`phase ${name}`, objective)),
    );
    return asTensor(this.#e, value).node;
  }

  /**
   * What states become, by path, as far as what was asked for so far updates them. Throws a UserError when two calls of one instance give
   * a state different values.
   */
  stateUpdates(): ReadonlyMap<string, Node> {
    // Computing a new value may call instances that have states of their own.
    for (let noted = this.#e.takeUpdates(); noted.length > 0; noted = this.#e.takeUpdates())
      for (const { path, span, value } of noted) {
        const node = this.#e.host.g.withOrigin(span, value);
        const known = this.#updates.get(path);
        if (known !== undefined && known.node !== node) throw updatedTwice(path, known.span, span);
        this.#updates.set(path, { node, span });
      }
    return new Map([...this.#updates].map(([path, { node }]) => [path, node]));
  }

  /** A tensor by its name in the model. */
  value(name: string): TensorValue {
    const value = this.#scope.lookup(name);
    invariant(value !== null, `the model has no value ${name}`);
    return asTensor(this.#e, value);
  }

  /** The names of the model, seen from a file. */
  #scopeIn(file: FileScope): Scope {
    return file === this.#scope.file ? this.#scope : new Scope(this.#scope, file, this.#scope.place);
  }

  #homeOf(member: ModelMember): Scope {
    return this.#scopeIn(this.#model.homes.get(member) ?? this.#model.scope);
  }

  #members<K extends ModelMember["kind"]>(kind: K): Member<K>[] {
    return this.#model.declaration.members.filter((member): member is Member<K> => member.kind === kind);
  }

  #defineMembers(): void {
    this.#requireSizes();
    const scope = this.#scope;
    for (const kind of ["size", "number", "flag"] as const)
      for (const member of this.#members(kind))
        scope.defineLazily(member.name.name, () => this.#setting(member));
    for (const kind of ["input", "label"] as const)
      for (const member of this.#members(kind)) {
        for (const axis of axisNames(member.type))
          if (scope.lookup(axis.name) === null) scope.define(axis.name, this.#dataSize(axis));
      }
    for (const member of this.#members("slot")) scope.define(member.name.name, this.#slot(member));
    for (const kind of ["input", "label"] as const)
      for (const member of this.#members(kind))
        scope.defineLazily(member.name.name, () => this.#input(member));
    const homes = new Map<Statement, Scope>();
    for (const member of this.#model.declaration.members)
      if (
        member.kind === "let" ||
        member.kind === "param" ||
        member.kind === "state" ||
        member.kind === "update"
      )
        homes.set(member, this.#homeOf(member));
      else if (member.kind === "loss") homes.set({ ...member, kind: "let" }, this.#homeOf(member));
    bindStatements(this.#e, [...homes.keys()], scope, true, (statement) => homes.get(statement) ?? scope);
  }

  /** An override, the number that was given from outside, or the default. */
  #setting(member: Member<"size"> | Member<"number"> | Member<"flag">): Value {
    const { name } = member.name;
    const override = this.#model.overrides.get(name);
    const given = this.#given.get(name);
    if (member.kind === "size") {
      const expression = override?.value ?? member.default;
      const size = given ?? (expression === null ? null : this.#number(expression));
      invariant(size !== null, `size ${name} has no value`);
      return this.#sizeValue(name, member.name.span, size);
    }
    const expression = override?.value ?? member.default;
    return evaluate(this.#e, expression, this.#scope.inStatement(name, expression));
  }

  #number(expression: Expression): number {
    const dim = dimOf(this.#e, expression, this.#scope);
    return sizeOf(dim, this.#e.sizes);
  }

  #sizeValue(name: string, span: Member<"size">["span"], size: number): Value {
    const symbol = makeSymbol(name, span);
    this.#e.sizes.set(symbol.id, size);
    return numberValue(size, dimSymbol(symbol));
  }

  #dataSize(axis: Identifier): Value {
    const size = this.#given.get(axis.name);
    invariant(size !== undefined, `size ${axis.name} has no value`);
    return this.#sizeValue(axis.name, axis.span, size);
  }

  /** Every size that nothing gives a value: neither the dataset, nor a setting, nor a default. */
  #requireSizes(): void {
    const declared = new Set<string>();
    const missing = new Map<string, Diagnostic>();
    for (const { name, default: otherwise } of this.#members("size")) {
      declared.add(name.name);
      const known = otherwise !== null || this.#given.has(name.name) || this.#model.overrides.has(name.name);
      if (!known) missing.set(name.name, unbound(name, true));
    }
    const data = [...this.#members("input"), ...this.#members("label")];
    for (const axis of data.flatMap(({ type }) => axisNames(type)))
      if (!declared.has(axis.name) && !this.#given.has(axis.name) && !missing.has(axis.name))
        missing.set(axis.name, unbound(axis, false));
    if (missing.size > 0) throw new UserError([...missing.values()]);
  }

  #slot(member: Member<"slot">): Value {
    const { name } = member.name;
    const override = this.#model.overrides.get(name);
    const expression = override?.value ?? member.default;
    invariant(expression !== null, `slot ${name} is empty`);
    const home = override === undefined ? this.#homeOf(member) : this.#scopeIn(override.scope);
    const wanted = this.#homeOf(member).file.names.get(member.interface.name);
    invariant(wanted !== undefined && isInterface(wanted), `${member.interface.name} is not an interface`);
    return {
      ...moduleValue(this.#e, expression, home.inStatement(name, expression), name),
      through: wanted.declaration,
    };
  }

  #input(member: Member<"input"> | Member<"label">): TensorValue {
    const axes = member.type.axes.map((axis): AxisType => {
      invariant(axis.kind === "axis", "an input with `..`");
      return axisOf(dimOf(this.#e, axis.size, this.#scope), axis.ragged);
    });
    const bound = member.type.bound === null ? null : dimOf(this.#e, member.type.bound, this.#scope);
    const type = tensorType(member.type.element, axes, bound);
    const shape = axes.map((axis) => (axis.kind === "axis" ? sizeOf(axis.dim, this.#e.sizes) : 0));
    const { node, present, lengths } = this.#e.host.input({
      name: member.name.name,
      label: member.kind === "label",
      type,
      shape,
    });
    const [rows] = axes;
    invariant(rows?.kind === "axis", "an input without rows");
    const ragged = new Map<string, RaggedLengths>();
    for (const axis of axes) {
      if (axis.kind !== "axis" || !axis.ragged) continue;
      invariant(lengths !== null, `ragged input ${member.name.name} without lengths`);
      ragged.set(axis.dim.key, { lengths, along: rows.dim });
    }
    if (present !== null) this.#e.notePresence(present);
    const presence = new Map(present === null ? [] : [[rows.dim.key, new Set([present])] as const]);
    return { kind: "tensor", type, node, presence, ragged };
  }
}

/** Names that stand alone as an axis or a bound of a type. */
function axisNames(type: TensorTypeExpr): Identifier[] {
  const sizes = type.axes.flatMap((axis) => (axis.kind === "axis" ? [axis.size] : []));
  if (type.bound !== null) sizes.push(type.bound);
  return sizes.flatMap((size) => (size.kind === "name" ? [{ name: size.name, span: size.span }] : []));
}

/** A size without a value; one that the model declares can also be set on the command line. */
function unbound({ name, span }: Identifier, declared: boolean): Diagnostic {
  return {
    code: "unbound-size",
    severity: "error",
    title: "Size has no value",
    primary: { span, text: `\`${name}\` is not known` },
    related: [],
    text: `\`${name}\` comes from the dataset, and there is none here.`,
    hint: `Pass a dataset with \`--data DIR\`, ${declared ? `or \`--set ${name}=…\`, ` : ""}or give it a default in the model: \`size ${name} = …\`.`,
  };
}

/** The comprehension in `sum(… for …)`. */
function summedComprehension(expression: Expression): Comprehension | null {
  if (expression.kind !== "call" || expression.callee.kind !== "name" || expression.callee.name !== "sum")
    return null;
  const only = expression.arguments[0]?.value;
  return expression.arguments.length === 1 && only?.kind === "comprehension" ? only : null;
}
