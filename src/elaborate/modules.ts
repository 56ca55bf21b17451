/** Making instances of modules. */
import { CompilerBug, invariant } from "../base/invariant.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Call, ModuleDecl } from "../syntax/ast.ts";
import { defaultValue, moduleSettings } from "./arguments.ts";
import { dimOf } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { bindParameter } from "./invoke.ts";
import { Scope } from "./scope.ts";
import { Signature } from "./signature.ts";
import { bindStatements } from "./statements.ts";
import type { InstanceValue, ModuleValue } from "./values.ts";

export function makeInstance(e: Elaboration, module: ModuleValue, call: Call, scope: Scope): InstanceValue {
  const { declaration, scope: home } = module.definition;
  const settings = moduleSettings(e, module, call, scope);
  const slots = module.slot === null ? scope.place.slots : [...scope.place.slots, module.slot];
  const inner = new Scope(null, home, {
    path: instancePath(e, call, scope),
    slots,
    calls: e.callPath(scope, call),
    step: scope.place.step,
  });
  const signature = new Signature(
    inner,
    e.sizes,
    (expression, where) => dimOf(e, expression, where),
    new Map(),
  );
  for (const parameter of declaration.parameters) {
    const value =
      settings.get(parameter.name.name) ??
      (parameter.default === null ? null : defaultValue(e, parameter, parameter.default, inner));
    invariant(value !== null, `setting ${parameter.name.name} of ${declaration.name.name} is missing`);
    bindParameter(signature, inner, parameter, value);
  }
  bindStatements(e, declaration.body, inner, false);
  e.host.made?.({ path: inner.place.path, declaration, settings: staticSettings(declaration, inner) });
  return {
    kind: "instance",
    declaration,
    path: inner.place.path,
    scope: inner,
    outward: signature.outward.sizes,
  };
}

function staticSettings(declaration: ModuleDecl, scope: Scope): Map<string, number | boolean> {
  return new Map(
    declaration.parameters.flatMap(({ name }): [string, number | boolean][] => {
      const value = scope.lookup(name.name);
      return value?.kind === "number" || value?.kind === "flag" ? [[name.name, value.value]] : [];
    }),
  );
}

/** `h` for the only instance of the statement `h = …`, `h.1`, `h.2` for several, with the labels of comprehensions: `h[z_y,z_l]`. */
function instancePath(e: Elaboration, call: Call, scope: Scope): string {
  const { making, place } = scope;
  if (making === null)
    throw new CompilerBug(`instance made outside a statement at ${describePlace(call.span)}`);
  const number = making.constructions.indexOf(call) + 1;
  const suffix = making.constructions.length > 1 ? `.${number}` : "";
  const own = making.name + e.labels.map((label) => `[${label}]`).join("") + suffix;
  return place.path === "" ? own : `${place.path}.${own}`;
}
