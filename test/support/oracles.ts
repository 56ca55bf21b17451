/** Golden values: the folder in `MIRD_ORACLES`, otherwise the developer's `../shared/oracles`. Absent on most machines: tests then say so. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { readSafetensors } from "../../src/data/safetensors.ts";

interface OracleCase {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Values of a tensor; throws when the case has none of that name. */
  readonly values: (tensor: string) => Float64Array;
}

/** Folder of the golden values, or null when this machine has none. */
export function oracleFolder(): string | null {
  const folder = resolve(process.env.MIRD_ORACLES ?? "../shared/oracles");
  return existsSync(folder) ? folder : null;
}

/** Every case of one subfolder; empty when there is no folder. */
export function oracleCases(subfolder: string): OracleCase[] {
  const folder = oracleFolder();
  if (folder === null) return [];
  const files = readdirSync(join(folder, subfolder)).filter((file) => file.endsWith(".safetensors"));
  return files.sort().map((file) => readCase(join(folder, subfolder, file), file));
}

function readCase(path: string, file: string): OracleCase {
  const { tensors, metadata } = readSafetensors(path);
  return {
    name: file.replace(".safetensors", ""),
    metadata,
    values: (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`${file} has no tensor ${name}`);
      return Float64Array.from(tensor.data, Number);
    },
  };
}
