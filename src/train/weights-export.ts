/** Parameters under the names of another program, by the table of weights that they were loaded with: the way back of pretrained.ts. */
import { at, invariant } from "../base/invariant.ts";
import { pathName } from "../check/loads.ts";
import type { Tensor } from "../data/safetensors.ts";
import type { MadeInstance } from "../elaborate/elaboration.ts";
import type { CheckpointLoad, LoadedWeights } from "./pretrained.ts";
import { tensorNames } from "./weights-table.ts";

/** What a folder of weights holds of one instance. */
export interface InstanceWeights {
  /** The path of the instance. */
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Parameters of the instance that the table of weights has no name for. */
  readonly unnamed: readonly string[];
}

interface WeightsExportRequest {
  readonly load: CheckpointLoad;
  readonly instances: ReadonlyMap<string, MadeInstance>;
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** What the run says about its start: the configuration that it was loaded with. */
  readonly loaded: readonly LoadedWeights[];
}

/** The instances of a `load` line that the model has. A tensor takes the first of the names that the table gives it. */
export function exportedWeights(request: WeightsExportRequest): InstanceWeights[] {
  const { load, instances, parameters, loaded } = request;
  const table = load.from.weights.declaration;
  const before = loaded.find(({ name }) => name === load.from.name)?.config ?? {};
  return load.into.flatMap((into): InstanceWeights[] => {
    const instance = instances.get(pathName(into));
    if (instance === undefined) return [];
    const prefix = `${instance.path}.`;
    const tensors = new Map<string, Tensor>();
    const unnamed: string[] = [];
    for (const [path, tensor] of parameters) {
      if (!path.startsWith(prefix)) continue;
      const names = tensorNames(table, path.slice(prefix.length));
      if (names === null) unnamed.push(path);
      else tensors.set(at(names, 0), tensor);
    }
    const config = { ...before, ...configOf(request, instance) };
    return [{ path: instance.path, config, tensors, unnamed }];
  });
}

/** The fields that the table compares, as this instance has them. */
function configOf({ load }: WeightsExportRequest, instance: MadeInstance): Record<string, unknown> {
  const fields = load.from.weights.declaration.members.flatMap((member): [string, unknown][] => {
    if (member.kind !== "config") return [];
    const { field, value } = member;
    if (value.kind === "fixed") return [[field.name, value.value]];
    const setting = instance.settings.get(value.name.name);
    invariant(setting !== undefined, `${instance.path} has no setting ${value.name.name}`);
    return [[field.name, setting]];
  });
  return Object.fromEntries(fields);
}
