/** Compiles a spec of the repository as `mird compile` does, for a given target whatever the machine has. */

import { diskLoader, readSpec } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { describeTarget } from "../../src/codegen/descriptor.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { compileOnly } from "../../src/driver/prepare.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";

/** The limits of SwiftShader. */
export const softwareTarget = describeTarget({
  kind: "software",
  maxStorageBuffers: 12,
  maxInvocations: 256,
  maxWorkgroups: 65535,
});

/** `path` is relative to the repository, which is the working folder of the tests. Without a dataset the sizes are those of the spec. */
export function compileSpec(path: string, dataset: Dataset | null, target: FusionTarget) {
  const sources = {};
  const { program, model } = requireModel({
    entry: readSpec(path, sources),
    loadSource: diskLoader(sources),
    settings: {},
    model: null,
  });
  const data = dataset === null ? null : { dataset, folder: "synth" };
  return { program, compilation: compileOnly({ model, types: program.types, target, data }) };
}
