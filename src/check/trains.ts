/** Which training a model has: its own train block, that of the model it varies, or that one with changes. */
import type { Identifier } from "../syntax/ast.ts";
import type { Phase, PhaseMember, TrainDecl, TrainMember } from "../syntax/ast-train.ts";
import type { Checker } from "./checker.ts";
import { reportUnknownModel } from "./overrides.ts";
import { report } from "./report.ts";
import { type Definition, type FileScope, isModel, isVariant, reachableFiles } from "./scope.ts";

interface Block {
  readonly declaration: TrainDecl;
  readonly file: FileScope;
}

/** Train blocks by the model that they belong to. */
export type TrainBlocks = ReadonlyMap<Definition, Block>;

/** The lines of a training, from one train block or from several that change each other. */
export interface WrittenTraining {
  /** The model whose block says it last: where missing lines are reported. */
  readonly model: Identifier;
  readonly members: readonly TrainMember[];
  /** The files of all blocks that had a say. */
  readonly files: readonly FileScope[];
  /** Phases that `train … with` adds, with the names of those that it could have changed. */
  readonly added: ReadonlyMap<Phase, readonly string[]>;
  /** The model whose training the block of a variant leaves aside, being written without `with`; null where there is none. */
  readonly replaced: string | null;
}

/** The train blocks of all files. What the entry file says of an imported model counts before what that model's own file says. */
export function trainBlocks(checker: Checker, entry: FileScope): TrainBlocks {
  const blocks = new Map<Definition, Block>();
  for (const file of reachableFiles(entry))
    for (const declaration of file.file.declarations) {
      if (declaration.kind !== "train") continue;
      const { name, span } = declaration.model;
      const definition = file.names.get(name);
      if (definition === undefined || (!isModel(definition) && !isVariant(definition))) {
        reportUnknownModel(checker, name, span, file);
        continue;
      }
      const earlier = blocks.get(definition);
      if (earlier === undefined) blocks.set(definition, { declaration, file });
      else if (earlier.file === file) reportSecond(checker, declaration, earlier.declaration);
    }
  return blocks;
}

function reportSecond(checker: Checker, declaration: TrainDecl, earlier: TrainDecl): void {
  const { name, span } = declaration.model;
  report(checker.problems, span, {
    code: "duplicate-train",
    title: "Model is trained twice",
    label: "another train block",
    related: [{ span: earlier.model.span, text: "the first one" }],
    text: `Model \`${name}\` has one train block; what should differ between runs is a variant.`,
    hint: `Write \`model ${name}2 = ${name} with { … }\` and \`train ${name}2 with { … }\`.`,
  });
}

/** The training of a model; null when there is none, or after a report. */
export function trainingOf(
  checker: Checker,
  definition: Definition,
  blocks: TrainBlocks,
): WrittenTraining | null {
  const changes: Block[] = [];
  for (const current of lineage(definition)) {
    const own = blocks.get(current);
    if (own?.declaration.changes === false)
      return withChanges({ ...written(own), replaced: trainedBase(current, blocks) }, changes);
    if (own !== undefined) changes.unshift(own);
  }
  const [first] = changes;
  const files = [...changes.map(({ file }) => file), ...lineage(definition).map(({ scope }) => scope)];
  if (first !== undefined && !files.some(({ incomplete }) => incomplete))
    reportNothingToChange(checker, first.declaration);
  return null;
}

/** A model or variant, then what it varies, up to the model at the root. */
function lineage(definition: Definition): Definition[] {
  const found = new Set([definition]);
  for (const each of found) {
    const base = isVariant(each) ? each.scope.names.get(each.declaration.base.name) : undefined;
    if (base !== undefined) found.add(base);
  }
  return [...found];
}

/** The model that a variant varies, where that has a training; null otherwise. */
function trainedBase(definition: Definition, blocks: TrainBlocks): string | null {
  const bases = lineage(definition).slice(1);
  const isTrained = bases.some((base) => blocks.get(base)?.declaration.changes === false);
  return isTrained ? (bases[0]?.declaration.name.name ?? null) : null;
}

function written({ declaration, file }: Block): WrittenTraining {
  const { model, members } = declaration;
  return { model, members, files: [file], added: new Map(), replaced: null };
}

function withChanges(base: WrittenTraining, changes: readonly Block[]): WrittenTraining {
  return changes.reduce((before, block) => changed(before, written(block)), base);
}

/**
 * A line of the changes stands for the one of its kind, a line of one of its phases for the one of its kind in the phase of that name. Loads
 * and phases of new names are added.
 */
function changed(before: WrittenTraining, after: WrittenTraining): WrittenTraining {
  const kinds = new Set(after.members.map(({ kind }) => kind));
  const used = new Set<TrainMember>();
  const kept: TrainMember[] = [];
  for (const member of before.members) {
    if (isPhase(member)) {
      const change = after.members.filter(isPhase).find(({ name }) => name.name === member.name.name);
      if (change !== undefined) used.add(change);
      kept.push(change === undefined ? member : changedPhase(member, change));
    } else if (member.kind === "load" || !kinds.has(member.kind)) kept.push(member);
  }
  const more = after.members.filter((member) => !used.has(member));
  const files = [...before.files, ...after.files];
  const known = before.members.filter(isPhase).map(({ name }) => name.name);
  const added = new Map([...before.added, ...more.filter(isPhase).map((phase) => [phase, known] as const)]);
  return { model: after.model, members: [...kept, ...more], files, added, replaced: null };
}

/** Groups of the change stand first, since the first one that selects a parameter decides. */
function changedPhase(before: Phase, after: Phase): Phase {
  const kinds = new Set(after.members.map(kindOf));
  const kept = before.members.filter((member) => member.kind === "group" || !kinds.has(kindOf(member)));
  return { ...after, members: [...after.members, ...kept] };
}

/** What a line of a phase stands for: a phase has one objective, which it minimises or maximises. */
export function kindOf({ kind }: PhaseMember): PhaseMember["kind"] {
  return kind === "maximize" ? "minimize" : kind;
}

function isPhase(member: TrainMember): member is Phase {
  return member.kind === "phase";
}

function reportNothingToChange(checker: Checker, { model }: TrainDecl): void {
  report(checker.problems, model.span, {
    code: "nothing-to-change",
    title: "No training to change",
    label: "varies nothing that is trained",
    text: `\`train … with\` changes the training of the model that a variant varies. \`${model.name}\` is no variant, or what it varies has no train block.`,
    hint: `Write \`train ${model.name} { … }\`, with all that a train block needs.`,
  });
}
