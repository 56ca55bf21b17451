/**
 * The graph of one iteration: for every phase and repeat, the gradients of its objective and the update of its parameters. It is one SSA graph;
 * a parameter is a new input node after each update, so whatever does not depend on what moved (the latents under an estimator phase) is the
 * same node in every repeat and is computed once.
 */
import { gradient } from "../autodiff/gradient.ts";
import { at } from "../base/invariant.ts";
import type { CheckedModel, CheckedPhase, CheckedTrain } from "../check/checked.ts";
import type { ElaborationHost, MadeInstance, Owner, ParameterRequest } from "../elaborate/elaboration.ts";
import { ElaboratedModel } from "../elaborate/model.ts";
import type { Graph, GraphSegment, Node, Output } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import { Substitution, substituteInputs } from "../ir/substitute.ts";
import { ops } from "../ops/index.ts";
import type { DataArena, RecordedLoss, UpdateSchedule } from "../train/compiled.ts";
import type { FoundParameter, ParameterLayout, PlacedParameter } from "../train/layout.ts";
import { ALIGNMENT, layoutParameters, selects } from "../train/layout.ts";
import { updateOutputs } from "../train/optimizers.ts";
import { batchRows, DataInputs, epochNumber, filledRows, randomState } from "./data-inputs.ts";
import { ParameterFinder } from "./parameter-finder.ts";

/** The model with its train block and all sizes. */
export interface TrainingSetup {
  readonly model: CheckedModel;
  readonly train: CheckedTrain;
  readonly sizes: ReadonlyMap<string, number>;
  readonly dataRows: number;
  /** Only the rows of a batch lie on the device. */
  readonly streamed?: boolean;
}

export interface IterationGraph {
  readonly graph: Graph;
  readonly layout: ParameterLayout;
  readonly losses: readonly RecordedLoss[];
  readonly updates: readonly UpdateSchedule[];
  readonly data: readonly DataArena[];
}

/** Where parameters lie, and the instances that own them, by path. */
export interface Placement extends ParameterLayout {
  readonly instances: ReadonlyMap<string, MadeInstance>;
  /** The model with which the parameters were found, in training and with stand-ins for them: it is not elaborated twice. */
  readonly found: FoundModel;
}

interface FoundModel {
  readonly g: GraphBuilder;
  readonly finder: ParameterFinder;
  readonly sample: Sample;
}

/** Which parameters and states the model has, which phase reads which, and where they lie. */
export function placeParameters(setup: TrainingSetup): Placement {
  const instances = new Map<string, MadeInstance>();
  const g = new GraphBuilder(ops);
  const finder = new ParameterFinder();
  const readBy = new Map<string, Set<string>>();
  const sample = sampled(
    (stream) =>
      elaborate(
        setup,
        g,
        stream,
        true,
        (request) => finder.node(g, request),
        (instance) => instances.set(instance.path, instance),
      ),
    () => ITERATION,
  );
  meetAll(setup, sample.model);
  for (const phase of setup.train.phases)
    for (const path of finder.pathsUnder(sample.model.objective(phase)))
      readBy.set(path, (readBy.get(path) ?? new Set()).add(phase.name));
  if (sample.model.choosesByTraining) {
    const other = new GraphBuilder(ops);
    const evaluated = elaborate(
      setup,
      other,
      () => "layout",
      false,
      (request) => finder.node(other, request),
    );
    meetAll(setup, evaluated.model);
  }
  const parameters = finder.requests.map(
    (request): FoundParameter => ({ ...request, readBy: readBy.get(request.path) ?? new Set() }),
  );
  const layout = layoutParameters(parameters, setup.train.phases);
  return { ...layout, instances, found: { g, finder, sample } };
}

/** Makes a model ask for all parameters and states that it has. */
function meetAll(setup: TrainingSetup, model: ElaboratedModel): void {
  for (const phase of setup.train.phases) model.objective(phase);
  for (const name of model.lossNames) model.loss(name);
  for (const { name } of model.outputs) model.value(name);
  model.stateUpdates();
}

interface Elaborated {
  readonly model: ElaboratedModel;
  readonly inputs: DataInputs;
}

/** Elaborates the model on batches of the resident dataset. */
export function elaborate(
  setup: TrainingSetup,
  g: GraphBuilder,
  stream: ElaborationHost["stream"],
  training: boolean,
  parameter: (request: ParameterRequest) => Node,
  made: (instance: MadeInstance) => void = () => {},
): Elaborated {
  const inputs = new DataInputs(g, setup.streamed === true ? null : setup.dataRows);
  const model = new ElaboratedModel(setup.model, setup.sizes, {
    g,
    training,
    stream,
    parameter,
    input: (request) => inputs.input(request),
    randomState: () => randomState(g),
    rows: setup.dataRows,
    batch: () => batchRows(g, setup.train.batch.labelled + setup.train.batch.unlabelled),
    filled: () =>
      filledRows(g, setup.train.batch.labelled + setup.train.batch.unlabelled, setup.streamed === true),
    epoch: () => epochNumber(g),
    made,
  });
  return { model, inputs };
}

