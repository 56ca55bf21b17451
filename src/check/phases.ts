/** Phases of a train block: what is minimised, what moves, and by which optimiser. */
import type { Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Phase, PhaseMember } from "../syntax/ast-train.ts";
import type { CheckedPhase } from "./checked.ts";
import { requireScalar } from "./model.ts";
import { checkGroupSettings, checkOptimizer, checkSchedule } from "./optimizers.ts";
import { report } from "./report.ts";
import { checkSelection } from "./selection.ts";
import { counted, type Training, trainNumber } from "./train-values.ts";
import { kindOf } from "./trains.ts";
import { noneOf, quoteAll } from "./values.ts";

type Member<Kind extends PhaseMember["kind"]> = Extract<PhaseMember, { kind: Kind }>;

/** A phase with numbers for everything; null after a report. `others` are the phases that one which `train … with` adds could have meant. */
export function checkPhase(training: Training, phase: Phase, others: readonly string[]): CheckedPhase | null {
  const members = new Map<string, PhaseMember>();
  for (const member of phase.members) {
    const key = kindOf(member);
    const earlier = members.get(key);
    if (earlier !== undefined && key !== "group")
      reportDuplicateMember(training, member.span, earlier.span, key);
    else members.set(key, member);
  }
  const objective = phase.members.find(isObjective) ?? null;
  const updates = pick(members, "updates");
  const optimizer = pick(members, "with");
  const missing = [
    ...(objective === null ? ["minimize"] : []),
    ...(updates === null ? ["updates"] : []),
    ...(optimizer === null ? ["with"] : []),
  ];
  reportMissing(training, phase, missing, others);
  const scope = training.scopeAt((objective ?? phase).span);
  const value =
    objective === null
      ? null
      : requireScalar(
          training.checker,
          training.checker.infer(objective.value, scope),
          objective.value,
          "objective-not-scalar",
          "An objective",
        );
  if (updates !== null) checkSelection(training, updates.selection);
  const chosen = optimizer === null ? null : checkOptimizer(training, optimizer.optimizer);
  const groups = phase.members.filter((member) => member.kind === "group");
  const checkedGroups = groups.map((group) => {
    checkSelection(training, group.selection);
    const settings = chosen === null ? null : checkGroupSettings(training, group.settings, chosen.named);
    return settings === null ? null : { selection: group.selection, settings };
  });
  const rest = checkRest(training, members);
  const goodGroups = checkedGroups.filter((group) => group !== null);
  if (objective === null || value?.kind === "unknown" || updates === null || chosen === null || rest === null)
    return null;
  if (goodGroups.length < groups.length) return null;
  return {
    name: phase.name.name,
    sign: objective.kind === "minimize" ? 1 : -1,
    objective: objective.value,
    scope: scope.file,
    updates: updates.selection,
    optimizer: { kind: chosen.kind, settings: chosen.settings },
    groups: goodGroups,
    ...rest,
    span: phase.span,
  };
}

function pick<Kind extends PhaseMember["kind"]>(
  members: ReadonlyMap<string, PhaseMember>,
  kind: Kind,
): Member<Kind> | null {
  const found = members.get(kind);
  return found !== undefined && isKind(found, kind) ? found : null;
}

type Objective = Extract<PhaseMember, { value: unknown }>;

function isObjective(member: PhaseMember): member is Objective {
  return member.kind === "minimize" || member.kind === "maximize";
}

function isKind<Kind extends PhaseMember["kind"]>(member: PhaseMember, kind: Kind): member is Member<Kind> {
  return member.kind === kind;
}

function checkRest(
  training: Training,
  members: ReadonlyMap<string, PhaseMember>,
): Pick<CheckedPhase, "repeat" | "schedule" | "clip"> | null {
  const [repeat, schedule, clip] = [
    pick(members, "repeat"),
    pick(members, "schedule"),
    pick(members, "clip"),
  ];
  const times =
    repeat === null ? 1 : trainNumber(training, repeat.count, "The number of repetitions", counted);
  const course: CheckedPhase["schedule"] | null =
    schedule === null ? { kind: "constant", warmup: 0 } : checkSchedule(training, schedule.schedule);
  const limit =
    clip === null
      ? null
      : trainNumber(training, clip.limit, "The limit of `clip`", {
          accepts: (value) => value > 0,
          words: "more than 0",
        });
  if (times === null || course === null || (clip !== null && limit === null)) return null;
  return {
    repeat: times,
    schedule: course,
    clip: clip === null || limit === null ? null : { by: clip.by, limit },
  };
}

/** Reports a member that a block has already. */
export function reportDuplicateMember(training: Training, span: Span, earlier: Span, what: string): void {
  report(training.checker.problems, span, {
    code: "duplicate-member",
    title: "Stands twice",
    label: `another \`${what}\``,
    related: [{ span: earlier, text: "the first one" }],
    text: `A block says \`${what}\` once.`,
  });
}

function reportMissing(
  training: Training,
  phase: Phase,
  missing: readonly string[],
  others: readonly string[],
): void {
  if (missing.length === 0 || training.incomplete) return;
  const examples: Readonly<Record<string, string>> = {
    minimize: "minimize task",
    updates: "updates all",
    with: "with Adam(lr = 1e-3)",
  };
  const { name, span } = phase.name;
  const near = suggest(name, others);
  const isNew = ` \`${name}\` is a new phase; the training that is changed has ${quoteAll(others)}.`;
  report(training.checker.problems, span, {
    code: "incomplete-phase",
    title: "Phase is incomplete",
    label: noneOf(missing),
    text: `A phase says what it minimises (or maximises), which parameters it updates, and with which optimiser.${others.length === 0 ? "" : isNew}`,
    hint:
      near === null
        ? `Add ${quoteAll(missing.map((part) => examples[part] ?? part))}.`
        : `Did you mean \`${near}\`?`,
  });
}
