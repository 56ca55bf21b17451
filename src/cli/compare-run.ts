/** A comparison from the command line: everything is checked, then every variant is trained with every seed, then the tables are written. */
import { join } from "node:path";
import type { OpenedDataset } from "../api/dataset.ts";
import { openDatasetFor } from "../api/dataset.ts";
import type { ChosenDevice, DeviceFlags } from "../api/devices.ts";
import { chooseDevice } from "../api/devices.ts";
import { datasetWithout, requireModalities } from "../api/drops.ts";
import { writeComparisonReport } from "../api/report.ts";
import { newRunInfo, prepareFor } from "../api/run.ts";
import type { Sources } from "../api/sources.ts";
import { diskLoader, readSpec } from "../api/sources.ts";
import { requireModel } from "../api/spec.ts";
import { at } from "../base/invariant.ts";
import { fingerprint } from "../data/dataset.ts";
import type { Drops } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import type { Source } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { trainBlock } from "../driver/compile.ts";
import type { Prepared } from "../driver/prepare.ts";
import { resumePoint } from "../driver/run-recorder.ts";
import { runTraining } from "../driver/training.ts";
import type { ComparedVariant, Comparison, RunValues } from "../report/comparison.ts";
import { compareRuns } from "../report/comparison.ts";
import type { ComparisonPlan } from "../report/comparison-folder.ts";
import {
  comparisonFolder,
  openComparison,
  runState,
  runValues,
  writeComparison,
} from "../report/comparison-folder.ts";
import { comparisonText } from "../report/comparison-print.ts";
import { amount } from "../report/quantity.ts";
import { RunDirectory } from "../report/run-directory.ts";
import { formatNumber } from "../report/tables.ts";
import { METRICS } from "../statistics/metrics.ts";
import { EVALUATED_SPLITS } from "../train/evaluate.ts";
import type { Axis, Variant } from "./axes.ts";
import { variantsOf } from "./axes.ts";
import { splitDrops } from "./drop.ts";
import { EXIT, printProblems } from "./failure.ts";
import { catchInterrupts } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { attemptReport } from "./report.ts";
import { STREAMED } from "./train-run.ts";

export interface CompareRequest {
  readonly spec: string;
  readonly axes: readonly Axis[];
  readonly seeds: number;
  readonly data: string;
  /** Folders of weights by the names in the spec. */
  readonly pretrained: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** As `--drop` gives them; axes may vary them. */
  readonly drop: readonly string[];
  readonly model: string | null;
  readonly epochs: number | null;
  /** Empty: those that the train block reports. */
  readonly metrics: readonly string[];
  readonly out: string | null;
  /** Bring rows to the device batch by batch, also where the dataset would fit. */
  readonly stream: boolean;
  readonly device: DeviceFlags;
  readonly json: boolean;
  /** Write report.html at the end. */
  readonly report: boolean;
}

type Checked = ReturnType<typeof requireModel>;

/** What all runs of a comparison have in common. */
interface Session {
  readonly io: Io;
  readonly request: CompareRequest;
  readonly entry: Source;
  readonly sources: Sources;
  readonly dataset: Dataset;
  readonly device: ChosenDevice;
  readonly metrics: readonly string[];
  readonly folder: string;
  readonly signal: AbortSignal;
}

interface CompiledVariant extends Variant {
  readonly checked: Checked;
  readonly prepared: Prepared;
  /** Shares of rows that lose a modality. */
  readonly drop: Drops;
  /** Of its run folders, without the seed. */
  readonly name: string;
}

/** Trains what is missing and prints the table; returns the exit code. */
export async function compare(io: Io, request: CompareRequest): Promise<number> {
  const sources: Sources = {};
  const entry = readSpec(request.spec, sources);
  const variants = variantsOf(request.axes);
  const checked = checkVariants(io, request, variants, (settings) =>
    requireModel({ entry, loadSource: diskLoader(sources), settings, model: request.model }),
  );
  const metrics = chosenMetrics(request, at(checked, 0));
  const device = await chooseDevice(request.device);
  try {
    const opened = openDatasetFor(
      request.data,
      device.backend.limits,
      request.stream,
      checked.map(({ model }) => model),
    );
    const { dataset } = opened;
    const compiled = compileVariants(request, { variants, checked, opened, device });
    const plan = planOf(request, { entry, sources, dataset, device });
    const folder = request.out ?? comparisonFolder("runs", plan);
    const unlock = openComparison(folder, plan);
    const interrupt = catchInterrupts(io);
    try {
      const rows = opened.stream ? STREAMED : "";
      io.err.write(`Device: ${device.backend.description}. ${device.reason}\n${rows}Folder: ${folder}\n`);
      const { signal } = interrupt;
      const session = { io, request, entry, sources, dataset, device, metrics, folder, signal };
      return await runAll(session, compiled);
    } finally {
      interrupt.release();
      unlock();
    }
  } finally {
    device.backend.close();
  }
}

