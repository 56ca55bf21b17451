/** The models of a program: each with its variants' settings and its train block. */
import type { ModelDecl, VariantDecl } from "../syntax/ast.ts";
import type { CheckedModel, CheckedTrain, CheckOptions } from "./checked.ts";
import type { Checker } from "./checker.ts";
import { checkModel, extendModel, type ModelType } from "./model.ts";
import {
  type Assignment,
  checkAssignments,
  commandLineAssignment,
  type Resolved,
  resolveVariant,
  settingValues,
} from "./overrides.ts";
import { report } from "./report.ts";
import { type Definition, type FileScope, isModel, isVariant, reachableFiles, Scope } from "./scope.ts";
import { warnUnused } from "./statements.ts";
import { overrideTraining, splitTrainingOverrides } from "./train-overrides.ts";
import type { Training } from "./train-values.ts";
import { checkTrain } from "./training.ts";
import { type TrainBlocks, trainBlocks, trainingOf } from "./trains.ts";
import { isDamaged } from "./unread.ts";

interface CheckedModels {
  readonly models: readonly CheckedModel[];
  readonly chosen: CheckedModel | null;
}

export function checkModels(checker: Checker, entry: FileScope, options: CheckOptions): CheckedModels {
  const types = new Map<Definition, ModelType>();
  for (const file of reachableFiles(entry))
    for (const definition of file.names.values())
      if (definition.scope === file && isModel(definition))
        types.set(definition, checkModel(checker, definition));
  const trains = trainBlocks(checker, entry);
  const definitions = modelsOf(entry, trains);
  const wanted = chooseModel(checker, definitions, options);
  const models: CheckedModel[] = [];
  for (const definition of definitions) {
    const given = definition === wanted ? options.overrides : [];
    const checked = checkOne(checker, { entry, definition, types, trains, given, definitions });
    if (checked !== null) models.push(checked);
  }
  for (const [definition, type] of types) if (definition.scope === entry) warnUnused(checker, type.scope);
  const chosen = models.find(({ name }) => name === wanted?.declaration.name.name) ?? null;
  return { models, chosen };
}

/** The models that a file declares, then those that it only imports and trains. */
function modelsOf(entry: FileScope, trains: TrainBlocks): readonly Definition[] {
  const known = [...entry.names.values()].filter(
    (definition) => isModel(definition) || isVariant(definition),
  );
  const own = known.filter(({ scope }) => scope === entry);
  const trained = known.filter((definition) => trains.get(definition)?.file === entry);
  return [...new Set([...own, ...trained])];
}

/** The model that options ask for: the named one, or the first. */
function chooseModel(
  checker: Checker,
  definitions: readonly Definition[],
  options: CheckOptions,
): Definition | null {
  if (options.model === undefined) return definitions[0] ?? null;
  const found = definitions.find(({ declaration }) => declaration.name.name === options.model);
  if (found !== undefined) return found;
  const names = definitions.map(({ declaration }) => `\`${declaration.name.name}\``);
  checker.problems.add({
    code: "unknown-model",
    severity: "error",
    title: "Unknown model",
    primary: null,
    related: [],
    place: { file: `--model ${options.model}` },
    text:
      names.length === 0
        ? "The file declares no model."
        : `The file declares ${names.join(", ")}; \`${options.model}\` is not among them.`,
  });
  return null;
}

interface OneModel {
  readonly entry: FileScope;
  readonly definition: Definition;
  /** Of models, and of variants that add something, as they are met. */
  readonly types: Map<Definition, ModelType>;
  readonly trains: TrainBlocks;
  readonly given: CheckOptions["overrides"];
  readonly definitions: readonly Definition[];
}

