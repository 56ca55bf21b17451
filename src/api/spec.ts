/** The spec that a command works on: read, checked, and with the settings of the command line. */

import type { Cache } from "../base/cache.ts";
import type { OnStage } from "../base/stopwatch.ts";
import { checkProgram } from "../check/check.ts";
import type { CheckedModel, CheckedProgram } from "../check/checked.ts";
import type { LoadSource } from "../check/load.ts";
import { loadProgram } from "../check/load.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import type { Source } from "../diagnostics/source.ts";
import { openCache } from "./cache.ts";
import { parseSettings } from "./settings.ts";

export interface SpecRequest {
  readonly entry: Source;
  readonly loadSource: LoadSource;
  /** `--set`, by name, as written. */
  readonly settings: Readonly<Record<string, string>>;
  /** `--model`; null: the first one of the file. */
  readonly model: string | null;
  readonly onStage?: OnStage;
  /** Of parsed texts; left out: the one that the environment asks for. */
  readonly cache?: Cache;
}

/** Checks a spec and returns every problem, warnings included. */
export function checkSpec(request: SpecRequest): {
  readonly program: CheckedProgram;
  readonly problems: readonly Diagnostic[];
} {
  const problems = new Problems();
  const overrides = parseSettings(request.settings, problems);
  const scope = loadProgram(request.entry, request.loadSource, problems, request.cache ?? openCache());
  request.onStage?.("parse");
  const named = request.model === null ? {} : { model: request.model };
  const program = checkProgram(scope, { overrides, ...named }, problems);
  request.onStage?.("check");
  return { program, problems: problems.all };
}

export interface RequiredModel {
  readonly program: CheckedProgram;
  readonly model: CheckedModel;
  readonly warnings: readonly Diagnostic[];
  /** Equal for models of equal texts and settings. */
  readonly identity: string;
}

/** The model of a spec without mistakes, and the warnings. Throws a UserError otherwise. */
export function requireModel(request: SpecRequest): RequiredModel {
  const read: Source[] = [request.entry];
  const loadSource: LoadSource = (path, from) => {
    const source = request.loadSource(path, from);
    if (source !== null) read.push(source);
    return source;
  };
  const { program, problems } = checkSpec({ ...request, loadSource });
  if (problems.some(({ severity }) => severity === "error")) throw new UserError(problems);
  if (program.chosen === null) throw noModel(request);
  const texts = read.map(({ path, text }) => [path, text]);
  // By its name, so that a run's record and the file that it came from are one.
  const identity = JSON.stringify([texts, Object.entries(request.settings).sort(), program.chosen.name]);
  return { program, model: program.chosen, warnings: problems, identity };
}

function noModel({ entry, model }: SpecRequest): UserError {
  return new UserError([
    {
      code: "no-model",
      severity: "error",
      title: "No model to work on",
      primary: null,
      related: [],
      place: { file: entry.path },
      text: model === null ? "The file declares no model." : `The file declares no model \`${model}\`.`,
      hint: "Declare one with `model Name { … }`; docs/language.md shows how.",
    },
  ]);
}