/** Checks every variant, so that all mistakes are shown before anything is trained. */
function checkVariants(
  io: Io,
  request: CompareRequest,
  variants: readonly Variant[],
  check: (settings: Readonly<Record<string, string>>) => Checked,
): Checked[] {
  const checked = collect(variants, ({ settings }) => check({ ...request.settings, ...settings }));
  const warnings = new Problems();
  for (const warning of checked.flatMap((model) => model.warnings)) warnings.add(warning);
  if (!request.json) printProblems(io, warnings.all, false);
  return checked;
}

/** The results for all items; or one UserError with the problems of all. */
function collect<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Result,
): Result[] {
  const problems = new Problems();
  const results = items.flatMap((item, index) => {
    try {
      return [work(item, index)];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return [];
    }
  });
  if (problems.hasErrors) throw new UserError(problems.all);
  return results;
}

function compileVariants(
  request: CompareRequest,
  given: {
    readonly variants: readonly Variant[];
    readonly checked: readonly Checked[];
    readonly opened: OpenedDataset;
    readonly device: ChosenDevice;
  },
): CompiledVariant[] {
  const { variants, checked, opened, device } = given;
  const names = runNames(variants);
  return collect(variants, (variant, index) => {
    const { data: folder, epochs, pretrained } = request;
    const drop = splitDrops([...request.drop, ...variant.drops]) ?? {};
    const model = at(checked, index);
    requireModalities(model, opened.dataset, drop);
    const data = {
      ...opened,
      folder,
      epochs,
      pretrained,
      dropped: { drops: drop, evaluated: EVALUATED_SPLITS },
    };
    const prepared = prepareFor(device, model, data);
    return { ...variant, checked: model, prepared, drop, name: at(names, index) };
  });
}

/** Folder names after the settings; equal ones get a number. */
function runNames(variants: readonly Variant[]): string[] {
  const plain = variants.map(({ settings, drops }) => {
    const text = [...Object.entries(settings).map((pair) => pair.join("-")), ...drops].join("-");
    return (
      text
        .replaceAll(/[^\w.]+/g, "-")
        .replace(/-$/, "")
        .slice(0, 80) || "run"
    );
  });
  return plain.map((name, index) =>
    plain.indexOf(name) === index && plain.lastIndexOf(name) === index ? name : `${name}-v${index + 1}`,
  );
}

/** The metrics of the table. Throws a UserError for names that are neither a metric nor a loss of the model. */
function chosenMetrics(request: CompareRequest, { model }: Checked): readonly string[] {
  const losses = model.declaration.members.flatMap((member) =>
    member.kind === "loss" ? [member.name.name] : [],
  );
  const { report } = trainBlock(model);
  if (request.metrics.length === 0) return report.length > 0 ? report : losses;
  const known = [...METRICS.map(({ name }) => name), ...losses];
  return collect(request.metrics, (name) => {
    if (known.includes(name)) return name;
    const near = suggest(name, known);
    throw new UserError([
      {
        code: "unknown-metric",
        severity: "error",
        title: "Unknown metric",
        primary: null,
        related: [],
        place: { file: `--metric ${name}` },
        text: `There is no such metric, and no such loss of the model. Known: ${known.map((one) => `\`${one}\``).join(", ")}.`,
        ...(near === null ? {} : { hint: `Did you mean \`${near}\`?` }),
      },
    ]);
  });
}

function planOf(
  request: CompareRequest,
  { entry, sources, dataset, device }: Pick<Session, "entry" | "sources" | "dataset" | "device">,
): ComparisonPlan {
  return {
    spec: entry.path,
    model: request.model,
    sources,
    settings: request.settings,
    over: request.axes,
    epochs: request.epochs,
    drop: request.drop,
    pretrained: request.pretrained,
    dataset: fingerprint(dataset),
    target: device.target.name,
  };
}

