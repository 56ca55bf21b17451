/** Names in scope while a model is unrolled. Values are computed when they are first needed, so that what nothing reads is never built. */

import { CompilerBug } from "../base/invariant.ts";
import type { FileScope } from "../check/scope.ts";
import type { Call, Expression } from "../syntax/ast.ts";
import type { AxisType } from "../types/tensor-type.ts";
import type { Value } from "./values.ts";

type Binding = { readonly make: () => Value } | { readonly value: Value } | "being made";

/** Where in the unrolled program evaluation stands: decides parameter paths and random sites. */
export interface Place {
  /** Path of the instance whose body is evaluated; "" in the model itself. */
  readonly path: string;
  /** Slots that the instance came from, outermost first. */
  readonly slots: readonly string[];
  /** Names the chain of calls, for random numbers. */
  readonly calls: string;
}

/** A statement and the calls in it that make instances, in the order of the text, by which several instances of one statement are told apart. */
export interface Making {
  readonly name: string;
  readonly order: readonly Call[];
}

export class Scope {
  readonly file: FileScope;
  readonly place: Place;
  readonly #outer: Scope | null;
  readonly #bindings = new Map<string, Binding>();
  /** What `..` stands for in this call. */
  rest: readonly AxisType[] | null = null;

  /** The statement whose value is being computed; null outside statements. */
  readonly making: Making | null;

  /** The scope of the statements that this one is nested in: new axis names are seen by all of them. */
  readonly #body: Scope;

  constructor(
    outer: Scope | null,
    file: FileScope,
    place: Place,
    making: Making | null = null,
    body: Scope | null = null,
  ) {
    this.#outer = outer;
    this.#body = body ?? this;
    this.file = file;
    this.place = place;
    this.making = making;
  }

  /** A scope inside this one, at the same place. */
  nested(): Scope {
    return new Scope(this, this.file, this.place, this.making, this.#body);
  }

  /** The scope in which the value of `name = expression` is computed: instances made in it are called after the statement. */
  inStatement(name: string, expression: Expression): Scope {
    return new Scope(
      this,
      this.file,
      this.place,
      { name, order: constructions(expression, this) },
      this.#body,
    );
  }

  /** Defines a name for all statements of the body that this scope lies in. */
  defineInBody(name: string, value: Value): void {
    this.#body.define(name, value);
  }

  define(name: string, value: Value): void {
    this.#bindings.set(name, { value });
  }

  defineLazily(name: string, make: () => Value): void {
    this.#bindings.set(name, { make });
  }

  /** The value of a name, or null when no enclosing scope has it. */
  lookup(name: string): Value | null {
    const binding = this.#bindings.get(name);
    if (binding === undefined) return this.#outer?.lookup(name) ?? null;
    if (binding === "being made") throw new CompilerBug(`\`${name}\` is defined by itself`);
    if ("value" in binding) return binding.value;
    this.#bindings.set(name, "being made");
    const value = binding.make();
    this.#bindings.set(name, { value });
    return value;
  }

  /** Whether a name stands for a module or a slot. Modules are never the value of a statement, so nothing has to be computed to know. */
  holdsModule(name: string): boolean {
    const binding = this.#bindings.get(name);
    if (binding === undefined)
      return this.#outer?.holdsModule(name) ?? this.file.names.get(name)?.kind === "module";
    return binding !== "being made" && "value" in binding && binding.value.kind === "module";
  }

  /** `..` of the innermost call that has one. */
  restAxes(): readonly AxisType[] | null {
    return this.rest ?? this.#outer?.restAxes() ?? null;
  }
}

/** The calls of an expression that make an instance, in the order of the text. */
function constructions(expression: Expression, scope: Scope): Call[] {
  return calls(expression, (call) => call.callee.kind === "name" && scope.holdsModule(call.callee.name)).sort(
    (a, b) => a.span.start - b.span.start || a.span.end - b.span.end,
  );
}

function calls(expression: Expression, makes: (call: Call) => boolean): Call[] {
  const within = (part: Expression) => calls(part, makes);
  switch (expression.kind) {
    case "number":
    case "flag":
    case "name":
      return [];
    case "unary":
      return within(expression.operand);
    case "binary":
      return [...within(expression.left), ...within(expression.right)];
    case "call": {
      const made = makes(expression);
      // A module given as a setting, `Mlp(…, Gelu())`, is made by whoever receives it.
      const inner = expression.arguments
        .map(({ value }) => value)
        .filter((value) => !(made && value.kind === "call" && makes(value)));
      return [...(made ? [expression] : []), ...within(expression.callee), ...inner.flatMap(within)];
    }
    case "member":
      return within(expression.object);
    case "list":
      return expression.items.flatMap(within);
    case "comprehension":
      return [...within(expression.body), ...within(expression.iterable)];
    case "range":
      return [...within(expression.from), ...within(expression.to)];
    case "if":
      return [...within(expression.condition), ...within(expression.then), ...within(expression.else)];
  }
}
