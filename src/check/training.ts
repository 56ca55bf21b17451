/** Checks the train block of a model: batches, phases, selection and report. */
import { suggest } from "../diagnostics/suggest.ts";
import { labelKind, METRICS, type Metric } from "../statistics/metrics.ts";
import type { Identifier } from "../syntax/ast.ts";
import type { Phase, TrainMember } from "../syntax/ast-train.ts";
import type { CheckedPhase, CheckedTrain } from "./checked.ts";
import { checkLoads } from "./loads.ts";
import { checkPhase, reportDuplicateMember } from "./phases.ts";
import { report, warn } from "./report.ts";
import { warnNeverUpdated } from "./selection.ts";
import { counted, type Training, trainNumber } from "./train-values.ts";
import type { WrittenTraining } from "./trains.ts";
import { noneOf, quoteAll } from "./values.ts";

type Member<Kind extends TrainMember["kind"]> = Extract<TrainMember, { kind: Kind }>;

/** The train block with numbers for everything; null after a report. */
export function checkTrain(training: Training, written: WrittenTraining): CheckedTrain | null {
  const single = new Map<TrainMember["kind"], TrainMember>();
  for (const member of written.members) {
    if (member.kind === "phase" || member.kind === "load") continue;
    const earlier = single.get(member.kind);
    if (earlier !== undefined) reportDuplicateMember(training, member.span, earlier.span, member.kind);
    else single.set(member.kind, member);
  }
  reportMissing(training, written);
  const batch = checkBatch(training, find(single, "batch"));
  const epochsMember = find(single, "epochs");
  const epochs =
    epochsMember === null ? null : trainNumber(training, epochsMember.count, "The number of epochs", counted);
  const phases = checkPhases(training, written);
  const patienceMember = find(single, "patience");
  const patience =
    patienceMember === null ? null : trainNumber(training, patienceMember.count, "The patience", counted);
  const selectMember = find(single, "select");
  const select = selectMember === null ? null : checkSelect(training, selectMember);
  if (patienceMember !== null && selectMember === null) reportPatience(training, patienceMember);
  const loads = checkLoads(training, written.members);
  const names = checkReport(training, find(single, "report")?.metrics ?? []);
  if (batch === null || epochs === null || phases === null || names === null || loads === null) return null;
  if ((patienceMember !== null && patience === null) || (selectMember !== null && select === null))
    return null;
  return { batch, phases, epochs, select, patience, report: names, loads };
}

function find<Kind extends TrainMember["kind"]>(
  members: ReadonlyMap<TrainMember["kind"], TrainMember>,
  kind: Kind,
): Member<Kind> | null {
  const member = members.get(kind);
  return member !== undefined && isKind(member, kind) ? member : null;
}

function isKind<Kind extends TrainMember["kind"]>(member: TrainMember, kind: Kind): member is Member<Kind> {
  return member.kind === kind;
}

/** What a train block must say, with an example of each. */
const NEEDED = [
  { kind: "batch", example: "batch 32" },
  { kind: "epochs", example: "epochs 100" },
  { kind: "phase", example: "phase model { minimize …, updates …, with … }" },
] as const;

function reportMissing(training: Training, written: WrittenTraining): void {
  const kinds = new Set(written.members.map(({ kind }) => kind));
  const missing = NEEDED.filter(({ kind }) => !kinds.has(kind));
  if (missing.length === 0 || training.incomplete) return;
  const { model, replaced } = written;
  const examples = quoteAll(missing.map(({ example }) => example));
  report(training.checker.problems, model.span, {
    code: "incomplete-train",
    title: "Train block is incomplete",
    label: noneOf(missing.map(({ kind }) => kind)),
    text: "A train block says how many rows a batch has, how often training goes through the data, and in phases what is minimised and which parameters move.",
    hint:
      replaced === null
        ? `Add ${examples}.`
        : `Write \`train ${model.name} with { … }\` to change lines of the training of \`${replaced}\`, or add ${examples}.`,
  });
}

function checkBatch(training: Training, member: Member<"batch"> | null): CheckedTrain["batch"] | null {
  if (member === null) return null;
  const labelled = trainNumber(training, member.labelled, "The number of rows in a batch", counted);
  const unlabelled =
    member.unlabelled === null
      ? 0
      : trainNumber(training, member.unlabelled, "The number of rows without a label", counted);
  if (member.unlabelled !== null && training.model.labels.size === 0) {
    report(training.checker.problems, member.unlabelled.span, {
      code: "unlabelled-without-label",
      title: "Model has no label",
      label: "rows without a label",
      text: `Model \`${training.model.definition.declaration.name.name}\` declares no label, so all of its rows are alike.`,
      hint: `Give the number of all rows: \`batch ${(labelled ?? 0) + (unlabelled ?? 0)}\`.`,
    });
    return null;
  }
  return labelled === null || unlabelled === null ? null : { labelled, unlabelled };
}

