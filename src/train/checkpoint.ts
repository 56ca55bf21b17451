/**
 * Checkpoints as named tensors: parameters by their path in the spec, optimiser state behind the prefix `optimizer:` (a path has no colon).
 * The state of the loop travels as metadata of the same file, so that the two cannot come apart.
 */
import { invariant } from "../base/invariant.ts";
import { isObject } from "../data/json-shape.ts";
import type { SafetensorsFile, Tensor } from "../data/safetensors.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { CompiledModel } from "./compiled.ts";
import { momentArenas } from "./device.ts";
import { initialParameters } from "./initialise.ts";
import type { Checkpoint, TrainState } from "./state.ts";

const OPTIMIZER = "optimizer:";
const STATE_KEY = "mird.state";

/** The arena `parameters` as one tensor per parameter. */
export function parameterTensors(model: CompiledModel, arena: Float32Array): Map<string, Tensor> {
  return new Map(
    model.parameters.map(({ path, shape, offset }) => {
      const elements = shape.reduce((product, extent) => product * extent, 1);
      return [path, { dtype: "F32", shape, data: arena.slice(offset, offset + elements) }];
    }),
  );
}

/** Everything of a checkpoint as the tensors and metadata of one file. */
export function checkpointTensors(
  model: CompiledModel,
  checkpoint: Checkpoint,
): { readonly tensors: Map<string, Tensor>; readonly metadata: Record<string, string> } {
  const tensors = parameterTensors(model, checkpoint.parameters);
  for (const [name, data] of checkpoint.moments) {
    tensors.set(`${OPTIMIZER}${name}`, { dtype: "F32", shape: [data.length], data });
  }
  return { tensors, metadata: { [STATE_KEY]: JSON.stringify(checkpoint.state) } };
}

/**
 * The arena `parameters` from a checkpoint's tensors. On another dataset than that of the run (`sameRows` false) what states hold for rows means
 * nothing, so they have their initial values. Throws a UserError that names every parameter which is missing, has another shape, or is unknown
 * to the model.
 */
export function parametersFrom(
  model: CompiledModel,
  file: SafetensorsFile,
  path: string,
  sameRows = true,
): Float32Array {
  const arena = initialParameters(model.parameters, model.parameterElements, 0);
  const lines: string[] = [];
  for (const entry of model.parameters) {
    if (entry.perRow && !sameRows) continue;
    const tensor = file.tensors.get(entry.path);
    if (tensor === undefined) lines.push(`    ${entry.path}  is missing`);
    else if (tensor.dtype !== "F32" || String(tensor.shape) !== String(entry.shape)) {
      lines.push(`    ${entry.path}  is ${describe(tensor)}, the model has F32 [${entry.shape.join(", ")}]`);
    } else arena.set(Float32Array.from(tensor.data, Number), entry.offset);
  }
  const known = new Set(model.parameters.map((entry) => entry.path));
  for (const name of file.tensors.keys()) {
    if (!name.startsWith(OPTIMIZER) && !known.has(name)) lines.push(`    ${name}  is not in the model`);
  }
  if (lines.length > 0) throw mismatch(path, lines);
  return arena;
}

/** A checkpoint from the file that {@link checkpointTensors} described. */
export function checkpointFrom(model: CompiledModel, file: SafetensorsFile, path: string): Checkpoint {
  const parameters = parametersFrom(model, file, path);
  const moments = new Map<string, Float32Array>();
  for (const { name, elements } of momentArenas(model)) {
    const tensor = file.tensors.get(`${OPTIMIZER}${name}`);
    if (tensor === undefined || tensor.data.length !== elements) {
      throw mismatch(path, [`    ${OPTIMIZER}${name}  is not there with ${elements} elements`]);
    }
    moments.set(name, Float32Array.from(tensor.data, Number));
  }
  return { state: stateFrom(file, path), parameters, moments };
}

function stateFrom(file: SafetensorsFile, path: string): TrainState {
  const value: unknown = JSON.parse(file.metadata[STATE_KEY] ?? "null");
  if (!isState(value)) throw mismatch(path, [`    ${STATE_KEY}  in the metadata is not a training state`]);
  return value;
}

function isState(value: unknown): value is TrainState {
  if (!isObject(value) || !isObject(value.lossSums)) return false;
  const { best, epoch, iteration } = value;
  const hasBest = best === null || (isObject(best) && typeof best.epoch === "number");
  return hasBest && typeof epoch === "number" && typeof iteration === "number";
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/** Lists of hundreds of names help nobody. */
const SHOWN = 12;

function mismatch(path: string, lines: readonly string[]): UserError {
  invariant(lines.length > 0, "a mismatch has something to say");
  const more = lines.length > SHOWN ? `\n    and ${lines.length - SHOWN} more` : "";
  const diagnostic: Diagnostic = {
    code: "checkpoint-mismatch",
    severity: "error",
    title: "Checkpoint does not fit the model",
    primary: null,
    related: [],
    place: { file: path },
    text: `The parameters in the file are not those of the model:\n\n${lines.slice(0, SHOWN).join("\n")}${more}`,
  };
  return new UserError([diagnostic]);
}
