/** Statements as names in scope, and updates for later. */
import type { Definition, Statement } from "../syntax/ast.ts";
import type { Elaboration } from "./elaboration.ts";
import { makeParameter } from "./parameters.ts";
import { bindRenames } from "./renames.ts";
import type { Scope } from "./scope.ts";
import { noteUpdate } from "./states.ts";
import type { Value } from "./values.ts";

/**
 * Binds the names of statements; each is computed when something reads it. `origin` makes nodes remember the statement (in the model itself,
 * not inside the library). `homeOf` gives the scope of a statement that stands in another file.
 */
export function bindStatements(
  e: Elaboration,
  statements: readonly Statement[],
  scope: Scope,
  origin: boolean,
  homeOf: (statement: Statement) => Scope = () => scope,
): void {
  bindRenames(
    e,
    statements.flatMap((statement) => ("value" in statement ? [statement.value] : [])),
    scope,
  );
  for (const statement of statements)
    if (statement.kind === "update") noteUpdate(e, statement, scope);
    else define(e, statement, { scope, home: homeOf(statement) }, origin);
}

function define(
  e: Elaboration,
  statement: Definition,
  { scope, home }: { readonly scope: Scope; readonly home: Scope },
  origin: boolean,
): void {
  scope.defineLazily(statement.name.name, () => {
    const outer = e.labels;
    e.labels = [];
    const make = (): Value =>
      statement.kind === "let"
        ? e.evaluate(statement.value, home.inStatement(statement.name.name, statement.value))
        : makeParameter(e, statement, home);
    const value = origin ? e.host.g.withOrigin(statement.span, make) : make();
    e.labels = outer;
    return value;
  });
}
