/** Whether a module implements an interface, and every point in which it does not. */
import type { Label } from "../diagnostics/diagnostic.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Expression, InterfaceDecl, ModuleDecl } from "../syntax/ast.ts";
import { type Dim, dimSymbol, formatDim } from "../types/dim.ts";
import { formatType, type Substitution } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { instantiate, Matcher } from "./match.ts";
import { sameResult } from "./methods.ts";
import { typeOfModule } from "./module-values.ts";
import { report } from "./report.ts";
import type { Definition } from "./scope.ts";
import type { ArgumentType, MethodType, ModuleType } from "./signature.ts";
import { isDamaged } from "./unread.ts";
import { formatValue, type ModuleValue, quoteAll, type ValueType } from "./values.ts";

/** One point in which a module differs from an interface: what is wanted where, and what is there instead. */
interface Difference {
  readonly wanted: Label;
  /** Null where the module has nothing that could be shown. */
  readonly found: Label | null;
  readonly text: string;
}

const nothing: Substitution = { sizes: new Map(), rests: new Map() };

/** Checks `implements` of a module's declaration. */
export function checkImplements(
  checker: Checker,
  definition: Definition<ModuleDecl>,
  type: ModuleType,
  wanted: Definition<InterfaceDecl>,
): boolean {
  const { declaration } = definition;
  const differences = compareModule(type, checker.interfaceType(wanted), declaration.name.span);
  if (differences.length === 0) return true;
  reportDifferences(checker, {
    span: declaration.implements?.span ?? declaration.name.span,
    module: definition,
    wanted,
    differences,
    purpose: null,
  });
  return false;
}

/** Checks that a module with its settings can stand where an interface is asked for. */
export function requireImplements(
  checker: Checker,
  value: ModuleValue,
  wanted: Definition<InterfaceDecl>,
  expression: Expression,
  purpose: string,
): boolean {
  if (value.definition === wanted) return true;
  const type = typeOfModule(checker, value);
  if (type === null) return false;
  const declares = value.kind === "module" ? value.definition.declaration.implements?.name : undefined;
  const differences = compareModule(
    type,
    checker.interfaceType(wanted),
    value.definition.declaration.name.span,
  );
  if (differences.length > 0) {
    const told = declares !== undefined && value.definition.scope.names.get(declares) === wanted;
    if (!told)
      reportDifferences(checker, {
        span: expression.span,
        module: value.definition,
        wanted,
        differences,
        purpose,
      });
    return false;
  }
  return value.kind === "slot" || checkSettings(checker, value, type, wanted, expression, purpose);
}

/** A filler gives all settings of its own that have no default, and none of those that its user gives. */
function checkSettings(
  checker: Checker,
  value: Extract<ModuleValue, { kind: "module" }>,
  type: ModuleType,
  wanted: Definition<InterfaceDecl>,
  expression: Expression,
  purpose: string,
): boolean {
  const later = wanted.declaration.parameters;
  const module = value.definition.declaration.name.name;
  const early = later.find((parameter) => value.given.has(parameter.name.name));
  if (early !== undefined) {
    const argument =
      expression.kind === "call"
        ? expression.arguments.find((given) => given.name?.name === early.name.name)
        : undefined;
    report(checker.problems, argument?.span ?? expression.span, {
      code: "setting-given-later",
      title: "Setting is given later",
      label: `not \`${early.name.name}\``,
      related: [{ span: early.span, text: `a setting of \`${wanted.declaration.name.name}\`` }],
      text: `Whoever makes an instance from ${purpose} gives \`${early.name.name}\` there. Here stand only the settings that \`${module}\` has besides.`,
      hint: `Leave out \`${early.name.name}\`.`,
    });
    return false;
  }
  const missing = type.parameters.filter(
    ({ name, optional }) =>
      !optional && !value.given.has(name) && !later.some((parameter) => parameter.name.name === name),
  );
  if (missing.length === 0) return true;
  const names = missing.map(({ name }) => name);
  report(checker.problems, expression.span, {
    code: "missing-setting",
    title: missing.length === 1 ? "Setting is missing" : "Settings are missing",
    label: `needs ${quoteAll(names)}`,
    related: missing.map(({ name, declaration }) => ({
      span: declaration.span,
      text: `\`${name}\` has no default`,
    })),
    text: `Instances are made from ${purpose} without ${quoteAll(names)}, so ${names.length === 1 ? "it must" : "they must"} be given here.`,
    hint: `Write \`${module}(${names.map((name) => `${name} = …`).join(", ")})\`.`,
  });
  return false;
}

