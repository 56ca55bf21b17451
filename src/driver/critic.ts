/** A lower bound of the mutual information of two samples, from a critic that is trained on some rows and judged on others, on the device that models train on. */
import { invariant } from "../base/invariant.ts";
import type { CheckedProgram } from "../check/checked.ts";
import type { Dataset, Field, Split } from "../data/schema.ts";
import { emptyField } from "../data/schema.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { Backend, Executable } from "../runtime/backend.ts";
import type { Matrix } from "../statistics/matrix.ts";
import type { ProbeRows } from "../statistics/probe.ts";
import { train } from "../train/loop.ts";
import type { Prepared } from "./prepare.ts";
import { prepare } from "./prepare.ts";

export interface CriticRequest {
  /** The checked `specs/critic.mird`. */
  readonly program: CheckedProgram;
  readonly backend: Backend;
  readonly target: FusionTarget;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** The two samples of a pair, row by row. */
export interface PairSamples {
  readonly x: ProbeRows<Matrix>;
  readonly y: ProbeRows<Matrix>;
}

/** Trains critics; samples of the same widths share the compiled programs. */
export class Critics {
  private readonly request: CriticRequest;
  private readonly compiled = new Map<string, { readonly prepared: Prepared; readonly device: Executable }>();

  constructor(request: CriticRequest) {
    this.request = request;
  }

  /** The bound in nats on the test rows, never more than the log of the rows of a batch; below 0 where the critic found nothing that holds there. */
  async bound({ x, y }: PairSamples): Promise<number> {
    const { seed, signal } = this.request;
    const dataset: Dataset = {
      name: "latents",
      fields: [vectorSpec("x", x.fit), vectorSpec("y", y.fit)],
      label: null,
      splits: {
        train: splitOf("train", x.fit, y.fit),
        valid: splitOf("valid", x.choose, y.choose),
        test: splitOf("test", x.test, y.test),
      },
      scaling: {},
      provenance: { command: "mird disentangle", sources: [], options: {} },
      cleaned: [],
    };
    const { prepared, device } = await this.programs(dataset);
    const { model, settings } = prepared;
    const observer = { start() {}, iteration() {}, epoch() {}, checkpoint() {}, best() {} };
    const stop = signal === undefined ? {} : { signal };
    const { evaluations } = await train({ model, settings, dataset, device, seed, observer, ...stop });
    return evaluations.get("test")?.losses.get("bound") ?? Number.NaN;
  }

  dispose(): void {
    for (const { device } of this.compiled.values()) device.dispose();
  }

  private async programs(dataset: Dataset) {
    const key = [
      ...Object.values(dataset.splits).map(({ rows }) => rows),
      ...dataset.fields.map(({ width }) => width),
    ].join(" ");
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    const { program, target, backend } = this.request;
    const model = program.chosen;
    invariant(model !== null, "the spec of the critic has a model");
    const { types } = program;
    const purpose = "train";
    const prepared = prepare({
      model,
      types,
      dataset,
      folder: "latents",
      target,
      limits: backend.limits,
      epochs: null,
      purpose,
      pretrained: null,
      stream: false,
    });
    const device = await backend.prepare(new Map([["iteration", prepared.model.iteration.program]]));
    const made = { prepared, device };
    this.compiled.set(key, made);
    return made;
  }
}

function vectorSpec(name: string, { columns }: Matrix): Field["spec"] {
  return { name, kind: "vector", width: columns, maxLength: 1 };
}

function splitOf(name: string, x: Matrix, y: Matrix): Split {
  const field = (key: string, sample: Matrix): [string, Field] => {
    const made = emptyField(vectorSpec(key, sample), sample.rows);
    made.data.set(sample.data);
    made.present.fill(1);
    return [key, made];
  };
  return { name, rows: x.rows, ids: null, fields: new Map([field("x", x), field("y", y)]) };
}
