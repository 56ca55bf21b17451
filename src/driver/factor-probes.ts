/** What every latent tells about every known factor, and the scores that follow. */
import { at } from "../base/invariant.ts";
import type { RandomStream } from "../base/random.ts";
import type { Dataset, Field, FieldSpec } from "../data/schema.ts";
import type { FactorRow, FactorTable } from "../report/disentanglement.ts";
import { disentanglementScores } from "../statistics/disentanglement-scores.ts";
import type { Matrix } from "../statistics/matrix.ts";
import { matrixOf, sideBySide, takeRows } from "../statistics/matrix.ts";
import type { ProbeRows } from "../statistics/probe.ts";
import { mapParts, probe } from "../statistics/probe.ts";
import type { LatentSample, SampledRows } from "./latents.ts";

/** Fields of this beginning hold the true factors of a row. */
const PREFIX = "factor.";

/** Probes for all `factor.*` fields and a score label; null when the dataset has no such field. */
export function probeFactors(
  dataset: Dataset,
  latents: readonly LatentSample[],
  rows: SampledRows,
  random: RandomStream,
): FactorTable | null {
  const fields = dataset.fields.filter(
    ({ name, kind }) => name.startsWith(PREFIX) && (kind === "vector" || kind === "score"),
  );
  const label = dataset.fields.filter(({ name, kind }) => name === dataset.label && kind === "score");
  if (fields.length === 0) return null;
  const table = [
    ...probeFields(dataset, fields, latents, rows, random),
    ...probeFields(dataset, label, latents, rows, random),
  ].map((row) => (row.group?.startsWith(PREFIX) ? row : { ...row, group: null }));
  const factors = table.filter(({ group }) => group !== null);
  const groups = fields.map(({ name }) => name);
  const held = latents.map((_, latent) =>
    groups.map((group) =>
      meanOf(
        factors
          .filter((row) => row.group === group)
          .map(({ nonlinear }) => Math.max(0, at(nonlinear, latent))),
      ),
    ),
  );
  return {
    rows: table,
    groups,
    scores: disentanglementScores(held),
    informativeness: meanOf(factors.map(({ nonlinearAll }) => nonlinearAll)),
  };
}

/** Fields that are probed together: on the rows that have all of them. */
function probeFields(
  dataset: Dataset,
  specs: readonly FieldSpec[],
  latents: readonly LatentSample[],
  rows: SampledRows,
  random: RandomStream,
): (FactorRow & { readonly group: string })[] {
  if (specs.length === 0) return [];
  const part = (split: string, taken: Uint32Array) => targetsOf(dataset, split, specs, taken);
  const targets = {
    fit: part("train", rows.train.fit),
    choose: part("train", rows.train.choose),
    test: part(rows.split, rows.test),
  };
  const values = mapParts(targets, ({ values }) => values);
  const inputs = latents.map(
    (latent): ProbeRows<Matrix> => ({
      fit: takeRows(latent.fit, targets.fit.kept),
      choose: takeRows(latent.choose, targets.choose.kept),
      test: takeRows(latent.test, targets.test.kept),
    }),
  );
  const together = {
    fit: sideBySide(inputs.map(({ fit }) => fit)),
    choose: sideBySide(inputs.map(({ choose }) => choose)),
    test: sideBySide(inputs.map(({ test }) => test)),
  };
  const results = inputs.map((input) => probe(input, values, random));
  const all = probe(together, values, random);
  const columns = specs.flatMap(({ name, width }) =>
    Array.from({ length: width }, (_, index) => ({ group: name, name: columnName(name, width, index) })),
  );
  return columns.map((column, index) => ({
    ...column,
    linear: results.map(({ linear }) => at(linear, index)),
    nonlinear: results.map(({ nonlinear }) => at(nonlinear, index)),
    linearAll: at(all.linear, index),
    nonlinearAll: at(all.nonlinear, index),
  }));
}

function columnName(field: string, width: number, index: number): string {
  const short = field.startsWith(PREFIX) ? field.slice(PREFIX.length) : field;
  return width === 1 ? short : `${short}[${index}]`;
}

/** The fields' values at the sampled rows that have them all, and the places of these rows in the sample. */
function targetsOf(dataset: Dataset, split: string, specs: readonly FieldSpec[], rows: Uint32Array) {
  const fields = specs.flatMap(({ name }): Field[] => {
    const field = dataset.splits[split]?.fields.get(name);
    return field === undefined ? [] : [field];
  });
  const kept = Uint32Array.from(rows.keys()).filter((index) =>
    fields.every(({ present }) => present[at(rows, index)] === 1),
  );
  const taken = kept.map((index) => at(rows, index));
  const values = sideBySide(
    fields.map(({ data, present }) => takeRows(matrixOf(data, present.length), taken)),
  );
  return { kept, values };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
