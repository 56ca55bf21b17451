/** Prints a checked program for `mird compile --emit checked`: every declaration and binding with its type. */
import type {
  FunctionDecl,
  InterfaceDecl,
  Method,
  MethodSignature,
  ModelDecl,
  ModelMember,
  ModuleDecl,
  Parameter,
  Statement,
  VariantDecl,
  WeightsDecl,
} from "../syntax/ast.ts";
import type { CheckedModel, CheckedPhase, CheckedProgram } from "./checked.ts";
import { reachableFiles } from "./scope.ts";
import { formatValue, type ValueType } from "./values.ts";

export function printChecked(program: CheckedProgram): string {
  const blocks: string[] = [];
  for (const { file } of reachableFiles(program.scope)) {
    blocks.push(`// ${file.source.path}`);
    for (const declaration of file.declarations) {
      if (declaration.kind === "train") continue;
      blocks.push(printDeclaration(program, declaration).join("\n"));
    }
  }
  for (const model of program.models) if (model.train !== null) blocks.push(printTrain(model).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

type Printed = InterfaceDecl | FunctionDecl | ModuleDecl | ModelDecl | VariantDecl | WeightsDecl;

function printDeclaration(program: CheckedProgram, declaration: Printed): string[] {
  switch (declaration.kind) {
    case "interface":
      return block(
        `interface ${declaration.name.name}${parameters(declaration.parameters)}`,
        declaration.methods.map((method) => signature(program, method)),
      );
    case "function":
      return block(
        `function ${signature(program, declaration.signature, declaration.name.name)}`,
        statements(program, declaration.body),
      );
    case "module": {
      const wanted = declaration.implements === null ? "" : ` implements ${declaration.implements.name}`;
      const methods = declaration.methods.flatMap((method) => printMethod(program, method));
      return block(`module ${declaration.name.name}${parameters(declaration.parameters)}${wanted}`, [
        ...statements(program, declaration.body),
        ...methods,
      ]);
    }
    case "weights":
      return block(
        `weights ${declaration.name.name} for ${declaration.module.name}`,
        declaration.members.map(({ span }) => source(span)),
      );
    case "variant": {
      const { name, base, overrides, additions } = declaration;
      return block(`model ${name.name} = ${base.name} with`, [
        ...overrides.map(({ span }) => source(span)),
        ...additions.map((member) => typed(program, member.kind, member.name.name, member)),
      ]);
    }
    case "model":
      return block(`model ${declaration.name.name}`, modelLines(program, declaration));
  }
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [head] : [`${head} {`, ...lines.map((line) => `  ${line}`), "}"];
}

function printMethod(program: CheckedProgram, method: Method): string[] {
  return block(signature(program, method.signature), statements(program, method.body));
}

function signature(program: CheckedProgram, method: MethodSignature, name = method.name?.name ?? ""): string {
  const list = method.arguments.map((argument) => source(argument.span));
  const result = program.results.get(method);
  return `${name}(${list.join(", ")})${result === undefined ? "" : ` -> ${formatValue(result)}`}`;
}

function parameters(list: readonly Parameter[]): string {
  return list.length === 0 ? "" : `(${list.map(({ span }) => source(span)).join(", ")})`;
}

/** A piece of the spec on one line. */
function source(span: Parameter["span"]): string {
  return span.source.text.slice(span.start, span.end).replace(/\s+/g, " ");
}

function typed(program: CheckedProgram, kind: string, name: string, node: object): string {
  const type: ValueType = program.types.get(node) ?? { kind: "unknown" };
  return `${kind === "let" ? "" : `${kind} `}${name} : ${formatValue(type)}`;
}

function statements(program: CheckedProgram, body: readonly Statement[]): string[] {
  return body.map((statement) => typed(program, statement.kind, nameOf(statement), statement));
}

function nameOf(statement: Exclude<ModelMember, { kind: "output" }>): string {
  return statement.kind === "update" ? statement.target.name : statement.name.name;
}

function modelLines(program: CheckedProgram, model: ModelDecl): string[] {
  return model.members.flatMap((member) => {
    if (member.kind !== "output") return [typed(program, member.kind, nameOf(member), member)];
    return member.names.map(
      (name) =>
        `${typed(program, "output", name.name, name)}${member.predicts === null ? "" : ` predicts ${member.predicts.name}`}`,
    );
  });
}

function printTrain({ name, train }: CheckedModel): string[] {
  if (train === null) return [];
  const { batch, epochs, select, patience, phases, loads, report } = train;
  return block(`train ${name}`, [
    `batch ${batch.labelled} labelled + ${batch.unlabelled} unlabelled`,
    ...phases.flatMap(printPhase),
    `epochs ${epochs}`,
    ...(select === null ? [] : [`select ${select.direction} valid.${select.metric}`]),
    ...(patience === null ? [] : [`patience ${patience}`]),
    ...loads.map(({ span }) => source(span)),
    ...(report.length === 0 ? [] : [`report ${report.join(", ")}`]),
  ]);
}

function printPhase(phase: CheckedPhase): string[] {
  const settings = (values: CheckedPhase["optimizer"]["settings"]) =>
    Object.entries(values)
      .map(([key, value]) => `${key} = ${String(value)}`)
      .join(", ");
  return block(`phase ${phase.name}`, [
    `${phase.sign === 1 ? "minimize" : "maximize"} ${source(phase.objective.span)}`,
    `updates ${source(phase.updates.span)}`,
    `with ${phase.optimizer.kind}(${settings(phase.optimizer.settings)})`,
    ...phase.groups.map((group) => `group ${source(group.selection.span)} (${settings(group.settings)})`),
    `repeat ${phase.repeat}`,
    `schedule ${phase.schedule.kind}(warmup = ${phase.schedule.warmup})`,
    ...(phase.clip === null ? [] : [`clip ${phase.clip.by} ${phase.clip.limit}`]),
  ]);
}
