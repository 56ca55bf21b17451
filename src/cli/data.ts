/** `mird data`: makes datasets and looks into them. */
import { basename } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { checkOutput, loadDataset, writeDataset } from "../data/dataset.ts";
import type { GaussianPairsOptions } from "../data/gaussian-pairs.ts";
import { GAUSSIAN_DEFAULTS, gaussianInformation, gaussianPairs } from "../data/gaussian-pairs.ts";
import type { ImportSummary } from "../data/import/write.ts";
import type { CsvImport } from "../data/import.ts";
import { csvManifest, describeImport, importDataset, readManifest, summarize } from "../data/import.ts";
import { inspectDataset } from "../data/inspect.ts";
import { describeInspection } from "../data/inspect-table.ts";
import { importLayout } from "../data/layout-import.ts";
import type { SyntheticOptions } from "../data/synthetic.ts";
import { SYNTHETIC_DEFAULTS, synthesize } from "../data/synthetic.ts";
import type { Register, Session } from "./command.ts";
import { collect } from "./command.ts";
import { addLayoutOptions, isDescription, type LayoutFlags, layoutImport } from "./data-layout.ts";

export const registerData: Register = (program, session) => {
  const data = program
    .command("data")
    .summary("make datasets and look into them")
    .description(
      "Makes dataset folders and looks into them. docs/data.md describes the folder and the import.",
    );
  registerSynth(data, session);
  registerGaussian(data, session);
  registerImport(data, session);
  registerInspect(data, session);
};

/** Flag, option and meaning of each number of the generator. */
const SYNTH_FLAGS: readonly (readonly [flag: string, option: keyof SyntheticOptions, meaning: string])[] = [
  ["seed", "seed", "everything follows from it"],
  ["train", "train", "labelled training rows"],
  ["unlabelled", "unlabelled", "further training rows without a label"],
  ["valid", "valid", "validation rows"],
  ["test", "test", "test rows"],
  ["shared-factors", "sharedFactors", "factors that all modalities show"],
  ["text-factors", "textFactors", "factors that only the text shows"],
  ["audio-factors", "audioFactors", "factors that only the audio shows"],
  ["vision-factors", "visionFactors", "factors that only the vision shows"],
  ["dependence", "dependence", "part of the private factors that follows from the shared ones, 0 to 1"],
  ["view-noise", "viewNoise", "deviation of what each modality adds to the shared factors"],
  [
    "irony",
    "irony",
    "chance that audio and vision show the shared factors turned round, as the text tells, 0 to 1",
  ],
  ["text-length", "textLength", "longest text"],
  ["audio-length", "audioLength", "longest audio"],
  ["vision-length", "visionLength", "longest vision"],
  ["audio-width", "audioWidth", "numbers per audio step"],
  ["vision-width", "visionWidth", "numbers per vision step"],
  ["vocabulary", "vocabulary", "size of the vocabulary"],
  ["feature-noise", "featureNoise", "deviation of the noise on features"],
  ["label-noise", "labelNoise", "deviation of the noise on labels"],
  ["missing", "missing", "chance that a row lacks a modality, 0 to 1"],
];

function registerSynth(data: Command, session: Session): void {
  const command = data
    .command("synth")
    .summary("generate data with known factors")
    .description(
      "Generates unaligned text, audio and vision from known shared and private factors, so that disentanglement can be measured against truth.",
    )
    .requiredOption("-o, --out <dir>", "folder to make")
    .option("--force", "replace a dataset that is there");
  for (const [flag, option, meaning] of SYNTH_FLAGS) {
    command.addOption(
      new Option(`--${flag} <n>`, meaning).argParser(anyNumber).default(SYNTHETIC_DEFAULTS[option]),
    );
  }
  command.action((options: Partial<SyntheticOptions> & { out: string; force?: boolean }) => {
    const { out, force = false, ...numbers } = options;
    checkOutput(out, force);
    const dataset = synthesize(numbers, session.io.command);
    writeDataset(dataset, out, { force });
    session.io.out.write(describeImport(summarize(dataset)));
    session.io.out.write(`Written to ${out}\n`);
  });
}

const GAUSSIAN_FLAGS: readonly (readonly [option: keyof GaussianPairsOptions, meaning: string])[] = [
  ["seed", "everything follows from it"],
  ["train", "training rows"],
  ["valid", "validation rows"],
  ["test", "test rows"],
  ["width", "numbers of x, and of y"],
  ["correlation", "of each number of x with its number of y, between -1 and 1"],
];

function registerGaussian(data: Command, session: Session): void {
  const command = data
    .command("gaussian")
    .summary("generate pairs of known mutual information")
    .description(
      "Generates pairs of Gaussian vectors `x` and `y` whose mutual information is known, so that estimators can be measured against it.",
    )
    .requiredOption("-o, --out <dir>", "folder to make")
    .option("--force", "replace a dataset that is there");
  for (const [option, meaning] of GAUSSIAN_FLAGS) {
    command.addOption(
      new Option(`--${option} <n>`, meaning).argParser(anyNumber).default(GAUSSIAN_DEFAULTS[option]),
    );
  }
  command.action((options: GaussianPairsOptions & { out: string; force?: boolean }) => {
    const { out, force = false, ...numbers } = options;
    checkOutput(out, force);
    const dataset = gaussianPairs(numbers, session.io.command);
    writeDataset(dataset, out, { force });
    session.io.out.write(describeImport(summarize(dataset)));
    const known = gaussianInformation(numbers.width, numbers.correlation).toFixed(4);
    session.io.out.write(`Mutual information of x and y: ${known} nats\nWritten to ${out}\n`);
  });
}

