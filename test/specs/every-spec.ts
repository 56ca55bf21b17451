/** What holds of every spec that is shipped: it checks without a remark, trains on invented data, gives the same losses again, and has right gradients. */
import { describe, expect, it } from "vitest";
import { dropFields } from "../../src/data/drop.ts";
import { gradcheck } from "../../src/driver/gradcheck.ts";
import { compileSmall, inspectSpec, smallModel, threeIterations } from "../support/specs.ts";

const joint = "SparseWordAttention(width = 4, layers = 1, heads = 2)";
/** Settings that are not sizes with a number, and fewer layers where the default has many. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Mird: { joint },
  MirdReconstruction: { joint },
  MirdLabelled: { joint },
  MirdMaximisation: { joint },
  Mfm: { layers: "1" },
  Dmd: { layers: "1", heads: "2" },
  MirdBert: { layers: "1", heads: "2" },
  MirdBertFrozen: { layers: "2", heads: "2" },
  MagBert: { layers: "1", heads: "2" },
  MisaBert: { layers: "1", bert_heads: "2" },
  Mult: { layers: "1", memory_layers: "1", heads: "2" },
  Mib: { layers: "1", heads: "2" },
  EarlyMib: { layers: "1", heads: "2" },
  LateMib: { layers: "1", heads: "2" },
};

/** Models that read words step by step with the other modalities: without words there are no steps. */
const ALIGNED = ["EfLstm", "Mag", "MagBert", "Mfn"];

/** Declares the tests of these files, which are relative to the repository. */
export function describeSpecs(files: readonly string[]): void {
  describe.each(files)("%s", (path) => {
    const { models, problems } = inspectSpec(path);

    it("has no mistakes and nothing left over", () => {
      expect(problems.map(({ code, text }) => `${code}: ${text}`)).toEqual([]);
      expect(models.length).toBeGreaterThan(0);
    });

    describe.each(models)("%s", (model) => {
      const spec = { path, model, settings: SETTINGS[model] ?? {} };

      it("trains: finite losses, the same in a second run", async () => {
        const small = compileSmall(spec);
        const first = await threeIterations(small);
        expect(first.losses.length).toBe(3);
        const values = first.losses.flatMap((losses) => Object.values(losses));
        expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
        expect(new Set(values).size).toBeGreaterThan(1);
        expect(await threeIterations(small)).toEqual(first);
      });

      // The critic judges pairs of latents; what latents there are is decided before it sees them.
      if (model !== "HeldOutCritic")
        it("learns from rows without a modality, and predicts for them", async () => {
          const small = compileSmall(spec);
          const { compiled, inputs } = small;
          const needs = compiled.evaluation.outputs.flatMap((output) =>
            output.predicts === null ? [] : output.needs,
          );
          expect(needs).toEqual(ALIGNED.includes(model) ? ["text"] : []);
          const drops = Object.fromEntries(
            inputs.filter((name) => !needs.includes(name)).map((name) => [name, 0.5]),
          );
          const dataset = dropFields({ dataset: small.dataset, drops, modalities: inputs, seed: 2 });
          expect(
            inputs.filter((name) => dataset.splits.test?.fields.get(name)?.present.includes(0)),
          ).not.toEqual([]);
          const { losses, test } = await threeIterations({ ...small, dataset });
          expect(
            losses.flatMap((each) => Object.values(each)).filter((value) => !Number.isFinite(value)),
          ).toEqual([]);
          expect(test?.unpredicted?.lacking ?? []).toEqual(needs);
          const predictions = [...(test?.predictions ?? [])].filter((value) => Number.isFinite(value));
          if (needs.length === 0) expect(predictions.length).toBe(test?.predictions?.length ?? 0);
        });

      it("has gradients that agree with differences", () => {
        const rows = gradcheck({ ...smallModel(spec), seed: 3, directions: 2, each: 0 });
        expect(rows.length).toBeGreaterThan(0);
        expect(rows.filter(({ error }) => !(error <= 1e-5))).toEqual([]);
      });
    });
  });
}
