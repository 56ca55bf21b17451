/**
 * The training loop: epochs of batches, iterations on a device, evaluation and selection on the validation split, one look at the test
 * split at the end. The host never waits for a single step; losses arrive behind the queue. Nothing is printed or written here.
 */
import { invariant } from "../base/invariant.ts";
import { epochBatches } from "../data/batches.ts";
import type { Dataset } from "../data/schema.ts";
import type { CompiledModel } from "./compiled.ts";
import { trainingRows } from "./data-arenas.ts";
import type { TrainingDevice } from "./device.ts";
import { momentArenas } from "./device.ts";
import { divergence } from "./divergence.ts";
import type { Evaluation } from "./evaluate.ts";
import { EVALUATED_SPLITS, evaluateSplit } from "./evaluate.ts";
import type { BatchFeed } from "./feed.ts";
import { openFeed } from "./feed.ts";
import { Inflight } from "./inflight.ts";
import type { GivenValues } from "./initialise.ts";
import { initialParameters } from "./initialise.ts";
import { scheduleArena } from "./schedule.ts";
import type { TrainSettings } from "./settings.ts";
import type { Checkpoint, TrainState } from "./state.ts";
import { START } from "./state.ts";

/** Seconds between checkpoints inside an epoch; there is one after every epoch besides. */
const CHECKPOINT_SECONDS = 60;

export interface IterationEvent {
  /** Counted from 0 over the whole run. */
  readonly iteration: number;
  readonly epoch: number;
  readonly losses: ReadonlyMap<string, number>;
}

export interface EpochEvent {
  /** Counted from 0. */
  readonly epoch: number;
  /** Iterations finished so far. */
  readonly iteration: number;
  /** Mean of each training loss over the epoch's iterations. */
  readonly train: ReadonlyMap<string, number>;
  /** Null when the dataset has no validation split. */
  readonly valid: Evaluation | null;
  readonly best: TrainState["best"];
  readonly improved: boolean;
}

/** Hears what happens; the report and the progress display are observers. */
export interface TrainObserver {
  readonly start: (plan: {
    readonly epochs: number;
    readonly iterationsPerEpoch: number;
    readonly from: TrainState;
  }) => void;
  readonly iteration: (event: IterationEvent) => void;
  readonly epoch: (event: EpochEvent) => void;
  /** The state to go on from; called after every epoch, now and then inside one, and when stopped. */
  readonly checkpoint: (checkpoint: Checkpoint) => void;
  /** The arena `parameters` of the best epoch so far. */
  readonly best: (parameters: Float32Array) => void;
}

export interface TrainRequest {
  readonly model: CompiledModel;
  readonly settings: TrainSettings;
  readonly dataset: Dataset;
  readonly device: TrainingDevice;
  readonly seed: number;
  /** First values that are not drawn, by the paths of parameters. */
  readonly given?: ReadonlyMap<string, GivenValues>;
  readonly observer: TrainObserver;
  /** Aborting ends training after the iteration in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Where to go on: a checkpoint and, once there is a best epoch, its parameters. */
  readonly resume?: { readonly checkpoint: Checkpoint; readonly best: Float32Array | null };
}

export interface TrainResult {
  readonly status: "finished" | "patience" | "interrupted";
  readonly state: TrainState;
  /** Of the best epoch, by split; empty when interrupted. */
  readonly evaluations: ReadonlyMap<string, Evaluation>;
}

/** Trains a model. Throws a UserError when a loss stops being a number. */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const run = new Run(request);
  const status = await run.epochs();
  if (status === "interrupted") return { status, state: run.state, evaluations: new Map() };
  return { status, state: run.state, evaluations: await run.finalEvaluations() };
}

class Run {
  state: TrainState;
  private readonly request: TrainRequest;
  private readonly rows: { readonly labelled: Int32Array; readonly unlabelled: Int32Array };
  private readonly feed: BatchFeed;
  private bestParameters: Float32Array | null;
  private lossSums: Map<string, number>;
  private lastCheckpoint = Date.now();

  constructor(request: TrainRequest) {
    const { model, dataset, device, seed, resume } = request;
    this.request = request;
    const from = resume?.checkpoint.state ?? START;
    // The sums live in the map below and join the state again in a checkpoint.
    this.state = { ...from, lossSums: {} };
    this.bestParameters = resume?.best ?? null;
    this.lossSums = new Map(Object.entries(from.lossSums));
    this.rows = trainingRows(model, dataset);
    this.feed = openFeed(device, model, dataset);
    const parameters = resume?.checkpoint.parameters;
    device.write(
      "parameters",
      parameters ?? initialParameters(model.parameters, model.parameterElements, seed, request.given),
    );
    for (const { name, elements } of momentArenas(model)) {
      this.write(name, resume?.checkpoint.moments.get(name) ?? new Float32Array(elements));
    }
  }

  private write(arena: string, values: Float32Array | Int32Array): void {
    if (this.request.model.iteration.program.arenas.has(arena)) this.request.device.write(arena, values);
  }

  private batches(epoch: number): Int32Array[] {
    const { model, seed } = this.request;
    const { labelled, unlabelled } = this.rows;
    return epochBatches({ labelledRows: labelled, unlabelledRows: unlabelled, ...model.batch, seed, epoch });
  }

  async epochs(): Promise<TrainResult["status"]> {
    const { settings, observer } = this.request;
    const iterationsPerEpoch = this.batches(0).length;
    observer.start({ epochs: settings.epochs, iterationsPerEpoch, from: this.state });
    while (this.state.epoch < settings.epochs) {
      if (this.outOfPatience()) return "patience";
      const done = await this.oneEpoch(iterationsPerEpoch);
      if (!done) {
        await this.checkpoint();
        return "interrupted";
      }
    }
    return "finished";
  }

