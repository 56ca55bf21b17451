/** Names in scope while a model is unrolled. Values are computed when they are first needed, so that what nothing reads is never built. */

import { CompilerBug } from "../base/invariant.ts";
import type { FileScope } from "../check/scope.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Node } from "../ir/graph.ts";
import type { Call, Expression } from "../syntax/ast.ts";
import type { AxisType } from "../types/tensor-type.ts";
import { callsIn, partsOf } from "./parts.ts";
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
  /** In the step of a `scan`: the random state that stands for numbers drawn anew in every step. */
  readonly step: Node | null;
}

/**
 * The statement whose value is being computed. Instances that it makes and random numbers that it draws are called after it: by its name,
 * which no other statement of its body has, and by their place in its expressions.
 */
export class Making {
  readonly name: string;
  readonly #expressions: readonly Expression[];
  readonly #scope: Scope;
  #calls: readonly Call[] | null = null;
  #constructions: readonly Call[] | null = null;

  constructor(name: string, expressions: readonly Expression[], scope: Scope) {
    this.name = name;
    this.#expressions = expressions;
    this.#scope = scope;
  }

  /** The how-manieth call of the statement it is. One comes after those inside it, so that their places stay as they are under `recompute(…)`. */
  placeOf(call: Call): number {
    this.#calls ??= this.#expressions.flatMap(callsIn);
    const place = this.#calls.indexOf(call);
    if (place < 0) throw new CompilerBug(`a call of another statement at ${describePlace(call.span)}`);
    return place;
  }

  /** The calls that make instances, in the order of the text, by which several instances of one statement are told apart. */
  get constructions(): readonly Call[] {
    this.#constructions ??= this.#expressions
      .flatMap((expression) => madeIn(expression, (call) => makesInstance(call, this.#scope)))
      .sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
    return this.#constructions;
  }
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

  constructor(outer: Scope | null, file: FileScope, place: Place, making: Making | null = null) {
    this.#outer = outer;
    this.file = file;
    this.place = place;
    this.making = making;
  }

  /** A scope inside this one, at the same place. */
  nested(): Scope {
    return new Scope(this, this.file, this.place, this.making);
  }

  /** The scope in which the value of a statement is computed; `return` has several expressions where it gives a record. */
  inStatement(name: string, ...expressions: readonly Expression[]): Scope {
    return new Scope(this, this.file, this.place, new Making(name, expressions, this));
  }

  define(name: string, value: Value): void {
    this.#bindings.set(name, { value });
  }

  defineLazily(name: string, make: () => Value): void {
    this.#bindings.set(name, { make });
  }

  /** Whether a name has a value here, without computing it. */
  defines(name: string): boolean {
    return this.#bindings.has(name) || (this.#outer?.defines(name) ?? false);
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

function makesInstance({ callee }: Call, scope: Scope): boolean {
  return callee.kind === "name" && scope.holdsModule(callee.name);
}

function madeIn(expression: Expression, makes: (call: Call) => boolean): Call[] {
  const made = expression.kind === "call" && makes(expression);
  // A module given as a setting, `Mlp(…, Gelu())`, is made by whoever receives it.
  const inner = partsOf(expression).filter((part) => !(made && part.kind === "call" && makes(part)));
  return [...(made ? [expression] : []), ...inner.flatMap((part) => madeIn(part, makes))];
}
