import { describe, expect, it } from "vitest";
import { invariant } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import type { Dataset, FieldSpec, Split } from "../../src/data/schema.ts";
import { emptyField } from "../../src/data/schema.ts";
import { UserError } from "../../src/diagnostics/problems.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import type { Source } from "../../src/diagnostics/source.ts";
import { compileOnly } from "../../src/driver/prepare.ts";
import type { DataInput } from "../../src/train/bind-data.ts";
import { datasetSizes } from "../../src/train/bind-data.ts";
import { requireRows } from "../../src/train/bind-rows.ts";
import type { TrainSettings } from "../../src/train/settings.ts";
import type { Dim } from "../../src/types/dim.ts";
import { dimNumber, dimSymbol, makeSymbol } from "../../src/types/dim.ts";
import type { TensorType } from "../../src/types/tensor-type.ts";
import { axisOf, tensorType } from "../../src/types/tensor-type.ts";
import { check } from "../support/check.ts";

const SPEC = `model Small {
  input text  : ids[B, L~] < V
  input audio : f32[B, T~, D]
  label y     : f32[B]
}
`;
const source: Source = { path: "small.mird", text: SPEC };
const symbols = new Map<string, Dim>();

function size(name: string): Dim {
  const known = symbols.get(name) ?? dimSymbol(makeSymbol(name, null));
  symbols.set(name, known);
  return known;
}

/** An input whose span is the name's first place in the spec. */
function input(name: string, type: TensorType, kind: DataInput["kind"] = "input"): DataInput {
  const start = SPEC.indexOf(` ${name} `) + 1;
  return { kind, name, type, span: { source, start, end: start + name.length } };
}

const B = axisOf(size("B"));
const text = input("text", tensorType("ids", [B, axisOf(size("L"), true)], size("V")));
const audio = input("audio", tensorType("f32", [B, axisOf(size("T"), true), axisOf(size("D"))]));
const y = input("y", tensorType("f32", [B]), "label");

const TEXT: FieldSpec = { name: "text", kind: "tokens", width: 1, maxLength: 12, vocabularySize: 90 };
const AUDIO: FieldSpec = { name: "audio", kind: "sequence", width: 5, maxLength: 30 };
const Y: FieldSpec = { name: "y", kind: "score", width: 1, maxLength: 1 };

function dataset(fields: readonly FieldSpec[], label: string | null = "y"): Dataset {
  const split = (name: string, rows: number): Split => ({
    name,
    rows,
    ids: null,
    fields: new Map(fields.map((spec) => [spec.name, emptyField(spec, rows)])),
  });
  for (const field of fields) expect(field.width).toBeGreaterThan(0);
  const splits = { train: split("train", 4), valid: split("valid", 2), test: split("test", 2) };
  for (const { fields: values } of Object.values(splits)) {
    for (const field of values.values()) {
      field.present.fill(1);
      field.lengths?.fill(field.spec.maxLength);
    }
  }
  const provenance = { command: "test", sources: [], options: null };
  return { name: "small", fields, label, splits, scaling: {}, provenance, cleaned: [] };
}

function bind(inputs: readonly DataInput[], data: Dataset, fixed: Record<string, number> = {}) {
  const sizes = Object.entries(fixed).map(([name, value]) => [name, { value, variant: null }] as const);
  return datasetSizes({ inputs, dataset: data, folder: "data/small", fixed: new Map(sizes) });
}

/** The rendered problems of a call that must fail. */
function problemsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return renderDiagnostics(error.problems, { color: false });
    throw error;
  }
  throw new Error("a UserError was expected");
}

describe("sizes from a dataset", () => {
  it("follow from the fields of the same names", () => {
    const sizes = bind([text, audio, y], dataset([TEXT, AUDIO, Y]));
    expect(Object.fromEntries(sizes)).toEqual({ V: 90, L: 12, T: 30, D: 5 });
  });

  it("may be larger where padding or unused ids do no harm", () => {
    const sizes = bind([text, audio, y], dataset([TEXT, AUDIO, Y]), { V: 100, L: 12, T: 40 });
    expect(Object.fromEntries(sizes)).toEqual({ V: 100, L: 12, T: 40, D: 5 });
  });

  it("accept one column without an axis for it", () => {
    const plain = input("audio", tensorType("f32", [B, axisOf(size("T"), true)]));
    expect(bind([plain], dataset([{ ...AUDIO, width: 1 }])).get("T")).toBe(30);
    expect(problemsOf(() => bind([plain], dataset([AUDIO])))).toContain("error[field-kind]");
  });
});

