/**
 * A device in memory that trains y = w x + b on one vector field by gradient descent with momentum: small enough to follow by hand, yet
 * it reads and writes the same arenas as a compiled model.
 */
import type { Dataset, Field, FieldSpec, Split } from "../../src/data/schema.ts";
import { emptyField } from "../../src/data/schema.ts";
import type { Program } from "../../src/ir/program.ts";
import type { CompiledModel, DataArena } from "../../src/train/compiled.ts";
import type { TrainingDevice } from "../../src/train/device.ts";

const WIDTH = 2;
const LABELLED = 4;
const UNLABELLED = 2;
const EVALUATION_ROWS = 3;
const PARAMETERS = WIDTH + 1;
const ARENAS = [
  "parameters",
  "moment1.model",
  "data.x",
  "data.y",
  "present.y",
  "batch",
  "schedule",
  "losses",
  "outputs",
];
/** What the device computes is written in TypeScript below; only the names of the arenas are read from the program. */
const program: Program = {
  kernels: [],
  segments: [],
  arenas: new Map(ARENAS.map((name) => [name, 256])),
  memory: { peakBytes: 0, sumBytes: 0 },
};

/** Both programs read all fields. */
const data: readonly DataArena[] = [
  { field: "x", arena: "data.x", content: "values", dtype: "f32", rowElements: WIDTH },
  { field: "y", arena: "data.y", content: "values", dtype: "f32", rowElements: 1 },
  { field: "y", arena: "present.y", content: "present", dtype: "i32", rowElements: 1 },
];

export const linearModel: CompiledModel = {
  name: "Line",
  sizes: new Map([["D", WIDTH]]),
  parameters: [
    {
      path: "head.weight",
      shape: [1, WIDTH],
      offset: 0,
      initialiser: { kind: "uniform", low: -1, high: 1 },
      kind: "param",
      perRow: false,
    },
    {
      path: "head.offset",
      shape: [1],
      offset: WIDTH,
      initialiser: { kind: "constant", value: 0 },
      kind: "param",
      perRow: false,
    },
  ],
  parameterElements: PARAMETERS,
  optimizerStates: [{ phase: "model", arenas: [{ name: "moment1.model", elements: PARAMETERS }] }],
  streamed: false,
  label: { name: "y", kind: "score" },
  batch: { labelled: LABELLED, unlabelled: UNLABELLED },
  iteration: {
    program,
    data,
    updates: [{ phase: "model", repeat: 0, repeats: 1, offset: 0, beta1: 0.9, beta2: 0.999 }],
    losses: [
      { name: "size", offset: 1 },
      { name: "task", offset: 0 },
    ],
  },
  evaluation: {
    program,
    data,
    rows: EVALUATION_ROWS,
    losses: [{ name: "task", offset: 0, weight: 1 }],
    outputs: [{ name: "y_hat", offset: 0, rowElements: 1, predicts: "y", needs: ["x"] }],
  },
};

interface LinearOptions {
  readonly rate?: number;
  /** Called after each queued iteration with the number of iterations so far. */
  readonly afterIteration?: (count: number) => void;
}

export class LinearDevice implements TrainingDevice {
  readonly batches: number[][] = [];
  /** Programs that were prepared once training was under way. */
  readonly added: string[] = [];
  readonly evaluatedRows: number[] = [];
  private readonly arenas = new Map<string, Float32Array | Int32Array>();
  private readonly options: LinearOptions;

  constructor(options: LinearOptions = {}) {
    this.options = options;
  }

  has(program: "iteration" | "evaluation"): boolean {
    return program === "iteration" || this.added.length > 0;
  }

  add(name: "iteration" | "evaluation"): Promise<void> {
    this.added.push(name);
    return Promise.resolve();
  }

  write(arena: string, values: Float32Array | Int32Array): void {
    this.arenas.set(arena, values.slice());
  }

  read(arena: string): Promise<Float32Array> {
    return Promise.resolve(Float32Array.from(this.arena(arena)));
  }

