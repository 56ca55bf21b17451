import { describe, expect, it } from "vitest";
import { inspectDataset } from "../../src/data/inspect.ts";
import { describeInspection } from "../../src/data/inspect-table.ts";
import {
  type Dataset,
  emptyField,
  type Field,
  type FieldSpec,
  rowSize,
  type Split,
} from "../../src/data/schema.ts";

const TEXT: FieldSpec = { name: "text", kind: "tokens", width: 1, maxLength: 3, vocabularySize: 9 };
const AUDIO: FieldSpec = { name: "audio", kind: "sequence", width: 2, maxLength: 3 };
const MOOD: FieldSpec = { name: "mood", kind: "class", width: 1, maxLength: 1, classes: ["low", "high"] };
const Y: FieldSpec = { name: "y", kind: "score", width: 1, maxLength: 1 };

function fill(spec: FieldSpec, rows: readonly (readonly number[] | null)[]): Field {
  const field = emptyField(spec, rows.length);
  rows.forEach((values, row) => {
    if (values === null) return;
    field.data.set(values, row * rowSize(spec));
    field.present[row] = 1;
    if (field.lengths !== null) field.lengths[row] = values.length / spec.width;
  });
  return field;
}

function split(
  name: string,
  text: (number[] | null)[],
  audio: (number[] | null)[],
  mood: (number[] | null)[],
  y: (number[] | null)[],
): Split {
  const fields = new Map(
    [fill(TEXT, text), fill(AUDIO, audio), fill(MOOD, mood), fill(Y, y)].map((field) => [
      field.spec.name,
      field,
    ]),
  );
  return { name, rows: y.length, ids: name === "train" ? ["a", "b", "c", "d"] : null, fields };
}

const dataset: Dataset = {
  name: "seen",
  fields: [TEXT, AUDIO, MOOD, Y],
  label: "y",
  splits: {
    train: split(
      "train",
      [[1, 2, 3], [4], [1, 2, 3], [5, 6]],
      [[1, 7, 0, 0, 3, 7], [5, 7], [1, 7, 0, 0, 3, 7], null],
      [[0], [1], [1], [0]],
      [[-3], [2.6], [1], null],
    ),
    test: split(
      "test",
      [[4], [8]],
      [
        [5, 7],
        [Number.NaN, 2],
      ],
      [[1], null],
      [[0], [0.2]],
    ),
  },
  scaling: {},
  provenance: { command: "", sources: [], options: null },
  cleaned: [],
};

describe("inspection", () => {
  const report = inspectDataset(dataset);
  const of = (field: string, name: string) =>
    report.fields.find((entry) => entry.field === field && entry.split === name);

  it("counts rows, labels and what is absent", () => {
    expect(report.splits).toEqual([
      { split: "train", rows: 4, labelled: 3, incomplete: 1, repeatedRows: 1, repeated: [["a", "c"]] },
      { split: "test", rows: 2, labelled: 2, incomplete: 1, repeatedRows: 0, repeated: [] },
    ]);
  });

  it("measures lengths and values inside the rows only", () => {
    expect(of("audio", "train")).toMatchObject({
      present: 3,
      length: { min: 1, median: 3, max: 3 },
      values: { min: 0, max: 7, mean: 48 / 14 },
      zeroSteps: 2,
      zeroShare: 4 / 14,
      repeatedRows: 1,
      constantColumns: [],
      histogram: null,
    });
    expect(of("text", "train")?.length).toEqual({ min: 1, median: 2.5, max: 3 });
    expect(of("audio", "test")).toMatchObject({
      notFinite: 1,
      constantColumns: [0],
      values: { min: 2, max: 7 },
    });
  });

  it("makes histograms of labels", () => {
    expect(of("y", "train")?.histogram).toEqual([
      { name: "-3", count: 1 },
      { name: "1", count: 1 },
      { name: "3", count: 1 },
    ]);
    expect(of("y", "test")?.histogram).toEqual([{ name: "0", count: 2 }]);
    expect(of("mood", "train")?.histogram).toEqual([
      { name: "low", count: 2 },
      { name: "high", count: 2 },
    ]);
    expect(of("y", "train")?.values?.mean).toBeCloseTo(0.2, 6);
  });

  it("finds rows that two splits share, with examples", () => {
    expect(report.shared).toEqual([
      { field: null, splits: ["train", "test"], count: 1, examples: [["b", "row 0"]] },
      { field: "text", splits: ["train", "test"], count: 1, examples: [["b", "row 0"]] },
      { field: "audio", splits: ["train", "test"], count: 1, examples: [["b", "row 0"]] },
    ]);
  });

  it("prints a table and what is worth a look", () => {
    expect(describeInspection(report)).toMatchInlineSnapshot(`
      "Dataset \`seen\` (length: least / median / most)
      field  split  kind      rows  present  length       range      mean ± sd    zeros
      text   train  tokens    4     4        1 / 2.5 / 3  1 to 6     -            -
      text   test   tokens    2     2        1 / 1 / 1    4 to 8     -            -
      audio  train  sequence  4     3        1 / 3 / 3    0 to 7     3.43 ± 2.99  29 %
      audio  test   sequence  2     2        1 / 1 / 1    2 to 7     4.67 ± 2.05  0 %
      mood   train  class     4     4        -            0 to 1     0.5 ± 0.5    -
      mood   test   class     2     1        -            1 to 1     1 ± 0        -
      y      train  score     4     3        -            -3 to 2.6  0.2 ± 2.36   0 %
      y      test   score     2     2        -            0 to 0.2   0.1 ± 0.1    50 %
      mood in train: low: 2, high: 2
      mood in test: high: 1
      y in train: -3: 1, 1: 1, 3: 1
      y in test: 0: 2
      Worth a look
        train: rows without \`y\`: 1 of 4
        train: rows that lack at least one field: 1 of 4
        train: rows equal to an earlier one in every input: 1 (a = c)
        test: rows that lack at least one field: 1 of 2
        text in train: rows equal to an earlier one: 1
        audio in train: steps of zeros only: 2
        audio in train: rows equal to an earlier one: 1
        audio in test: values that are NaN or infinite: 1
        audio in test: constant columns: 1 of 2 (0)
        train and test: rows of test equal to one of train in every input: 1 (b = row 0)
        train and test: rows of test equal to one of train in \`text\`: 1 (b = row 0)
        train and test: rows of test equal to one of train in \`audio\`: 1 (b = row 0)
      "
    `);
  });
});
