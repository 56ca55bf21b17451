/** LSTM and GRU as cells in the language, repeated by `scan`, against the golden values of the built-in ones: states and all gradients on every target. */
import { describe, expect, it } from "vitest";
import { readCase } from "../oracles/case-file.ts";
import { openDevice } from "../oracles/devices/open.ts";
import { runModelEntry } from "../oracles/run-model.ts";
import { moduleEntries } from "../oracles/table/modules.ts";
import { oracleFolder } from "../support/outside.ts";

const CASES = ["lstm", "lstm_ragged", "bilstm", "bilstm_ragged", "gru", "gru_ragged", "bigru_ragged"];
const folder = oracleFolder("cells beside the golden values of the built-in layers");

/** The entry of the built-in layer, with the model of the cells in its place. */
function cellEntry(name: string) {
  const entry = moduleEntries.find(({ cases }) => cases.test(name));
  if (entry?.kind !== "model") throw new Error(`no entry for ${name}`);
  return { ...entry, spec: "cells", model: entry.model.replace("Case", "Cells") };
}

describe.each(["reference", "cpu", "webgpu"])("%s", (device) => {
  it.skipIf(folder === null)(
    "cells equal the golden values",
    async () => {
      const opened = await openDevice(device);
      try {
        for (const name of CASES.map((each) => `modules/${each}`))
          expect(await runModelEntry(cellEntry(name), readCase(folder ?? "", name), opened), name).toEqual(
            [],
          );
      } finally {
        opened.close();
      }
    },
    120_000,
  );
});