describe("data that do not fit", () => {
  it("a missing field: what there is, and what was probably meant", () => {
    expect(
      problemsOf(() => bind([audio, y], dataset([{ ...AUDIO, name: "audo" }, Y]))),
    ).toMatchInlineSnapshot(`
      "error[missing-field]: Data field not found
        ┌─ small.mird:3:9
      3 │   input audio : f32[B, T~, D]
        │         ^^^^^ Did you mean \`audo\`?
        ┌─ data/small

      The dataset has no field \`audio\`. It has:

          audo  f32[B, T~, 5]  up to 30 steps
          y     f32[B]

      Hint: Call the input as the field is called, or import the data again with
      a field \`audio\`.
      "
    `);
  });

  it("no labels at all", () => {
    expect(problemsOf(() => bind([audio, y], dataset([AUDIO], null)))).toMatchInlineSnapshot(`
      "error[missing-field]: Data field not found
        ┌─ small.mird:4:9
      4 │   label y     : f32[B]
        │         ^ not in the dataset
        ┌─ data/small

      The dataset has no field \`y\` and no labels at all. It has:

          audio  f32[B, T~, 5]  up to 30 steps

      Hint: Call the label as the field is called, or import the data again with
      a field \`y\`.
      "
    `);
  });

  it("labels of the wrong kind", () => {
    const classes: FieldSpec = { name: "y", kind: "class", width: 1, maxLength: 1, classes: ["no", "yes"] };
    expect(problemsOf(() => bind([y], dataset([classes])))).toMatchInlineSnapshot(`
      "error[field-kind]: Labels of another kind
        ┌─ small.mird:4:9
      4 │   label y     : f32[B]
        │         ^ the data have \`class[B] < 2\`
        ┌─ data/small: field "y"

      The field \`y\` holds a class per row. \`f32[B]\` reads one number per row.

      Hint: Declare it as \`label y : class[B] < C\`.
      "
    `);
  });

  it("tokens where features are read, together with a size that does not fit", () => {
    const wide = input("audio", tensorType("f32", [B, axisOf(size("T"), true), axisOf(dimNumber(7))]));
    const features = input("text", tensorType("f32", [B, axisOf(size("L"), true), axisOf(size("D"))]));
    expect(problemsOf(() => bind([features, wide], dataset([TEXT, AUDIO])))).toMatchInlineSnapshot(`
      "error[field-kind]: Field of another kind
        ┌─ small.mird:2:9
      2 │   input text  : ids[B, L~] < V
        │         ^^^^ the data have \`ids[B, L~] < 90\`
        ┌─ data/small: field "text"

      The field \`text\` holds a sequence of token ids per row. \`f32[B, L~, D]\`
      reads a sequence of numbers per row.

      Hint: Declare it as \`input text : ids[B, L~] < V\`.

      error[data-size]: Data do not have this size
        ┌─ small.mird:3:9
      3 │   input audio : f32[B, T~, D]
        │         ^^^^^ the data have 5
        ┌─ data/small: field "audio"

      The field \`audio\` (\`f32[B, T~, 5]\`) has 5 numbers per step. The spec says
      7.

      2 errors
      "
    `);
  });

  it("a size fixed by hand", () => {
    expect(problemsOf(() => bind([text], dataset([TEXT]), { V: 50 }))).toMatchInlineSnapshot(`
      "error[data-size]: Data do not have this size
        ┌─ small.mird:2:9
      2 │   input text  : ids[B, L~] < V
        │         ^^^^ the data have 90
        ┌─ data/small: field "text"

      The field \`text\` (\`ids[B, L~] < 90\`) has 90 token ids. \`V\` would have to be
      90 or more, but \`--set V=50\` sets it to 50.

      Hint: Leave out \`--set V=…\`; the size is then taken from the data.
      "
    `);
  });

  it("a size that a variant fixes", () => {
    const spec = `model Model {
  size D
  input audio : f32[B, T~, D]
  loss level = mean(sum(audio, axis = T))
}
model Wide = Model with { D = 99 }
model Last = Wide with {}
`;
    const compiled = (...set: readonly string[]) => {
      const { program } = check({ source: spec, model: "Last", set });
      const data = { dataset: dataset([AUDIO]), folder: "data/small" };
      invariant(program.chosen !== null, "the model is right");
      compileOnly({ model: program.chosen, types: program.types, target: CPU, data });
    };
    expect(problemsOf(() => compiled())).toMatchInlineSnapshot(`
      "error[data-size]: Data do not have this size
        ┌─ model.mird:3:9
      3 │   input audio : f32[B, T~, D]
        │         ^^^^^ the data have 5
        ·
      6 │ model Wide = Model with { D = 99 }
        │                           ------ \`D\` is 99 here
        ┌─ data/small: field "audio"

      The field \`audio\` (\`f32[B, T~, 5]\`) has 5 numbers per step. \`D\` would have
      to be 5, but the variant \`Wide\` sets \`D = 99\`.

      Hint: Write \`size D = 99\` for a default that gives way to the data, or
      leave the line out.
      "
    `);
    expect(problemsOf(() => compiled("D=98"))).toContain("but `--set D=98` sets it to 98.");
  });

  it("two fields that must agree", () => {
    const aligned = input("audio", tensorType("f32", [B, axisOf(size("L"), true), axisOf(size("D"))]));
    expect(problemsOf(() => bind([text, aligned], dataset([TEXT, AUDIO])))).toMatchInlineSnapshot(`
      "error[data-size]: Data do not have this size
        ┌─ small.mird:3:9
      2 │   input text  : ids[B, L~] < V
        │         ---- \`L\` is 12 here
      3 │   input audio : f32[B, T~, D]
        │         ^^^^^ the data have 30
        ┌─ data/small: field "audio"

      The field \`audio\` (\`f32[B, T~, 5]\`) has 30 steps. \`L\` would have to be 30
      or more, but the field \`text\` has made it 12.
      "
    `);
  });

  it("rows of different lengths where the axis is not ragged", () => {
    const straight = input("audio", tensorType("f32", [B, axisOf(size("T")), axisOf(size("D"))]));
    const data = dataset([AUDIO]);
    expect(bind([straight], data).get("T")).toBe(30);
    data.splits.valid?.fields.get("audio")?.lengths?.set([7], 1);
    expect(problemsOf(() => bind([straight], data))).toMatchInlineSnapshot(`
      "error[data-ragged]: Rows have lengths of their own
        ┌─ small.mird:3:9
      3 │   input audio : f32[B, T~, D]
        │         ^^^^^ every row has the same length here
        ┌─ data/small: field "audio": split "valid": row 1

      Row 1 has 7 steps, others have up to 30. Without \`~\` padding would count as
      data.

      Hint: Mark the axis as ragged with \`~\`.
      "
    `);
  });
});