interface DifferenceReport {
  readonly span: Span;
  readonly module: Definition;
  readonly wanted: Definition<InterfaceDecl>;
  readonly differences: readonly Difference[];
  readonly purpose: string | null;
}

function reportDifferences(
  checker: Checker,
  { span, module: given, wanted, differences, purpose }: DifferenceReport,
): void {
  // What it seems to lack may stand where it cannot be read.
  if (isDamaged(given) || isDamaged(wanted)) return;
  const name = wanted.declaration.name.name;
  const module = given.declaration.name.name;
  const related = differences.flatMap((difference) =>
    difference.found === null ? [difference.wanted] : [difference.wanted, difference.found],
  );
  const list = differences.map(({ text }) => `    ${text}`).join("\n");
  const fitting = implementers(checker, wanted).filter((other) => other !== module);
  report(checker.problems, span, {
    code: "interface-mismatch",
    title: purpose === null ? "Interface is not implemented" : "Module does not fit its slot",
    label: `does not implement \`${name}\``,
    related,
    text: `\`${module}\` differs from the interface \`${name}\`${purpose === null ? "" : `, which ${purpose} asks for`}:\n\n${list}`,
    hint:
      purpose === null || fitting.length === 0
        ? undefined
        : fitting.length === 1
          ? `\`${fitting[0]}\` implements \`${name}\`.`
          : `These modules implement \`${name}\`: ${quoteAll(fitting)}.`,
  });
}

/** Names of modules that say that they implement an interface, in its own file and in the files checked. */
function implementers(checker: Checker, wanted: Definition<InterfaceDecl>): string[] {
  return checker.implementers(wanted).map((definition) => definition.declaration.name.name);
}

function compareModule(module: ModuleType, wanted: ModuleType, place: Span): Difference[] {
  const sizes = new Map<number, Dim>();
  const differences: Difference[] = [];
  for (const parameter of wanted.parameters) {
    const own = module.parameters.find(({ name }) => name === parameter.name);
    const asked = { span: parameter.declaration.span, text: "required by the interface" };
    if (own === undefined) {
      const found = { span: place, text: `has no setting \`${parameter.name}\`` };
      differences.push({ wanted: asked, found, text: `the setting \`${parameter.name}\` is missing` });
    } else if (own.kind !== parameter.kind || own.interface !== parameter.interface) {
      const found = { span: own.declaration.span, text: "of another kind" };
      differences.push({
        wanted: asked,
        found,
        text: `the setting \`${parameter.name}\` is not a ${parameter.kind}`,
      });
    } else if (parameter.optional && !own.optional) {
      const found = { span: own.declaration.span, text: "has no default" };
      differences.push({ wanted: asked, found, text: `the setting \`${parameter.name}\` has no default` });
    } else if (own.symbol !== null && parameter.symbol !== null)
      sizes.set(own.symbol.id, dimSymbol(parameter.symbol));
  }
  for (const [name, method] of wanted.methods) {
    const own = module.methods.get(name);
    if (own !== undefined) differences.push(...compareMethod(own, method, { ...nothing, sizes }));
    else {
      const what = name === "" ? "the unnamed method" : `the method \`${name}\``;
      const asked = { span: method.declaration.span, text: "required by the interface" };
      const found = {
        span: place,
        text: name === "" ? "has no unnamed method" : `has no method \`${name}\``,
      };
      differences.push({ wanted: asked, found, text: `${what} is missing` });
    }
  }
  return differences;
}

