/** Golden values of what has no graph: metrics and schedules. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/data/safetensors.ts";

interface OracleCase {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Values of a tensor; throws when the case has none of that name. */
  readonly values: (tensor: string) => Float64Array;
}

/** Every case of one subfolder; empty when there is no folder. */
export function oracleCases(folder: string | null, subfolder: string): OracleCase[] {
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
