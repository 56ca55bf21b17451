/**
 * Parameters from the checkpoint of another program, by a table of weights (`weights … for …`). Every parameter of the instance must find its
 * tensor with the same shape, and what the checkpoint has besides is listed: nothing is left at random numbers without being said.
 */
import { at } from "../base/invariant.ts";
import type { CheckedLoad } from "../check/checked.ts";
import { pathName } from "../check/loads.ts";
import type { PretrainedFolder } from "../data/pretrained-folder.ts";
import { realNumbers } from "../data/safetensors.ts";
import type { SourceFile } from "../data/schema.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { MadeInstance } from "../elaborate/elaboration.ts";
import type { WeightsMember } from "../syntax/ast.ts";
import type { SelectionPath } from "../syntax/ast-train.ts";
import type { ParameterEntry } from "./compiled.ts";
import { tensorNames } from "./weights-table.ts";

export type CheckpointLoad = CheckedLoad & { readonly from: { readonly kind: "checkpoint" } };

/** What a run says about the weights that it started from. */
export interface LoadedWeights {
  /** The name in the spec and in `--pretrained NAME=DIR`. */
  readonly name: string;
  readonly weights: string;
  readonly folder: string;
  readonly files: readonly SourceFile[];
  /** What `config.json` said, so that an export can say the same. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Paths of the instances. */
  readonly into: readonly string[];
  /** Paths of the `load` line that this variant of the model does not have. */
  readonly absent: readonly string[];
  /** Parameters that start from a tensor, and the numbers in them. */
  readonly parameters: number;
  readonly elements: number;
  /** Tensors of the checkpoint that no parameter takes. */
  readonly unused: readonly string[];
}

export interface WeightsRequest {
  readonly load: CheckpointLoad;
  readonly folder: PretrainedFolder;
  readonly instances: ReadonlyMap<string, MadeInstance>;
  readonly parameters: readonly ParameterEntry[];
  /** Receives values by the paths of parameters. */
  readonly values: Map<string, Float32Array>;
  readonly problems: (problem: Diagnostic) => void;
}

/** Fills `values` for the instances of a load. What does not fit goes to `problems`, all of it at once. */
export function loadWeights(request: WeightsRequest): LoadedWeights {
  const { load, folder, instances, parameters, values } = request;
  const table = load.from.weights.declaration;
  const present = load.into.filter((path) => instances.has(pathName(path)));
  if (present.length === 0) request.problems(nothingToLoad(request, at(load.into, 0)));
  const used = new Set<string>();
  let loaded = 0;
  let elements = 0;
  for (const path of present) {
    const instance = instances.get(pathName(path));
    if (instance === undefined || !fits(request, instance, path)) continue;
    for (const parameter of parameters) {
      if (!parameter.path.startsWith(`${instance.path}.`)) continue;
      const data = parameterValues(request, instance, parameter, used);
      if (data === null) continue;
      values.set(parameter.path, data);
      loaded++;
      elements += data.length;
    }
  }
  return {
    name: load.from.name,
    weights: table.name.name,
    folder: folder.folder,
    files: folder.files,
    config: folder.config,
    into: present.map(pathName),
    absent: load.into.filter((path) => !present.includes(path)).map(pathName),
    parameters: loaded,
    elements,
    unused: [...folder.tensors.keys()].filter((name) => !used.has(name)).sort(),
  };
}

/** Whether an instance is one of the table's module with the sizes of the configuration. */
function fits(request: WeightsRequest, instance: MadeInstance, path: SelectionPath): boolean {
  const { load, folder, problems } = request;
  const { declaration: table, scope } = load.from.weights;
  if (scope.names.get(table.module.name)?.declaration !== instance.declaration) {
    problems({
      ...mismatch(folder.folder),
      primary: { span: path.span, text: `an instance of \`${instance.declaration.name.name}\`` },
      text: `\`${table.name.name}\` is for instances of \`${table.module.name}\`.`,
    });
    return false;
  }
  const wrong = table.members.flatMap((member) =>
    member.kind === "config" ? configProblem(request, instance, member) : [],
  );
  for (const problem of wrong) problems(problem);
  return wrong.length === 0;
}