interface ImportFlags extends LayoutFlags {
  readonly from?: string;
  readonly csv?: string;
  readonly id?: string;
  readonly split?: string;
  readonly splitBy?: string;
  readonly score?: string;
  readonly class?: string;
  readonly tokens: readonly string[];
  readonly vector: readonly string[];
}

function registerImport(data: Command, session: Session): void {
  const command = data
    .command("import")
    .summary("import data files")
    .description(
      "Imports data files. Files in a known layout are taken as they are: pickles of MMSA and MIRD, computational sequences (.csd), HDF5, .npz, .npy, CSV and JSON lines. For anything else a JSON description says which files hold what (docs/data.md).",
    )
    .argument(
      "[path...]",
      "files or folders, or one JSON description; `test=PATH` puts all rows of a file into a split, further files join by id",
    )
    .requiredOption("-o, --out <dir>", "folder to make")
    .option(
      "--from <dir>",
      "folder that the description's paths are relative to (default: the current folder)",
    )
    .option("--force", "replace a dataset that is there")
    .optionsGroup("One CSV file:")
    .option("--csv <file>", "the file, with a header line")
    .option("--id <column>", "column that identifies a row")
    .option("--split <column>", "column that says train, valid or test; otherwise rows are drawn")
    .option("--split-by <column>", "rows with the same value here stay in one split")
    .option("--score <column>", "label that is a number")
    .option("--class <column>", "label that is a name")
    .option("--tokens <field=column>", "a text; may be given several times", collect, [])
    .option("--vector <field=columns>", "numbers: names, numbers or ranges `a..b`, with commas", collect, [])
    .action(async (paths: readonly string[], flags: ImportFlags, command: Command) => {
      const [first] = paths;
      if ((first === undefined) === (flags.csv === undefined)) {
        command.error("error: give either files, a description, or --csv FILE");
      }
      const summary =
        first === undefined || (paths.length === 1 && isDescription(first, flags))
          ? await importDescribed(first, flags, command, session)
          : await importLayout(layoutImport(paths, flags, session.io.command));
      session.io.out.write(describeImport(summary));
      session.io.out.write(`Written to ${flags.out}\n`);
    });
  addLayoutOptions(command);
}

function importDescribed(
  description: string | undefined,
  flags: ImportFlags,
  command: Command,
  session: Session,
): Promise<ImportSummary> {
  const manifest =
    description === undefined ? csvManifest(csvImport(flags, command)) : readManifest(description);
  const { out, force = false, from = "." } = flags;
  return importDataset({ manifest, from, out, force, command: session.io.command });
}

function csvImport(flags: ImportFlags, command: Command): CsvImport {
  const { csv: file = "", id, score, delimiter, splitBy } = flags;
  if (score !== undefined && flags.class !== undefined)
    command.error("error: --score and --class exclude each other");
  const column = score ?? flags.class;
  const drawn = { valid: flags.validShare ?? 0.1, test: flags.testShare ?? 0.2, seed: flags.splitSeed };
  return {
    file,
    name: flags.name ?? basename(file).replace(/\.\w+$/, ""),
    split: flags.split ?? { ...drawn, ...(splitBy === undefined ? {} : { by: splitBy }) },
    tokens: Object.fromEntries(flags.tokens.map((text) => pair(text, "--tokens"))),
    vectors: Object.fromEntries(
      flags.vector
        .map((text) => pair(text, "--vector"))
        .map(([field, columns]) => [field, columns.split(",")]),
    ),
    ...(id === undefined ? {} : { id }),
    ...(column === undefined ? {} : { label: { column, kind: score === undefined ? "class" : "score" } }),
    ...(delimiter === undefined ? {} : { delimiter }),
  };
}

function pair(text: string, flag: string): [string, string] {
  const place = text.indexOf("=");
  if (place < 1) throw new InvalidArgumentError(`${flag} takes FIELD=COLUMN, not \`${text}\`.`);
  return [text.slice(0, place), text.slice(place + 1)];
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

function registerInspect(data: Command, session: Session): void {
  data
    .command("inspect")
    .summary("count what is in a dataset")
    .description(
      "Counts what is in a dataset: sizes, lengths, ranges, labels, absent values, rows that occur twice.",
    )
    .argument("<dir>", "dataset folder")
    .option("--json", "print JSON")
    .action((folder: string, options: { json?: boolean }) => {
      session.json = options.json === true;
      const report = inspectDataset(loadDataset(folder));
      session.io.out.write(
        session.json ? `${JSON.stringify(report, null, 1)}\n` : describeInspection(report),
      );
    });
}