export function iterationGraph(setup: TrainingSetup, placement: Placement): IterationGraph {
  return new IterationBuilder(setup, placement).build();
}

/** The random numbers that are drawn once per iteration. */
const ITERATION = "iteration";

/** The model with stand-ins for the parameters before any update, with one stream of random numbers. */
interface Sample extends Elaborated {
  /** What draws random numbers. */
  readonly drawers: readonly Owner[];
}

/** An elaboration that notes what draws random numbers. */
function sampled(
  make: (stream: ElaborationHost["stream"]) => Elaborated,
  stream: ElaborationHost["stream"],
): Sample {
  const drawers: Owner[] = [];
  const made = make((owner) => {
    drawers.push(owner);
    return stream(owner);
  });
  return { ...made, drawers };
}

class IterationBuilder {
  readonly #setup: TrainingSetup;
  readonly #layout: ParameterLayout;
  readonly #g = new GraphBuilder(ops);
  readonly #found: FoundModel;
  readonly #placed: ReadonlyMap<string, PlacedParameter>;
  /** From the graph in which the model was elaborated into this one, with parameters where they lie. */
  readonly #moved: Substitution;
  /** How often each parameter has been updated so far, by offset. */
  readonly #versions = new Map<number, number>();
  /** Elaboration takes longest, so that phases and repeats share one as long as they draw the same random numbers. */
  readonly #samples: Map<string, Sample>;
  readonly #steps = new Map<string, readonly Output[]>();
  readonly #segments: GraphSegment[] = [];
  readonly #losses: RecordedLoss[] = [];
  readonly #updates: UpdateSchedule[] = [];
  readonly #arenas = new Map<string, DataArena>();

  constructor(setup: TrainingSetup, placement: Placement) {
    this.#setup = setup;
    this.#layout = placement;
    this.#found = placement.found;
    this.#samples = new Map([[ITERATION, placement.found.sample]]);
    this.#placed = new Map(placement.parameters.map((parameter) => [parameter.path, parameter]));
    this.#moved = new Substitution(this.#g, (node) => this.#inPlace(node));
  }

  build(): IterationGraph {
    for (const phase of this.#setup.train.phases) {
      // A phase without anything to move (an estimator phase when the penalty has no parameters) is left out.
      if (this.#trained(phase).length === 0 && this.#written(phase).length === 0) continue;
      for (let repeat = 0; repeat < phase.repeat; repeat++) this.#step(phase, repeat);
    }
    return {
      graph: { segments: this.#segments },
      layout: this.#layout,
      losses: this.#losses,
      updates: this.#updates,
      data: [...this.#arenas.values()],
    };
  }

  #trained(phase: CheckedPhase): readonly PlacedParameter[] {
    return this.#layout.parameters.filter((parameter) => parameter.updatedBy.includes(phase.name));
  }

  /** The states that a phase writes. */
  #written(phase: CheckedPhase): readonly PlacedParameter[] {
    return this.#layout.parameters.filter(({ writtenBy }) => writtenBy === phase.name);
  }

  /** A parameter or state before any update. */
  #parameter(path: string): Node {
    const { offset, shape } = this.#placed.get(path) ?? at([], 0);
    return this.#g.input({ name: path, arena: "parameters", offset, version: 0, shape, dtype: "f32" });
  }

