/** Axis names that `rename` introduces. Statements are computed when they are read, in any order, so these names are there from the start of a body. */
import { invariant } from "../base/invariant.ts";
import { DATASET_ROWS } from "../builtins/predefined.ts";
import type { Call, CallArgument, Expression } from "../syntax/ast.ts";
import { dimSymbol, makeSymbol } from "../types/dim.ts";
import type { Elaboration } from "./elaboration.ts";
import { callsIn } from "./parts.ts";
import type { Scope } from "./scope.ts";
import { numberValue } from "./statics.ts";
import type { Value } from "./values.ts";

/** Defines the new names of every `rename(x, B = J)` in the expressions of a body; a name that is known keeps its meaning. */
export function bindRenames(e: Elaboration, expressions: readonly Expression[], scope: Scope): void {
  for (const argument of expressions.flatMap((expression) => callsIn(expression).flatMap(renamingsOf))) {
    if (argument.name === null || argument.value.kind !== "name") continue;
    const [from, to] = [argument.name.name, argument.value];
    if (scope.defines(to.name)) continue;
    scope.defineLazily(to.name, () => {
      const axis = axisNamed(e, from, scope);
      invariant(axis?.kind === "number", "renaming of something that is not an axis");
      const symbol = makeSymbol(to.name, to.span, axis.dim);
      e.sizes.set(symbol.id, axis.value);
      return numberValue(axis.value, dimSymbol(symbol));
    });
  }
}

/** What the name of an axis stands for; null when nothing has it. */
export function axisNamed(e: Elaboration, name: string, scope: Scope): Value | null {
  const found = scope.lookup(name);
  return found === null && name === DATASET_ROWS.name
    ? numberValue(e.host.rows, dimSymbol(DATASET_ROWS))
    : found;
}

function renamingsOf(call: Call): readonly CallArgument[] {
  return call.callee.kind === "name" && call.callee.name === "rename"
    ? call.arguments.filter((argument) => argument.name !== null)
    : [];
}