function compareMethod(own: MethodType, wanted: MethodType, settings: Substitution): Difference[] {
  const method = own.declaration.name === null ? "" : ` of \`${own.declaration.name.name}\``;
  const matcher = new Matcher(settings, own.bound);
  const differences: Difference[] = [];
  const differ = (span: Span, foundAt: Span, found: string, text: string) =>
    differences.push({
      wanted: { span, text: "required by the interface" },
      found: { span: foundAt, text: found },
      text,
    });
  for (const [index, argument] of wanted.arguments.entries()) {
    const other = own.arguments.find(({ name }) => name === argument.name);
    if (other === undefined) {
      differ(
        argument.span,
        own.declaration.span,
        `takes no \`${argument.name}\``,
        `the argument \`${argument.name}\`${method} is missing`,
      );
      continue;
    }
    if (own.arguments.indexOf(other) !== index && own.arguments.length >= wanted.arguments.length)
      differ(
        argument.span,
        other.span,
        "in another place",
        `the argument \`${argument.name}\`${method} stands in another place`,
      );
    const wrong = compareArgument(other, argument, matcher);
    if (wrong !== null)
      differ(argument.span, other.span, wrong, `the argument \`${argument.name}\`${method}: ${wrong}`);
  }
  for (const other of own.arguments)
    if (!other.optional && !wanted.arguments.some(({ name }) => name === other.name))
      differ(
        wanted.declaration.span,
        other.span,
        `also asks for \`${other.name}\``,
        `the argument \`${other.name}\`${method} is not in the interface and has no default`,
      );
  compareResults(own, wanted, matcher, differ, differences.length > 0);
  return differences;
}

type Differ = (span: Span, foundAt: Span, found: string, text: string) => void;

/** With `namesOnly` types are left aside: the arguments differ, so the sizes of the result mean nothing. */
function compareResults(
  own: MethodType,
  wanted: MethodType,
  matcher: Matcher,
  differ: Differ,
  namesOnly: boolean,
): void {
  const asked = wanted.result(new Set());
  const given = instantiate(own.result(matcher.ragged), matcher, own.declaration.span);
  if (asked.kind === "unknown" || given.kind === "unknown") return;
  if (asked.kind === "record" && given.kind === "record") {
    for (const [name, field] of asked.fields) {
      const found = given.fields.get(name);
      if (found === undefined)
        differ(
          resultSpan(wanted),
          resultSpan(own),
          `gives no \`${name}\``,
          `the result \`${name}\` is missing`,
        );
      else if (!namesOnly && !sameResult(found, field)) differResult(name, field, found);
    }
    return;
  }
  if (!namesOnly && !sameResult(given, asked)) differResult(null, asked, given);

  function differResult(name: string | null, expected: ValueType, found: ValueType): void {
    const what = name === null ? "the result" : `the result \`${name}\``;
    differ(
      resultSpan(wanted),
      resultSpan(own),
      `gives \`${formatValue(found)}\``,
      `${what} must be \`${formatValue(expected)}\`, it is \`${formatValue(found)}\``,
    );
  }
}

function resultSpan(method: MethodType): Span {
  return method.declaration.result?.span ?? method.declaration.span;
}

/** Why an argument of a module does not accept what the interface promises to its users; null when it does. */
function compareArgument(own: ArgumentType, wanted: ArgumentType, matcher: Matcher): string | null {
  if (own.type.kind === "unknown" || wanted.type.kind === "unknown") return null;
  if (own.type.kind !== wanted.type.kind) return `is ${kindWords(own)} and must be ${kindWords(wanted)}`;
  if (wanted.optional && !own.optional) return "has no default";
  if (own.type.kind === "size" && wanted.type.kind === "size") {
    matcher.bind(own.type.symbol.id, dimSymbol(wanted.type.symbol), {
      argument: wanted.name,
      span: wanted.span,
    });
    return null;
  }
  if (own.type.kind !== "tensor" || wanted.type.kind !== "tensor") return null;
  const bringer = { argument: wanted.name, span: wanted.span };
  const wrong = matcher.match(own.type, wanted.type, bringer) ?? matcher.compare(own.type, wanted.type);
  if (wrong === null) return null;
  if (wrong.kind === "ragged")
    return `needs \`${formatType(own.type)}\`, where the interface promises no lengths`;
  const earlier = wrong.kind === "axis" ? matcher.bringerOf(wrong.pattern) : null;
  if (wrong.kind === "axis" && earlier !== null && earlier.argument !== wanted.name)
    return `asks for the \`${formatDim(wrong.pattern)}\` of \`${earlier.argument}\`, and the interface promises no such agreement`;
  return `accepts \`${formatType(own.type)}\` and must accept \`${formatType(wanted.type)}\``;
}

function kindWords(argument: ArgumentType): string {
  const { type } = argument;
  if (type.kind === "tensor") return `a tensor \`${formatType(type)}\``;
  return type.kind === "flag" ? "a flag" : `a ${type.kind}`;
}