function configProblem(
  { folder }: WeightsRequest,
  instance: MadeInstance,
  { field, value, span }: Extract<WeightsMember, { kind: "config" }>,
): Diagnostic[] {
  const found = folder.config[field.name];
  // Old files leave fields out that had one possible value then.
  if (found === undefined && value.kind === "fixed") return [];
  const wanted = value.kind === "fixed" ? value.value : instance.settings.get(value.name.name);
  if (found === wanted) return [];
  const is = found === undefined ? "not there" : JSON.stringify(found);
  const setting = value.kind === "setting" ? value.name.name : null;
  const expected =
    setting === null
      ? `The table of weights is for ${JSON.stringify(wanted)} only.`
      : `\`${instance.path}\` has \`${setting}\` = ${String(wanted)}.`;
  return [
    {
      ...mismatch(folder.configPath, field.name),
      related: [{ span, text: "compared here" }],
      text: `\`${field.name}\` is ${is}. ${expected}`,
      ...(setting !== null && typeof found === "number"
        ? {
            // The model may call the size otherwise, or have no setting for it.
            hint: `Give \`${instance.declaration.name.name}\` the size of the weights, \`${setting} = ${found}\`, where the model makes \`${instance.path}\`.`,
          }
        : {}),
    },
  ];
}

/** The values of a parameter, or null after a problem. */
function parameterValues(
  request: WeightsRequest,
  instance: MadeInstance,
  parameter: ParameterEntry,
  used: Set<string>,
): Float32Array | null {
  const { load, folder, problems } = request;
  const table = load.from.weights.declaration;
  const inside = parameter.path.slice(instance.path.length + 1);
  const names = tensorNames(table, inside);
  if (names === null) {
    problems({
      ...mismatch(folder.folder),
      primary: { span: table.name.span, text: `no line for \`${inside}\`` },
      text: `\`${parameter.path}\` is a parameter of \`${instance.path}\`, and the table does not say which tensor it starts from.`,
    });
    return null;
  }
  const name = names.find((each) => folder.tensors.has(each));
  const found = name === undefined ? undefined : folder.tensors.get(name);
  const shape = `[${parameter.shape.join(", ")}]`;
  if (name === undefined || found === undefined) {
    problems({
      ...mismatch(folder.folder, `tensor "${at(names, 0)}"`),
      text: `The checkpoint has no such tensor${
        names.length > 1
          ? ` (nor ${names
              .slice(1)
              .map((each) => `\`${each}\``)
              .join(", ")})`
          : ""
      }; \`${parameter.path}\` ${shape} starts from it.`,
    });
    return null;
  }
  const { tensor, path } = found;
  const wrong = (text: string): null => {
    problems({ ...mismatch(path, `tensor "${name}"`), text });
    return null;
  };
  const numbers = realNumbers(tensor);
  if (numbers === null)
    return wrong(
      `It holds ${tensor.dtype}; \`${parameter.path}\` takes real numbers: F32, F64, F16 or BF16.`,
    );
  if (String(tensor.shape) !== String(parameter.shape))
    return wrong(`It is ${tensor.dtype} [${tensor.shape.join(", ")}]; \`${parameter.path}\` is ${shape}.`);
  const bad = numbers.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) return wrong(`Its element ${bad} is ${at(numbers, bad)}, which is no finite number.`);
  used.add(name);
  return numbers;
}

function nothingToLoad({ load, folder }: WeightsRequest, path: SelectionPath): Diagnostic {
  return {
    ...mismatch(folder.folder),
    primary: { span: path.span, text: "no instance of this name" },
    text: "The model, as it is set, has none of the instances that the weights are for.",
    hint: `Without them: \`--pretrained ${load.from.name}=none\`.`,
  };
}

function mismatch(file: string, within: string | null = null): Omit<Diagnostic, "text"> {
  return {
    code: "weights-mismatch",
    severity: "error",
    title: "Weights do not fit the model",
    primary: null,
    related: [],
    place: { file, within: within === null ? [] : [within] },
  };
}