function checkPhases(training: Training, written: WrittenTraining): CheckedPhase[] | null {
  const phases = written.members.filter((member): member is Phase => member.kind === "phase");
  if (phases.length === 0) return null;
  const names = new Map<string, Phase>();
  for (const phase of phases) {
    const earlier = names.get(phase.name.name);
    if (earlier === undefined) names.set(phase.name.name, phase);
    else
      report(training.checker.problems, phase.name.span, {
        code: "duplicate-name",
        title: "Name is taken",
        label: `\`${phase.name.name}\` again`,
        related: [{ span: earlier.name.span, text: "the first one" }],
        text: "Phases are told apart by their names, in logs and in `--set`.",
      });
  }
  const checked = phases.map((phase) => checkPhase(training, phase, written.added.get(phase) ?? []));
  const good = checked.filter((phase) => phase !== null);
  if (good.length === phases.length)
    warnNeverUpdated(
      training,
      good.map(({ updates }) => updates),
    );
  return good.length === phases.length ? good : null;
}

function reportPatience(training: Training, member: Member<"patience">): void {
  if (training.incomplete) return;
  report(training.checker.problems, member.span, {
    code: "patience-without-select",
    title: "Patience needs a selection",
    label: "waits for what?",
    text: "Patience counts epochs without improvement, and `select` says what improvement is.",
    hint: "Add `select min valid.mae`.",
  });
}

function checkSelect(training: Training, member: Member<"select">): CheckedTrain["select"] {
  const { checker } = training;
  if (member.split.name !== "valid") {
    const test = member.split.name === "test";
    report(checker.problems, member.split.span, {
      code: test ? "select-on-test" : "unknown-split",
      title: test ? "Selection on the test split" : "Selection needs the validation split",
      label: test ? "must stay unseen" : "Did you mean `valid`?",
      text: test
        ? "A model that was chosen by its test result has seen the test split, and the result no longer says how it does on new data. Selection looks at `valid`; the test split is read once, after training."
        : "Training chooses the best epoch by what it does on rows that it does not learn from: the split `valid`.",
      hint: `Write \`select ${member.direction} valid.${member.metric.name}\`.`,
    });
    return null;
  }
  const metric = checkMetric(training, member.metric);
  if (metric === null) return null;
  const better = metric === "loss" ? "lower" : metric.better;
  if ((better === "lower") !== (member.direction === "min") && metric !== "loss")
    warn(checker.warnings, member.metric.span, {
      code: "select-direction",
      title: "Selects the worst",
      label: `${better} is better`,
      text: `\`${member.direction}\` keeps the epoch with the ${member.direction === "min" ? "smallest" : "largest"} \`${member.metric.name}\`, which is the worst one.`,
      hint: `Write \`select ${better === "lower" ? "min" : "max"} valid.${member.metric.name}\`.`,
    });
  return { direction: member.direction, metric: member.metric.name };
}

function checkReport(training: Training, names: readonly Identifier[]): string[] | null {
  const checked = names.map((name) => checkMetric(training, name));
  return checked.includes(null) ? null : names.map(({ name }) => name);
}

/** The metric that a name stands for, "loss" for a loss of the model; null after a report. */
function checkMetric(training: Training, identifier: Identifier): Metric | "loss" | null {
  const { model, checker } = training;
  const { name, span } = identifier;
  if (model.losses.has(name)) return "loss";
  const labelKinds = new Set(model.predictions.map(({ type }) => labelKind(type)));
  const named = METRICS.filter((metric) => metric.name === name);
  const entry = named.find(({ labels }) => labelKinds.has(labels)) ?? named[0];
  const fitting = METRICS.filter((metric) => labelKinds.has(metric.labels)).map((metric) => metric.name);
  const known = [...fitting, ...model.losses];
  if (entry === undefined) {
    if (model.scope.mayMiss(name)) return null;
    const near = suggest(name, [...known, ...METRICS.map((metric) => metric.name)]);
    report(checker.problems, span, {
      code: "unknown-metric",
      title: "Unknown metric",
      label: near === null ? "neither a metric nor a loss" : `Did you mean \`${near}\`?`,
      text:
        known.length === 0
          ? "The model has no losses, and no output that predicts a label."
          : `Known here: ${quoteAll(known)}.`,
    });
    return null;
  }
  if (labelKinds.has(entry.labels)) return entry;
  if (model.scope.incomplete) return null;
  const wanted = { score: "numbers", class: "classes", set: "sets of labels" }[entry.labels];
  const declared = [...model.labels.keys()][0];
  report(checker.problems, span, {
    code: "metric-mismatch",
    title: "Metric does not fit the label",
    label: `for labels that are ${wanted}`,
    related: model.predictions.flatMap(({ label }) => {
      const local = model.scope.find(label);
      return local === null ? [] : [{ span: local.span, text: `\`${label}\` is predicted` }];
    }),
    text:
      model.predictions.length === 0
        ? "A metric compares a label with the output that predicts it, and no output of this model predicts anything."
        : `\`${name}\` compares ${wanted}. Those that fit this model: ${quoteAll(known)}.`,
    hint:
      model.predictions.length === 0 && declared !== undefined
        ? `Write \`output y_hat predicts ${declared}\` in the model.`
        : undefined,
  });
  return null;
}
