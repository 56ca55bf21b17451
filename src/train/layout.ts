/**
 * Where parameters lie in their arena. Parameters that the same phases update with the same settings lie side by side, so that an update is one
 * range (two where some decay and others do not). Within such a range, parameters of one role and shape (the first weights of all estimators)
 * follow each other without gaps: the optimiser then computes with all of them as one tensor. Every such run starts at a multiple of 64 elements,
 * the alignment of a binding. States come last, behind everything that optimisers move.
 */
import type { CheckedPhase } from "../check/checked.ts";
import type { Initialiser, ParameterRequest } from "../elaborate/elaboration.ts";
import { EPOCH_STATE } from "../elaborate/states.ts";
import type { Selection } from "../syntax/ast-train.ts";
import type { OptimizerSettings, UpdateRange } from "./optimizers.ts";
import { optimizerSettings } from "./phase-settings.ts";

/** Elements between possible starts. */
export const ALIGNMENT = 64;

export function aligned(elements: number): number {
  return Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
}

/** A parameter before it has a place. */
export interface FoundParameter {
  readonly path: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  readonly kind: ParameterRequest["kind"];
  readonly perRow: boolean;
  readonly slots: readonly string[];
  /** Names of the phases whose objective depends on it. */
  readonly readBy: ReadonlySet<string>;
}

export interface PlacedParameter extends FoundParameter {
  readonly offset: number;
  /** Phases whose optimiser moves it. */
  readonly updatedBy: readonly string[];
  /** The phase that writes it, for a state: the last one whose `updates` names it. */
  readonly writtenBy: string | null;
}

export interface PhaseRanges {
  readonly ranges: readonly UpdateRange[];
  readonly momentElements: number;
}

export interface ParameterLayout {
  readonly parameters: readonly PlacedParameter[];
  readonly elements: number;
  readonly phases: ReadonlyMap<string, PhaseRanges>;
}

/** Whether a selection names a parameter: by slot, or by the first parts of its path (an index in brackets may be left out). */
export function selects(
  selection: Selection,
  parameter: { readonly path: string; readonly slots: readonly string[] },
): boolean {
  const named = (paths: Selection["include"]) =>
    paths.some((path) => {
      const name = path.parts.map((part) => part.name).join(".");
      const bare = parameter.path.replace(/\[[^\]]*\]/g, "");
      return (
        parameter.slots.includes(name) ||
        [parameter.path, bare].some((full) => full === name || full.startsWith(`${name}.`))
      );
    });
  return (selection.all || named(selection.include)) && !named(selection.except);
}

/** Settings of each phase for one parameter; null where the phase does not move it. */
function settingsFor(
  phases: readonly CheckedPhase[],
  parameter: FoundParameter,
): (OptimizerSettings | null)[] {
  return phases.map((phase) =>
    parameter.kind === "param" && parameter.readBy.has(phase.name) && selects(phase.updates, parameter)
      ? optimizerSettings(phase, parameter, selects)
      : null,
  );
}

/** Parameters by role (the last part of the path) and shape; runs and their members in the order in which they were found. */
function runsOf(members: readonly FoundParameter[]): readonly (readonly FoundParameter[])[] {
  const runs = new Map<string, FoundParameter[]>();
  for (const parameter of members) {
    const role = parameter.path.slice(parameter.path.lastIndexOf(".") + 1);
    const key = `${role} ${parameter.shape.join("x")}`;
    const run = runs.get(key) ?? [];
    runs.set(key, run);
    run.push(parameter);
  }
  return [...runs.values()];
}

function writerOf(state: FoundParameter, phases: readonly CheckedPhase[]): string | null {
  if (state.kind === "param") return null;
  const writes = (phase: CheckedPhase) => state.path === EPOCH_STATE || selects(phase.updates, state);
  return phases.findLast(writes)?.name ?? null;
}

/** Places all parameters and states, and says which ranges each phase updates. */
export function layoutParameters(
  found: readonly FoundParameter[],
  phases: readonly CheckedPhase[],
): ParameterLayout {
  const grouped = new Map<
    string,
    { readonly settings: readonly (OptimizerSettings | null)[]; readonly members: FoundParameter[] }
  >();
  const states = found.filter(({ kind }) => kind === "state");
  for (const parameter of [...found.filter(({ kind }) => kind === "param"), ...states]) {
    const settings = settingsFor(phases, parameter);
    const key = `${parameter.kind} ${JSON.stringify(settings)}`;
    const group = grouped.get(key) ?? { settings, members: [] };
    group.members.push(parameter);
    grouped.set(key, group);
  }
  const placed: PlacedParameter[] = [];
  const ranges = new Map(phases.map((phase) => [phase.name, [] as UpdateRange[]]));
  const moments = new Map(phases.map((phase) => [phase.name, 0]));
  let offset = 0;
  for (const { settings, members } of grouped.values()) {
    const start = offset;
    const updatedBy = phases.flatMap((phase, index) => (settings[index] ? [phase.name] : []));
    for (const run of runsOf(members)) {
      for (const parameter of run) {
        placed.push({ ...parameter, offset, updatedBy, writtenBy: writerOf(parameter, phases) });
        offset += parameter.shape.reduce((product, extent) => product * extent, 1);
      }
      offset = aligned(offset);
    }
    for (const [index, phase] of phases.entries()) {
      const own = settings[index];
      if (!own) continue;
      const momentOffset = moments.get(phase.name) ?? 0;
      ranges.get(phase.name)?.push({ offset: start, elements: offset - start, momentOffset, settings: own });
      moments.set(phase.name, momentOffset + offset - start);
    }
  }
  return {
    parameters: placed,
    elements: offset,
    phases: new Map(
      phases.map((phase) => [
        phase.name,
        { ranges: ranges.get(phase.name) ?? [], momentElements: moments.get(phase.name) ?? 0 },
      ]),
    ),
  };
}
