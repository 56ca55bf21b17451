/** Golden cases on disk: which there are, and their tensors by name. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../../src/data/safetensors.ts";
import { readSafetensors } from "../../src/data/safetensors.ts";

export interface CaseFile {
  /** Folder of all cases. */
  readonly root: string;
  /** `ops/softmax`. */
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Names of all cases of a folder, in order. */
export function caseNames(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(root, name))
        .filter((file) => file.endsWith(".safetensors"))
        .map((file) => `${name}/${file.replace(/\.safetensors$/, "")}`),
    )
    .sort();
}

export function readCase(root: string, name: string): CaseFile {
  const { tensors, metadata } = readSafetensors(join(root, `${name}.safetensors`));
  return { root, name, metadata, tensors };
}

export function folderExists(root: string): boolean {
  return existsSync(root);
}

/** A tensor that the case must have. */
export function tensorOf(file: CaseFile, name: string): Tensor {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw new Error(`${file.name} has no tensor ${name}`);
  return tensor;
}

/** Names of the tensors of one section, without its prefix: `named(file, "param.")`. */
export function named(file: CaseFile, prefix: string): string[] {
  return [...file.tensors.keys()].flatMap((name) =>
    name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
  );
}

/** A number among the attributes of the case. */
export function numberOf(file: CaseFile, attribute: string): number {
  const value = Number.parseFloat(file.metadata[attribute] ?? "");
  if (Number.isNaN(value)) throw new Error(`${file.name} has no number ${attribute}`);
  return value;
}

/** Values as a device takes them: floats as they are, everything else as whole numbers. */
export function deviceValues(tensor: Tensor): Float32Array | Int32Array {
  return tensor.dtype === "F32"
    ? Float32Array.from(tensor.data, Number)
    : Int32Array.from(tensor.data, Number);
}