describe("rows for a training", () => {
  const settings: TrainSettings = {
    epochs: 1,
    selection: { direction: "min", metric: "mae" },
    patience: null,
    report: [],
    schedules: new Map(),
  };
  const request = { folder: "data/small", label: "y", batch: { labelled: 2, unlabelled: 0 }, settings };

  it("are there", () => {
    expect(() => requireRows({ ...request, dataset: dataset([AUDIO, Y]) })).not.toThrow();
  });

  it("need unlabelled ones if the batch takes some", () => {
    const work = () =>
      requireRows({ ...request, batch: { labelled: 2, unlabelled: 4 }, dataset: dataset([AUDIO, Y]) });
    expect(problemsOf(work)).toMatchInlineSnapshot(`
      "error[no-unlabelled-rows]: No rows without a label
        ┌─ data/small: split "train"

      A batch takes 4 unlabelled rows, but all 4 rows of the training split have
      \`y\`.

      Hint: Leave out \`+ … unlabelled\` in the \`batch\` line, or import rows
      without a label.
      "
    `);
  });

  it("need labels, and a validation split for selection", () => {
    const data = dataset([AUDIO, Y]);
    data.splits.train?.fields.get("y")?.present.fill(0);
    const { valid: _, ...splits } = data.splits;
    expect(
      problemsOf(() => requireRows({ ...request, dataset: { ...data, splits } })),
    ).toMatchInlineSnapshot(`
      "error[no-labelled-rows]: No rows with a label
        ┌─ data/small: split "train"

      None of the 4 rows of the split \`train\` has a value for the label \`y\`.

      Hint: Look at the label with \`mird data inspect\`.

      error[missing-split]: Split not found
        ┌─ data/small: split "valid"

      The dataset has no rows in the split \`valid\`, and \`select min valid.mae\`
      reads it. It has \`train\` (4 rows), \`test\` (2 rows).

      Hint: Import the data with a column that names the split, or with shares
      for validation and test.

      2 errors
      "
    `);
  });

  it("need labels in the validation split for a metric, not for a loss", () => {
    const data = dataset([AUDIO, Y]);
    data.splits.valid?.fields.get("y")?.present.fill(0);
    expect(problemsOf(() => requireRows({ ...request, dataset: data }))).toContain("error[no-labelled-rows]");
    const byLoss = { ...settings, selection: { direction: "min", metric: "recon" } } as const;
    expect(() => requireRows({ ...request, settings: byLoss, dataset: data })).not.toThrow();
  });
});