async function runAll(session: Session, variants: readonly CompiledVariant[]): Promise<number> {
  const { io, request, folder, metrics, dataset } = session;
  const seeds = Array.from({ length: request.seeds }, (_, seed) => seed);
  const results: ComparedVariant[] = [];
  for (const variant of variants) {
    const runs: (RunValues | null)[] = [];
    for (const seed of seeds) {
      const number = results.length * seeds.length + runs.length + 1;
      const head = `[${number}/${variants.length * seeds.length}] ${variant.values.join(", ")}, seed ${seed}`;
      const values = await oneRun(session, variant, seed, head);
      if (values === "interrupted") {
        io.err.write("Stopped. The same command goes on from here.\n");
        return EXIT.interrupted;
      }
      runs.push(values);
    }
    results.push({ values: variant.values, runs, folders: seeds.map((seed) => runName(variant, seed)) });
  }
  const comparison = compareRuns({
    axes: request.axes.map(({ name }) => name),
    seeds,
    splits: ["test", "valid"].filter((split) => dataset.splits[split] !== undefined),
    metrics,
    variants: results,
  });
  writeComparison(folder, comparison);
  if (request.report) attemptReport(io, () => writeComparisonReport(folder));
  printComparison(session, comparison);
  return EXIT.ok;
}

function printComparison({ io, request, folder }: Session, comparison: Comparison): void {
  if (request.json) io.out.write(`${JSON.stringify(comparison, null, 1)}\n`);
  else io.out.write(`\n${comparisonText(comparison)}\nEverything is in ${folder}\n`);
}

/** Trains one variant with one seed, unless that has been done; null when its loss stopped being a number. */
async function oneRun(
  session: Session,
  variant: CompiledVariant,
  seed: number,
  head: string,
): Promise<RunValues | null | "interrupted"> {
  const { io, device, metrics, signal } = session;
  if (signal.aborted) return "interrupted";
  const folder = join(session.folder, runName(variant, seed));
  const state = runState(folder);
  const tell = (what: string) => io.err.write(`${head}: ${what}\n`);
  if (state === "ended") {
    const values = runValues(folder);
    tell(`done before${summary(values, metrics)}`);
    return values;
  }
  const { prepared, checked, drop } = variant;
  const dataset = datasetWithout(checked, session.dataset, drop, seed);
  const run = state === "new" ? newRun(session, variant, seed, folder) : RunDirectory.open(folder);
  run.setStatus("running");
  const resume = state === "new" ? undefined : resumePoint(run, prepared.model);
  const progress = new Progress(io.err, metrics);
  // Lines of single epochs would bury the one line per run; a terminal shows where a run is.
  const { start, compiling } = progress;
  const iteration = io.err.terminal ? progress.iteration : () => {};
  const display = { start, compiling, iteration, epoch: () => {} };
  const began = performance.now();
  try {
    const { backend } = device;
    const { result } = await runTraining({ run, prepared, dataset, backend, resume, display, signal });
    progress.clear();
    if (result.status === "interrupted") return "interrupted";
    const values = runValues(folder);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const from = resume === undefined ? "" : `, gone on after iteration ${resume.checkpoint.state.iteration}`;
    tell(`${amount(result.state.epoch, "epoch")} in ${seconds} s${from}${summary(values, metrics)}`);
    return values;
  } catch (error) {
    progress.clear();
    if (!(error instanceof UserError) || !error.problems.some(({ code }) => code === "diverged")) throw error;
    tell("no result; its loss stopped being a number");
    return null;
  }
}

/** The folder of a run, below that of the comparison. */
function runName({ name }: CompiledVariant, seed: number): string {
  return `${name}-seed-${seed}`;
}

function newRun(session: Session, variant: CompiledVariant, seed: number, folder: string): RunDirectory {
  const { io, request, entry, sources, dataset, device } = session;
  const { pretrained } = request;
  const settings = { ...request.settings, ...variant.settings };
  const facts = {
    command: io.command,
    entry,
    sources,
    settings,
    seed,
    drop: variant.drop,
    dataset,
    folder: request.data,
    pretrained,
  };
  return RunDirectory.create(folder, newRunInfo(variant.prepared, device, facts));
}

/** The first metrics of a run in a few words. */
function summary(values: RunValues, metrics: readonly string[]): string {
  const shown = metrics
    .slice(0, 3)
    .map((metric) => `${metric} ${formatNumber(values.test?.[metric] ?? Number.NaN)}`);
  return values.test === undefined || shown.length === 0 ? "" : `; test ${shown.join(", ")}`;
}
