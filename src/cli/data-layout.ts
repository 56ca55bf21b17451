/** Flags of `mird data import` for files in a known layout. */
import { basename } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { FORMATS, type Format } from "../data/layout/open.ts";
import { LAYOUT_DEFAULTS, type LayoutImport, type SourcePath } from "../data/layout-import.ts";
import { collect, numberBetween, wholeNumber } from "./command.ts";

/** What the flags say, as the command line gives it. */
export interface LayoutFlags {
  readonly out: string;
  readonly force?: boolean;
  readonly name?: string;
  readonly as?: Format;
  readonly field: readonly string[];
  readonly without: readonly string[];
  readonly unlabelled: readonly string[];
  readonly align?: string;
  readonly range?: readonly [number, number];
  readonly middle?: number;
  readonly clip?: number;
  readonly vocabulary?: string;
  readonly textSplit?: "spaces" | "bert";
  readonly vectors: readonly string[];
  readonly vectorWords?: string;
  readonly delimiter?: string;
  readonly validShare?: number;
  readonly testShare?: number;
  readonly splitSeed: number;
}

/** Adds the flags to the command. */
export function addLayoutOptions(command: Command): void {
  command
    .optionsGroup("Files in a known layout:")
    .addOption(
      new Option(
        "--as <layout>",
        "the layout; without it the content tells (a single .json file is then a description)",
      ).choices(FORMATS),
    )
    .option("--field <name=column>", "take a column as this field; may be given several times", collect, [])
    .option("--without <column>", "leave a column out; may be given several times", collect, [])
    .option(
      "--unlabelled <file>",
      "further rows for training without labels; may be given several times",
      collect,
      [],
    )
    .option("--align <sequence>", "computational sequence whose steps are the rows (default: the labels)")
    .option("--range <low,high>", "refuse scores outside", lowHigh)
    .option("--middle <n>", "subtract this from every score", anyNumber)
    .option("--clip <deviations>", "limit features after scaling", anyNumber)
    .option(
      "--vocabulary <file>",
      "vocab.txt or tokenizer.json of word pieces for texts, and the bound of ids",
    )
    .option(
      "--vectors <field=file>",
      "word vectors for a field's vocabulary: GloVe text, or .npy",
      collect,
      [],
    )
    .option("--vector-words <file>", "the words of a .npy file of vectors, one a line")
    .addOption(
      new Option(
        "--text-split <how>",
        "where texts are split before the pieces of a vocab.txt are looked up (default: spaces)",
      ).choices(["spaces", "bert"]),
    )
    .optionsGroup("Every import without a description:")
    .option("--name <name>", "name of the dataset (default: the file's)")
    .option(
      "--valid-share <share>",
      "part of rows without a split drawn for validation (of --csv: 0.1)",
      numberBetween(0, 1),
    )
    .option(
      "--test-share <share>",
      "part of rows without a split drawn for the test (of --csv: 0.2)",
      numberBetween(0, 1),
    )
    .option("--split-seed <n>", "seed of the drawing", wholeNumber(0), 0)
    .option("--delimiter <text>", "what stands between cells (default: a comma, in .tsv files a tab)");
}

/** A single JSON file is a description unless a layout is named. */
export function isDescription(path: string, flags: LayoutFlags): boolean {
  return flags.as === undefined && path.toLowerCase().endsWith(".json");
}

/** The import that paths and flags ask for. */
export function layoutImport(paths: readonly string[], flags: LayoutFlags, command: string): LayoutImport {
  const sources = [
    ...paths.map(sourcePath),
    ...flags.unlabelled.map((path) => ({ path, split: "unlabelled" as const })),
  ];
  const [first] = sources;
  return {
    ...LAYOUT_DEFAULTS,
    name: flags.name ?? basename(first?.path ?? "").replace(/\.\w+$/, ""),
    sources,
    format: flags.as ?? "auto",
    align: flags.align ?? null,
    delimiter: flags.delimiter ?? null,
    shares: { valid: flags.validShare ?? 0, test: flags.testShare ?? 0, seed: flags.splitSeed },
    fields: new Map(flags.field.map(pair)),
    without: flags.without,
    range: flags.range ?? null,
    middle: flags.middle ?? 0,
    clip: flags.clip ?? null,
    vocabularyFile: flags.vocabulary ?? null,
    vectors: new Map(
      flags.vectors.map(pair).map(([field, file]) => [field, { file, words: flags.vectorWords ?? null }]),
    ),
    textSplit: flags.textSplit ?? null,
    out: flags.out,
    force: flags.force ?? false,
    command,
  };
}

function sourcePath(text: string): SourcePath {
  const match = /^(train|valid|test|unlabelled)=(.+)$/.exec(text);
  const split = match?.[1];
  if (
    match?.[2] === undefined ||
    (split !== "train" && split !== "valid" && split !== "test" && split !== "unlabelled")
  )
    return { path: text, split: null };
  return { path: match[2], split };
}

function pair(text: string): [string, string] {
  const place = text.indexOf("=");
  if (place < 1) throw new InvalidArgumentError(`NAME=VALUE was expected, not \`${text}\`.`);
  const name = text.slice(0, place);
  if (!/^[A-Za-z_][\w.]*$/.test(name))
    throw new InvalidArgumentError(
      `\`${name}\` is no field name: letters, digits, \`_\` and \`.\`, a letter first.`,
    );
  return [name, text.slice(place + 1)];
}

function lowHigh(text: string): [number, number] {
  const [low, high, ...rest] = text.split(",").map(Number);
  if (low === undefined || high === undefined || rest.length > 0 || !(low < high))
    throw new InvalidArgumentError("It must be two numbers with a comma, the lower first.");
  return [low, high];
}

function anyNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}