  /** The parameter that a node stands for; null for any other node. */
  #inPlace(node: Node): Node | null {
    return node.op === "input" && node.attributes.arena === "parameters"
      ? this.#parameter(node.attributes.name)
      : null;
  }

  /** A node of the elaborated model in the graph of the iteration. */
  #here(node: Node): Node {
    return at(this.#moved.of([node]), 0);
  }

  #sample(name: string, stream: ElaborationHost["stream"]): Sample {
    const known = this.#samples.get(name);
    if (known !== undefined) return known;
    const { g, finder } = this.#found;
    const sample = sampled(
      (noted) => elaborate(this.#setup, g, noted, true, (request) => finder.node(g, request)),
      stream,
    );
    this.#samples.set(name, sample);
    return sample;
  }

  #step(phase: CheckedPhase, repeat: number): void {
    const name = `${phase.name}.${repeat}`;
    const sample = this.#sampleFor(phase, repeat);
    const outputs = [...this.#gradients(phase, sample)];
    const objective = sample.model.objective(phase);
    const last = repeat === phase.repeat - 1;
    if (last) outputs.push(...this.#recorded(phase, sample.model, objective));
    const written = last ? this.#stateOutputs(phase, sample.model) : [];
    outputs.push(...written);
    const updated = this.#afterUpdates(outputs.map((output) => output.node));
    this.#segments.push({
      name,
      phase: phase.name,
      repeat,
      kind: "gradient",
      outputs: outputs.map((output, index) => ({ ...output, node: at(updated, index) })),
    });
    if (this.#trained(phase).length > 0) this.#update(phase, repeat);
    const moved = [...this.#trained(phase), ...written.map(({ target }) => target)];
    for (const { offset } of moved) this.#versions.set(offset, (this.#versions.get(offset) ?? 0) + 1);
    for (const [arena, data] of sample.inputs.arenas) this.#arenas.set(arena, data);
  }

  /** Random numbers are drawn once per iteration, so that the phases share what they compute alike; a repeat draws anew in what the phase moves. */
  #sampleFor(phase: CheckedPhase, repeat: number): Sample {
    const shared = this.#sample(ITERATION, () => ITERATION);
    const moves = (owner: Owner) => selects(phase.updates, owner);
    if (repeat === 0 || !shared.drawers.some(moves)) return shared;
    const name = `${phase.name}.${repeat}`;
    return this.#sample(name, (owner) => (moves(owner) ? name : ITERATION));
  }

  /** Gradients of a phase's parameters, in terms of parameters before any update. */
  #gradients(phase: CheckedPhase, sample: Sample): readonly Output[] {
    const isShared = sample === this.#samples.get(ITERATION);
    const known = isShared ? this.#steps.get(phase.name) : undefined;
    if (known !== undefined) return known;
    const objective = this.#here(sample.model.objective(phase));
    const directed = phase.sign === 1 ? objective : this.#g.neg(objective);
    const trained = this.#trained(phase);
    const nodes = trained.map((parameter) => this.#parameter(parameter.path));
    const outputs = gradient(this.#g, ops, directed, nodes).map((node, index): Output => {
      const { path, offset } = at(trained, index);
      return { name: `gradient.${path}`, node, target: { arena: "gradients", offset } };
    });
    if (isShared) this.#steps.set(phase.name, outputs);
    return outputs;
  }

  /** What the states of a phase become, in terms of parameters and states before any update. */
  #stateOutputs(phase: CheckedPhase, model: ElaboratedModel): readonly Output[] {
    const states = this.#written(phase);
    if (states.length === 0) return [];
    // A state belongs to the phase that names it, also when another phase's objective calls what updates it.
    for (const phase of this.#setup.train.phases) model.objective(phase);
    const updates = model.stateUpdates();
    return states.flatMap(({ path, offset }): Output[] => {
      const node = updates.get(path);
      return node === undefined
        ? []
        : [{ name: `state.${path}`, node: this.#here(node), target: { arena: "parameters", offset } }];
    });
  }

  /** The same values of the parameters as the updates so far have left them. */
  #afterUpdates(nodes: readonly Node[]): readonly Node[] {
    return substituteInputs(this.#g, nodes, (input) => {
      const { arena, offset } = input.attributes;
      const version = arena === "parameters" ? (this.#versions.get(offset) ?? 0) : 0;
      return version === 0 ? input : this.#g.input({ ...input.attributes, version });
    });
  }

  #update(phase: CheckedPhase, repeat: number): void {
    const scheduleOffset = this.#updates.length * ALIGNMENT;
    const { ranges } = this.#layout.phases.get(phase.name) ?? { ranges: [] };
    const site = { phase: phase.name, version: this.#updates.length, scheduleOffset, clip: phase.clip };
    const outputs = updateOutputs(this.#g, ranges, site);
    this.#segments.push({
      name: `${phase.name}.${repeat}.update`,
      phase: phase.name,
      repeat,
      kind: "update",
      outputs,
    });
    const { settings } = at(ranges, 0);
    const [beta1, beta2] = settings.kind === "sgd" ? [0, 0] : [settings.beta1, settings.beta2];
    this.#updates.push({
      phase: phase.name,
      repeat,
      repeats: phase.repeat,
      offset: scheduleOffset,
      beta1,
      beta2,
    });
  }

  /** The objective, and every loss and term that it reads and that no earlier phase has recorded. */
  #recorded(phase: CheckedPhase, model: ElaboratedModel, objective: Node): Output[] {
    const read = new Set(topologicalOrder([objective]));
    const wanted: { readonly name: string; readonly node: Node }[] = [
      { name: `${phase.name}.objective`, node: objective },
    ];
    for (const name of model.lossNames) {
      if (this.#losses.some((loss) => loss.name === name)) continue;
      const loss = model.loss(name);
      if (read.has(loss.node)) wanted.push(loss, ...loss.terms.filter((term) => read.has(term.node)));
    }
    return wanted.map(({ name, node }) => {
      const offset = this.#losses.length * ALIGNMENT;
      this.#losses.push({ name, offset });
      return { name: `loss.${name}`, node: this.#here(node), target: { arena: "losses", offset } };
    });
  }
}
