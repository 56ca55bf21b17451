/** Statements as names in scope. */
import type { Statement } from "../syntax/ast.ts";
import type { Elaboration } from "./elaboration.ts";
import { makeParameter } from "./parameters.ts";
import { bindRenames } from "./renames.ts";
import type { Scope } from "./scope.ts";
import type { Value } from "./values.ts";

/** Binds the names of statements; each is computed when something reads it. `origin` makes nodes remember the statement (in the model itself, not inside the library). */
export function bindStatements(
  e: Elaboration,
  statements: readonly Statement[],
  scope: Scope,
  origin: boolean,
): void {
  bindRenames(
    e,
    statements.flatMap((statement) => (statement.kind === "param" ? [] : [statement.value])),
    scope,
  );
  for (const statement of statements)
    scope.defineLazily(statement.name.name, () => {
      const outer = e.labels;
      e.labels = [];
      const make = (): Value =>
        statement.kind === "param"
          ? makeParameter(e, statement, scope)
          : e.evaluate(statement.value, scope.inStatement(statement.name.name, statement.value));
      const value = origin ? e.host.g.withOrigin(statement.span, make) : make();
      e.labels = outer;
      return value;
    });
}