  ready(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  run(program: "iteration" | "evaluation"): void {
    if (program === "iteration") this.iterate();
    else if (this.has(program)) this.evaluate();
    else throw new Error("the evaluation was not prepared");
  }

  private arena(name: string): Float32Array | Int32Array {
    const arena = this.arenas.get(name);
    if (arena === undefined) throw new Error(`nothing was written to ${name}`);
    return arena;
  }

  private value(arena: string, index: number): number {
    const value = this.arena(arena)[index];
    if (value === undefined) throw new Error(`${arena} has no element ${index}`);
    return value;
  }

  private predict(row: number): number {
    let sum = this.value("parameters", WIDTH);
    for (let d = 0; d < WIDTH; d++)
      sum += this.value("parameters", d) * this.value("data.x", row * WIDTH + d);
    return sum;
  }

  /** Rows of the batch that have a label. */
  private labelled(): number[] {
    return Array.from(this.arena("batch")).filter((row) => row >= 0 && this.value("present.y", row) === 1);
  }

  private iterate(): void {
    this.batches.push(Array.from(this.arena("batch")));
    const rows = this.labelled();
    const gradient = new Float64Array(PARAMETERS);
    let loss = 0;
    for (const row of rows) {
      const error = this.predict(row) - this.value("data.y", row);
      loss += error ** 2 / rows.length;
      for (let d = 0; d <= WIDTH; d++) {
        const x = d < WIDTH ? this.value("data.x", row * WIDTH + d) : 1;
        gradient[d] = (gradient[d] ?? 0) + (2 * error * x) / rows.length;
      }
    }
    const moment = this.arena("moment1.model").map((value, d) => 0.9 * value + (gradient[d] ?? 0));
    const rate = (this.options.rate ?? 0.02) * this.value("schedule", 0);
    const parameters = this.arena("parameters").map((value, d) => value - rate * (moment[d] ?? 0));
    this.arenas.set("moment1.model", moment);
    this.arenas.set("parameters", parameters);
    this.arenas.set("losses", Float32Array.of(loss, Math.hypot(...parameters)));
    this.options.afterIteration?.(this.batches.length);
  }

  private evaluate(): void {
    const batch = Array.from(this.arena("batch"));
    this.evaluatedRows.push(...batch.filter((row) => row >= 0));
    const rows = this.labelled();
    const loss = rows.reduce((sum, row) => sum + (this.predict(row) - this.value("data.y", row)) ** 2, 0);
    this.arenas.set("losses", Float32Array.of(loss / rows.length, rows.length));
    this.arenas.set(
      "outputs",
      Float32Array.from(batch, (row) => (row < 0 ? 0 : this.predict(row))),
    );
  }
}

const X: FieldSpec = { name: "x", kind: "vector", width: WIDTH, maxLength: 1 };
const Y: FieldSpec = { name: "y", kind: "score", width: 1, maxLength: 1 };

/** y = 2 x0 - x1 + 0.5 with a little disturbance; the last rows of the training split have no label. */
export function linearDataset(): Dataset {
  const splits = { train: split("train", 10, 4), valid: split("valid", 7, 0), test: split("test", 5, 0) };
  const provenance = { command: "test", sources: [], options: null };
  return { name: "line", fields: [X, Y], label: "y", splits, scaling: {}, provenance, cleaned: [] };
}

function split(name: string, labelled: number, unlabelled: number): Split {
  const rows = labelled + unlabelled;
  const x = emptyField(X, rows);
  const y = emptyField(Y, rows);
  for (let row = 0; row < rows; row++) {
    const a = Math.sin(row * 1.7 + name.length);
    const b = Math.cos(row * 2.3 + name.length);
    x.data.set([a, b], row * WIDTH);
    x.present[row] = 1;
    if (row >= labelled) continue;
    y.data[row] = 2 * a - b + 0.5 + 0.1 * Math.sin(row * 5);
    y.present[row] = 1;
  }
  const ids = Array.from({ length: rows }, (_, row) => `${name}-${row}`);
  return {
    name,
    rows,
    ids,
    fields: new Map<string, Field>([
      ["x", x],
      ["y", y],
    ]),
  };
}