function checkOne(checker: Checker, one: OneModel): CheckedModel | null {
  const { entry, definition, types, trains } = one;
  const resolved = resolveVariant(checker, definition);
  const model = resolved === null ? undefined : typeOf(checker, resolved, types);
  if (resolved === null || model === undefined) return null;
  const training = trainingOf(checker, definition, trains);
  const phases = (training?.members ?? []).flatMap((member) =>
    member.kind === "phase" ? [member.name.name] : [],
  );
  const { training: trainOverrides, settings: fromCommandLine } = splitTrainingOverrides(
    one.given,
    model,
    phases,
  );
  const assignments: Assignment[] = [
    ...resolved.assignments,
    ...fromCommandLine.map((override) => commandLineAssignment(entry, override)),
  ];
  const overrides = checkAssignments(checker, model, assignments);
  reportEmptySlots(checker, one, model, assignments);
  let train: CheckedTrain | null = null;
  if (training !== null) {
    // Named by the block, so that a mistake in a block that several variants share is told once.
    const { name } = training.model;
    const given: Training = {
      checker,
      model,
      scopeAt: ({ source }) => {
        const file = training.files.find((each) => each.file.source === source) ?? entry;
        return new Scope(file, model.scope, "train", `the train block of \`${name}\``);
      },
      incomplete: training.files.some(({ incomplete }) => incomplete),
      settings: settingValues(checker, model, overrides),
    };
    const written = checkTrain(given, training);
    train = written === null ? null : overrideTraining(given, written, trainOverrides);
  } else if (trainOverrides.length > 0) {
    const first = trainOverrides[0];
    if (first !== undefined) checkAssignments(checker, model, [commandLineAssignment(entry, first)]);
  }
  return {
    name: definition.declaration.name.name,
    declaration: model.definition.declaration,
    scope: model.definition.scope,
    homes: model.homes,
    overrides,
    train,
  };
}

/** A model with what a chain of variants adds to it. */
function typeOf(
  checker: Checker,
  { base, variants }: Resolved,
  types: Map<Definition, ModelType>,
): ModelType | undefined {
  let type = types.get(base);
  for (const variant of variants) {
    if (type === undefined || !mayAdd(variant)) continue;
    type = types.get(variant) ?? extendModel(checker, type, variant);
    types.set(variant, type);
  }
  return type;
}

/** Whether a variant adds to its model, or may have done so in lines that could not be read. */
function mayAdd(variant: Definition<VariantDecl>): boolean {
  return variant.declaration.additions.length > 0 || isDamaged(variant);
}

/** A slot without a default is for variants to fill, so only a model that is trained or varied by nobody must have it filled. */
function reportEmptySlots(
  checker: Checker,
  one: OneModel,
  model: ModelType,
  assignments: readonly Assignment[],
): void {
  const { definition, definitions, trains, given } = one;
  const isBase = definitions.some((other) => isVariant(other) && isBasedOn(other, definition));
  if (isModel(definition) && isBase && !trains.has(definition) && given.length === 0) return;
  for (const [name, { member, interface: wanted }] of model.slots) {
    if (member.default !== null || assignments.some((assignment) => assignment.name === name)) continue;
    const fitting = wanted === null ? undefined : checker.implementers(wanted)[0]?.declaration.name.name;
    const place: ModelDecl["name"] = definition.declaration.name;
    report(checker.problems, isVariant(definition) ? place.span : member.name.span, {
      code: "empty-slot",
      title: "Slot is empty",
      label: isVariant(definition) ? `does not fill \`${name}\`` : "has no default",
      related: isVariant(definition) ? [{ span: member.name.span, text: `\`${name}\` has no default` }] : [],
      text: `Model \`${place.name}\` cannot be built before a module fills its slot \`${name}\`.`,
      hint:
        fitting === undefined
          ? undefined
          : `\`${fitting}\` fits: write \`slot ${name} : ${member.interface.name} = ${fitting}()\`, or pass \`--set ${name}=${fitting}\`.`,
    });
  }
}

function isBasedOn(variant: Definition, base: Definition): boolean {
  return isVariant(variant) && variant.scope.names.get(variant.declaration.base.name) === base;
}