  private stopped(): boolean {
    return this.request.signal?.aborted ?? false;
  }

  private outOfPatience(): boolean {
    const { patience } = this.request.settings;
    return (
      patience !== null &&
      this.state.best !== null &&
      this.state.epoch - 1 - this.state.best.epoch >= patience
    );
  }

  /** Runs what is left of the current epoch and evaluates it; false when the signal stopped it. */
  private async oneEpoch(iterationsPerEpoch: number): Promise<boolean> {
    const { epoch } = this.state;
    const inflight = new Inflight();
    const done = this.state.iteration - epoch * iterationsPerEpoch;
    const batches = this.batches(epoch).slice(done);
    for (const [index, batch] of batches.entries()) {
      if (this.stopped()) break;
      await this.feed.batch(this.request.model.iteration, batch, batches[index + 1] ?? null);
      await inflight.add(this.iterate(iterationsPerEpoch));
      await this.request.device.ready();
      if (Date.now() - this.lastCheckpoint > CHECKPOINT_SECONDS * 1000) {
        await inflight.drain();
        await this.checkpoint();
      }
    }
    await inflight.drain();
    if (this.stopped()) return false;
    const valid = await this.validate();
    if (this.stopped()) return false;
    await this.finishEpoch(valid, iterationsPerEpoch);
    return true;
  }

  /** Queues one iteration; the promise handles its losses when they arrive. */
  private iterate(iterationsPerEpoch: number): Promise<void> {
    const { model, device, settings, seed } = this.request;
    const { iteration, epoch } = this.state;
    const iterations = settings.epochs * iterationsPerEpoch;
    const { updates } = model.iteration;
    const { schedules } = settings;
    this.write("random", Int32Array.of(seed, iteration));
    this.write("epoch", Float32Array.of(epoch + 1));
    this.write("schedule", scheduleArena({ updates, schedules, iterations }, iteration));
    device.run("iteration");
    this.state = { ...this.state, iteration: iteration + 1 };
    return device.read("losses").then((values) => this.record(values, iteration, epoch));
  }

  private record(values: Float32Array, iteration: number, epoch: number): void {
    const { model, observer } = this.request;
    const losses = new Map(
      model.iteration.losses.map(({ name, offset }) => [name, values[offset] ?? Number.NaN]),
    );
    const wrong = [...losses].find(([, value]) => !Number.isFinite(value));
    if (wrong !== undefined) throw divergence({ loss: wrong[0], value: wrong[1], iteration, epoch, losses });
    for (const [name, value] of losses) this.lossSums.set(name, (this.lossSums.get(name) ?? 0) + value);
    observer.iteration({ iteration, epoch, losses });
  }

  private async validate(): Promise<Evaluation | null> {
    return this.request.dataset.splits.valid === undefined
      ? null
      : await evaluateSplit({ ...this.request, feed: this.feed }, "valid");
  }

  private async finishEpoch(valid: Evaluation | null, iterations: number): Promise<void> {
    const { device, observer } = this.request;
    const { epoch } = this.state;
    const value = this.selectionValue(valid);
    const improved = this.isBetter(value);
    if (improved) {
      this.state = { ...this.state, best: { epoch, value } };
      this.bestParameters = await device.read("parameters");
      observer.best(this.bestParameters);
    }
    const train = new Map([...this.lossSums].map(([name, sum]) => [name, sum / iterations]));
    this.lossSums = new Map();
    this.state = { ...this.state, epoch: epoch + 1 };
    observer.epoch({ epoch, iteration: this.state.iteration, train, valid, best: this.state.best, improved });
    await this.checkpoint();
  }

  /** The value that this epoch is judged by; null without selection or where it is not defined. */
  private selectionValue(valid: Evaluation | null): number | null {
    const name = this.request.settings.selection?.metric;
    if (name === undefined || valid === null) return null;
    const value = valid.metrics.get(name) ?? valid.losses.get(name) ?? Number.NaN;
    return Number.isFinite(value) ? value : null;
  }

  private isBetter(value: number | null): boolean {
    const { selection } = this.request.settings;
    if (selection === null) return true;
    const best = this.state.best?.value ?? null;
    if (value === null) return false;
    if (best === null) return true;
    return selection.direction === "min" ? value < best : value > best;
  }

  private async checkpoint(): Promise<void> {
    const { device, model, observer } = this.request;
    const names = momentArenas(model).map(({ name }) => name);
    const [parameters, ...moments] = await Promise.all(
      ["parameters", ...names].map((name) => device.read(name)),
    );
    invariant(parameters !== undefined, "the parameters were read");
    const pairs = names.map((name, index): [string, Float32Array] => [
      name,
      moments[index] ?? new Float32Array(),
    ]);
    const state = { ...this.state, lossSums: Object.fromEntries(this.lossSums) };
    observer.checkpoint({ state, parameters, moments: new Map(pairs) });
    this.lastCheckpoint = Date.now();
  }

  /** Puts the best parameters back and evaluates each split once. */
  async finalEvaluations(): Promise<Map<string, Evaluation>> {
    const { device, dataset, observer } = this.request;
    if (this.bestParameters === null) {
      // No epoch had a defined selection value: the last one stands.
      this.bestParameters = await device.read("parameters");
      observer.best(this.bestParameters);
    }
    this.write("parameters", this.bestParameters);
    const evaluations = new Map<string, Evaluation>();
    for (const split of EVALUATED_SPLITS) {
      if (dataset.splits[split] === undefined) continue;
      const { model, seed } = this.request;
      const request = { model, device, dataset, feed: this.feed, seed };
      evaluations.set(split, await evaluateSplit(request, split));
    }
    return evaluations;
  }
}
