/** What parameters start from instead of drawn numbers: the `load` lines of a train block, carried out. */
import { at } from "../base/invariant.ts";
import type { CheckedLoad } from "../check/checked.ts";
import { pathName } from "../check/loads.ts";
import type { PretrainedFolder } from "../data/pretrained-folder.ts";
import { readPretrainedFolder } from "../data/pretrained-folder.ts";
import type { Dataset } from "../data/schema.ts";
import { loadWordVectors } from "../data/vectors.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { MadeInstance } from "../elaborate/elaboration.ts";
import type { CompiledModel } from "./compiled.ts";
import type { GivenValues } from "./initialise.ts";
import type { CheckpointLoad, LoadedWeights } from "./pretrained.ts";
import { loadWeights } from "./pretrained.ts";
import type { LoadedVectors } from "./word-vectors.ts";
import { placeVectors } from "./word-vectors.ts";

/** `--pretrained NAME=none`: the parameters start from drawn numbers, on purpose. */
const NONE = "none";

export interface StartingValues {
  readonly values: ReadonlyMap<string, GivenValues>;
  readonly weights: readonly LoadedWeights[];
  readonly vectors: readonly LoadedVectors[];
}

/** Folders that `load` lines name, opened; null for those that are left out on purpose. */
export type PretrainedFolders = ReadonlyMap<string, PretrainedFolder | null>;

const isCheckpoint = (load: CheckedLoad): load is CheckpointLoad => load.from.kind === "checkpoint";

/** Opens the folders of the command line. Throws a UserError when a `load` has no folder, a folder no `load`, or a folder cannot be read. */
export function openPretrained(
  loads: readonly CheckedLoad[],
  given: Readonly<Record<string, string>>,
): PretrainedFolders {
  const problems = new Problems();
  const wanted = loads.filter(isCheckpoint);
  const names = new Set(wanted.map(({ from }) => from.name));
  for (const name of Object.keys(given)) if (!names.has(name)) problems.add(unknownName(name, [...names]));
  for (const load of wanted) if (given[load.from.name] === undefined) problems.add(noFolder(load));
  if (problems.hasErrors) throw new UserError(problems.all);
  const folders = new Map<string, PretrainedFolder | null>();
  for (const name of names) {
    const folder = given[name] ?? NONE;
    folders.set(name, folder === NONE ? null : readPretrainedFolder(folder));
  }
  return folders;
}

export interface StartRequest {
  readonly model: CompiledModel;
  readonly loads: readonly CheckedLoad[];
  /** Asked for where weights are loaded. */
  readonly instances: () => ReadonlyMap<string, MadeInstance>;
  readonly folders: PretrainedFolders;
  readonly dataset: Dataset;
  /** The dataset as the user named it. */
  readonly folder: string;
}

/** Carries out all loads. Throws a UserError with everything that does not fit. */
export function startingValues(request: StartRequest): StartingValues {
  const { model, loads, instances, folders, dataset } = request;
  const problems = new Problems();
  const report = (problem: Diagnostic) => problems.add(problem);
  const values = new Map<string, GivenValues>();
  const weights: LoadedWeights[] = [];
  const vectors: LoadedVectors[] = [];
  for (const load of loads) {
    if (load.from.kind === "vectors") {
      const { field } = load.from;
      const file = dataset.vectors?.[field];
      if (file === undefined) {
        report(noVectors(request, load, field));
        continue;
      }
      const words = loadWordVectors(request.folder, file);
      const spec = dataset.fields.find(({ name }) => name === field);
      vectors.push(
        placeVectors({ load, field, words, vocabulary: spec?.vocabulary ?? null, model, values, report }),
      );
    } else if (isCheckpoint(load)) {
      const folder = folders.get(load.from.name) ?? null;
      if (folder === null) continue;
      const found = new Map<string, Float32Array>();
      const { parameters } = model;
      const given = { load, folder, instances: instances(), parameters };
      weights.push(loadWeights({ ...given, values: found, problems: report }));
      for (const [path, data] of found) values.set(path, { data, rows: null });
      for (const problem of otherWords(folder, dataset)) report(problem);
    }
  }
  if (problems.hasErrors) throw new UserError(problems.all);
  return { values, weights, vectors };
}

/** Words of the dataset that have other numbers in the checkpoint, where both say which words they have. */
function otherWords({ vocabulary, folder }: PretrainedFolder, dataset: Dataset): Diagnostic[] {
  if (vocabulary === null) return [];
  return dataset.fields.flatMap((field): Diagnostic[] => {
    const words = field.vocabulary;
    if (words === undefined || words.length !== vocabulary.words.length) return [];
    const id = words.findIndex((word, index) => word !== vocabulary.words[index]);
    if (id < 0) return [];
    return [
      {
        code: "weights-mismatch",
        severity: "error",
        title: "Words have other numbers",
        primary: null,
        related: [],
        place: {
          file: vocabulary.path,
          within: [vocabulary.path.endsWith(".json") ? "model.vocab" : `line ${id + 1}`],
        },
        text: `Token ${id} is \`${at(vocabulary.words, id)}\` here and \`${at(words, id)}\` in the field \`${field.name}\` of the dataset, so the weights would belong to other words.`,
        hint: `Import the texts with the vocabulary in ${folder}.`,
      },
    ];
  });
}

function noFolder(load: CheckpointLoad): Diagnostic {
  const { name, weights } = load.from;
  return {
    code: "missing-pretrained",
    severity: "error",
    title: "Weights are not given",
    primary: { span: load.span, text: "no folder for it" },
    related: [],
    text: `\`${load.into.map(pathName).join("`, `")}\` start from weights that are called \`${name}\` (${weights.declaration.name.name}).`,
    hint: `Give their folder by \`--pretrained ${name}=DIR\`, or train from drawn numbers by \`--pretrained ${name}=${NONE}\`.`,
  };
}

function unknownName(name: string, names: readonly string[]): Diagnostic {
  const near = suggest(name, names);
  return {
    code: "bad-pretrained",
    severity: "error",
    title: "Weights that nothing loads",
    primary: null,
    related: [],
    place: { file: `--pretrained ${name}=…` },
    text:
      names.length === 0
        ? "The train block loads no weights."
        : `The train block loads ${names.map((each) => `\`${each}\``).join(", ")}.`,
    hint:
      near !== null && near !== ""
        ? `Did you mean \`${near}\`?`
        : "A line `load bert as HuggingfaceBert into …` in the train block gives weights a name.",
  };
}

function noVectors({ dataset, folder }: StartRequest, load: CheckedLoad, field: string): Diagnostic {
  const others = Object.keys(dataset.vectors ?? {});
  return {
    code: "missing-vectors",
    severity: "error",
    title: "Dataset has no word vectors",
    primary: { span: load.span, text: `\`${field}\` has none` },
    related: [],
    place: { file: folder },
    text:
      others.length === 0
        ? "No word vectors were imported with this dataset."
        : `Word vectors were imported for ${others.map((each) => `\`${each}\``).join(", ")}.`,
    hint: "Import the data again with `vectors` for the field, see docs/data.md.",
  };
}
