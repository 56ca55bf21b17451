/** Tables of weights: the module that they are for, its settings, and where tensors go in it. */
import { at } from "../base/invariant.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { ModuleDecl, WeightsDecl, WeightsMember } from "../syntax/ast.ts";
import type { Checker } from "./checker.ts";
import { reportUnknownName, reportWrongKind } from "./names.ts";
import { report } from "./report.ts";
import { type Definition, isModule, Scope } from "./scope.ts";
import { quoteAll } from "./values.ts";

type Tensor = Extract<WeightsMember, { kind: "tensor" }>;

/** The number in a name: `{i}`, `{i-1}`, `{i+1}`, with the index of the path that it is counted from. */
const COUNTER = /\{(\w+)(?:([+-])(\d+))?\}/g;

/** Checks a table by itself; whether it covers a model is known when a checkpoint is read. */
export function checkWeights(checker: Checker, definition: Definition<WeightsDecl>): void {
  const { declaration } = definition;
  const module = weightsModule(checker, definition);
  for (const member of declaration.members) {
    if (member.kind === "config" && module !== null) checkConfig(checker, member, module);
    if (member.kind === "tensor") checkTensor(checker, member, module);
  }
}

/** The module that a table is for, or null after a report. */
function weightsModule(checker: Checker, definition: Definition<WeightsDecl>): ModuleDecl | null {
  const { module, name } = definition.declaration;
  const found = definition.scope.names.get(module.name);
  if (found === undefined) {
    const scope = new Scope(definition.scope, null, "module", `weights \`${name.name}\``);
    const names = [...definition.scope.names].flatMap(([each, { kind }]) =>
      kind === "module" ? [each] : [],
    );
    reportUnknownName(checker, module.name, module.span, scope, { what: "module", names });
    return null;
  }
  if (isModule(found)) return found.declaration;
  reportWrongKind(checker, found, module.span, "a module");
  return null;
}

function checkConfig(
  checker: Checker,
  { value }: Extract<WeightsMember, { kind: "config" }>,
  module: ModuleDecl,
): void {
  if (value.kind === "fixed") return;
  const { name, span } = value.name;
  const settings = module.parameters.filter(({ type }) => type.kind !== "interface");
  if (settings.some((parameter) => parameter.name.name === name)) return;
  const names = settings.map((parameter) => parameter.name.name);
  const near = suggest(name, names);
  report(checker.problems, span, {
    code: "unknown-module-setting",
    title: "Module has no such setting",
    label: near === null ? "not a setting" : `Did you mean \`${near}\`?`,
    text:
      names.length === 0
        ? `\`${module.name.name}\` has no settings that a configuration could be compared with.`
        : `\`${module.name.name}\` has ${quoteAll(names)}.`,
  });
}

function checkTensor(checker: Checker, { names, path }: Tensor, module: ModuleDecl | null): void {
  const indices = path.parts.flatMap((part) => /\[(\w+)\]$/.exec(part.name)?.[1] ?? []);
  for (const { text, span } of names) {
    const counted = [...text.matchAll(COUNTER)].map((match) => match[1] ?? "");
    const missing = [
      ...indices.filter((index) => !counted.includes(index)),
      ...counted.filter((index) => !indices.includes(index)),
    ];
    if (missing.length === 0) continue;
    report(checker.problems, span, {
      code: "weights-index",
      title: "Name and path count differently",
      label: `${quoteAll([...new Set(missing)])} is on one side only`,
      related: [{ span: path.span, text: "the path" }],
      text: "What the path has in brackets stands in braces in the name, so that each layer finds its own tensor.",
      hint: 'For layers that are counted from 0: `"layer.{i-1}.weight" = blocks[i].weight`.',
    });
  }
  const first = at(path.parts, 0);
  const bare = first.name.replace(/\[.*$/, "");
  if (module === null) return;
  const inside = [...module.body, ...module.methods.flatMap(({ body }) => body)].flatMap((each) =>
    "name" in each ? [each.name.name] : [],
  );
  if (inside.includes(bare)) return;
  const near = suggest(bare, inside);
  report(checker.problems, first.span, {
    code: "unknown-selection",
    title: "Selection names nothing",
    label: near === null ? `not inside \`${module.name.name}\`` : `Did you mean \`${near}\`?`,
    text: `\`${module.name.name}\` contains ${quoteAll([...new Set(inside)])}.`,
  });
}

/** The tensor's name for the numbers that a parameter's path has in the brackets: `layer.{i-1}` with i = 3 is `layer.2`. */
export function tensorName(pattern: string, indices: ReadonlyMap<string, number>): string {
  return pattern.replace(COUNTER, (_, index: string, sign: string | undefined, by: string | undefined) => {
    const shift = by === undefined ? 0 : Number(by) * (sign === "-" ? -1 : 1);
    return String((indices.get(index) ?? 0) + shift);
  });
}
