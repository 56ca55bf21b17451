/** A run as it is begun and found again: what it says about itself, its spec, its data. */
import { fingerprint } from "../data/dataset.ts";
import type { Dataset } from "../data/schema.ts";
import type { Source } from "../diagnostics/source.ts";
import type { Prepared, PrepareRequest } from "../driver/prepare.ts";
import { prepare } from "../driver/prepare.ts";
import { runError } from "../report/run-error.ts";
import type { RunInfo } from "../report/run-info.ts";
import type { ChosenDevice } from "./devices.ts";
import { recordLoader } from "./sources.ts";
import type { RequiredModel, SpecRequest } from "./spec.ts";
import { version } from "./version.ts";

/** What a run that starts now says about itself. */
export function newRunInfo(
  prepared: Prepared,
  device: ChosenDevice,
  facts: Pick<RunInfo, "command" | "sources" | "settings" | "seed" | "drop" | "pretrained"> & {
    readonly entry: Source;
    readonly dataset: Dataset;
    /** The dataset as the user named it. */
    readonly folder: string;
  },
): RunInfo {
  const { command, entry, sources, settings, seed, drop, dataset, folder, pretrained } = facts;
  return {
    status: "running",
    command,
    spec: entry.path,
    sources,
    model: prepared.model.name,
    settings,
    sizes: Object.fromEntries(prepared.model.sizes),
    seed,
    epochs: prepared.settings.epochs,
    drop,
    dataset: { folder, name: dataset.name, fingerprint: fingerprint(dataset) },
    pretrained,
    loaded: loadedInfo(prepared),
    device: { target: device.target.name, name: device.backend.description, reason: device.reason },
    versions: { mird: version(), node: process.version, system: `${process.platform} ${process.arch}` },
    started: new Date().toISOString(),
    ended: null,
  };
}

/** What a run started from besides drawn numbers. */
export function loadedInfo({ start }: Prepared): RunInfo["loaded"] {
  return { weights: start?.weights ?? [], vectors: start?.vectors ?? [] };
}

/** The spec as it was when a run was started. */
export function recordedSpec(info: RunInfo): SpecRequest {
  const text = info.sources[info.spec] ?? "";
  return {
    entry: { path: info.spec, text },
    loadSource: recordLoader(info.sources),
    settings: info.settings,
    model: info.model,
  };
}

/** Refuses a dataset that is not the one a run was started with. */
export function requireSameData(folder: string, info: RunInfo, dataset: Dataset): void {
  if (fingerprint(dataset) === info.dataset.fingerprint) return;
  const text = `The dataset \`${info.dataset.folder}\` is not the one that the run was started with: its contents have changed.`;
  throw runError(
    "run-unreadable",
    folder,
    text,
    "Give the unchanged dataset by `--data DIR`, or start a new run.",
  );
}

/** Compiles a checked model for a device and a dataset. */
export function prepareFor(
  device: ChosenDevice,
  { model, program, identity }: RequiredModel,
  data: Pick<PrepareRequest, "dataset" | "folder" | "epochs" | "pretrained" | "stream" | "dropped">,
): Prepared {
  const { target, backend, cache } = device;
  const kept = { cache, identity };
  const made = { model, types: program.types, kept, target, limits: backend.limits };
  return prepare({ ...made, purpose: "train", ...data });
}
