/** The specs of the repository at small sizes, on invented data: what tests of whole models share. */
import { readdirSync } from "node:fs";
import { diskLoader, readSpec } from "../../src/api/sources.ts";
import { checkSpec, requireModel } from "../../src/api/spec.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { inventData } from "../../src/driver/invented-data.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { train } from "../../src/train/loop.ts";
import { trainSettings } from "../../src/train/settings.ts";
import { softwareTarget } from "./compile-spec.ts";

/** Groups of specs, so that their tests run side by side. */
const BACKBONES = ["dmd", "mag", "mfn", "mult", "self_mm", "tfn"];
const isOfMird = (name: string) => name.startsWith("mird");

/** The files of a group; every spec of the repository is in one of them. */
export function specFiles(group: "mird" | "backbones" | "rivals"): string[] {
  const names = readdirSync("specs").filter((name) => name.endsWith(".mird"));
  const isBackbone = (name: string) => BACKBONES.includes(name.replace(".mird", ""));
  const belongs = {
    mird: isOfMird,
    backbones: isBackbone,
    rivals: (name: string) => !isOfMird(name) && !isBackbone(name),
  };
  return names.filter(belongs[group]).map((name) => `specs/${name}`);
}

export interface SmallSpec {
  /** Relative to the repository, which is the working folder of the tests. */
  readonly path: string;
  readonly model: string;
  /** `--set`, for what does not shrink by itself. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Names of the models that a spec declares, and every problem, warnings included. */
export function inspectSpec(path: string) {
  const { program, problems } = checkSpec({
    entry: readSpec(path, {}),
    loadSource: diskLoader({}),
    settings: {},
    model: null,
  });
  return { models: program.models.map(({ name }) => name), problems };
}

export function smallModel({ path, model, settings = {} }: SmallSpec) {
  const found = requireModel({ entry: readSpec(path, {}), loadSource: diskLoader({}), settings, model });
  return { model: found.model, types: found.program.types };
}

/** A spec compiled for a batch of a few rows, with data for three iterations of an epoch. */
export function compileSmall(spec: SmallSpec) {
  const { model, types } = smallModel(spec);
  const declared = model.train;
  if (declared === null) throw new Error(`${spec.path}: ${spec.model} has no train block`);
  const batch = { labelled: 4, unlabelled: declared.batch.unlabelled > 0 ? 2 : 0 };
  const { dataset, sizes } = inventData({ model, types, batch, batches: 3, seed: 1 });
  const dataRows = Object.values(dataset.splits).reduce((sum, { rows }) => sum + rows, 0);
  const small = { ...model, train: { ...declared, batch } };
  const { compiled } = compileModel({ model: small, sizes, dataRows, target: softwareTarget });
  const inputs = model.declaration.members.flatMap((member) =>
    member.kind === "input" ? [member.name.name] : [],
  );
  return { compiled, dataset, inputs, settings: trainSettings(small.train, 1) };
}

/** The losses of three iterations on the reference, by iteration and name, and the metrics of the test split. */
export async function threeIterations({
  compiled,
  dataset,
  settings,
}: Omit<ReturnType<typeof compileSmall>, "inputs">) {
  const programs = new Map([["iteration", compiled.iteration.program]]);
  const device = await referenceBackend().prepare(programs);
  const losses: Readonly<Record<string, number>>[] = [];
  const { evaluations } = await train({
    model: compiled,
    settings,
    dataset,
    device,
    seed: 1,
    observer: {
      start: () => {},
      iteration: (event) => losses.push(Object.fromEntries(event.losses)),
      epoch: () => {},
      checkpoint: () => {},
      best: () => {},
    },
  });
  device.dispose();
  return { losses, test: evaluations.get("test") };
}
