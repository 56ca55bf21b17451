/** The mistakes that a new user makes, through the command line: one good message each, and the exit code. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

const FIXTURES = "test/cli/fixtures";
let folder: string;
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-cli-"));
  data = join(folder, "data");
  const rows = ["--train", "6", "--unlabelled", "0", "--valid", "2", "--test", "2"];
  const sizes = ["--text-length", "3", "--audio-length", "4", "--vision-length", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What is printed as a problem, with the temporary folder by the name TMP. */
async function problem(...args: string[]): Promise<string> {
  const { code, err } = await runCli(...args);
  return `${err.replaceAll(folder, "TMP")}(exit code ${code})`;
}

const mistake = (name: string) => `${FIXTURES}/mistakes/${name}.mird`;

describe("a new user's mistakes", () => {
  it("a misspelt name", async () => {
    expect(await problem("check", mistake("misspelt-name"))).toMatchInlineSnapshot(`
      "error[unknown-name]: Unknown name
        ┌─ test/cli/fixtures/mistakes/misspelt-name.mird:9:32
      9 │   y_hat = at(Linear(1)(dropout(hh, 0.1)), axis = 1, index = 0)
        │                                ^^ not defined

      The name \`hh\` is not defined in model \`Tiny\`, and nothing of that name is
      imported.

      error[unknown-name]: Unknown name
         ┌─ test/cli/fixtures/mistakes/misspelt-name.mird:10:19
      10 │   loss task = mse(y_hta, y)
         │                   ^^^^^ Did you mean \`y_hat\`?

      The name \`y_hta\` is not defined in model \`Tiny\`.

      2 errors
      (exit code 1)"
    `);
  });

  it("a wrong axis", async () => {
    expect(await problem("check", mistake("wrong-axis"))).toMatchInlineSnapshot(`
      "error[unknown-axis]: No such axis
        ┌─ test/cli/fixtures/mistakes/wrong-axis.mird:8:41
      8 │   h = tanh(Linear(d)(mean(audio, axis = Tt)))
        │                                         ^^ not an axis here

      The tensor is \`f32[B, T~, D]\`; it has no axis \`Tt\`.
      (exit code 1)"
    `);
  });

  it("a missing argument", async () => {
    expect(await problem("check", mistake("missing-argument"))).toMatchInlineSnapshot(`
      "error[missing-argument]: Missing argument
        ┌─ test/cli/fixtures/mistakes/missing-argument.mird:9:25
      1 │ module Shift(by: number, times: size = 1) {
        │              ---------- \`by\` is declared here
        ·
      9 │   loss task = mean(Shift()(audio) ^ 2)
        │                         ^^ \`by\` is missing

      \`Shift\` accepts \`by\`, and with a default \`times\`.
      (exit code 1)"
    `);
  });

  it("a slot that is filled wrongly", async () => {
    expect(await problem("check", mistake("wrong-slot"))).toMatchInlineSnapshot(`
      "error[interface-mismatch]: Module does not fit its slot
         ┌─ test/cli/fixtures/mistakes/wrong-slot.mird:21:28
       2 │   (x: f32[B, M], y: f32[B, N]) -> (bound: f32, fit: f32)
         │                  ------------ required by the interface
         ·
      14 │   (x: f32[B, M]) {
         │   -------------- takes no \`y\`
         ·
      21 │   slot penalty : Penalty = Square()
         │                            ^^^^^^^^ does not implement \`Penalty\`

      \`Square\` differs from the interface \`Penalty\`, which the slot \`penalty\`
      asks for:

          the argument \`y\` is missing

      Hint: \`Product\` implements \`Penalty\`.
      (exit code 1)"
    `);
  });

  it("a slot that is filled wrongly on the command line", async () => {
    const args = ["--model", "SmallProduct", "--set", "penalty=Square"];
    expect(await problem("check", mistake("wrong-slot"), ...args)).toContain("┌─ --set:1:9\n");
  });

  it("a dataset without the field", async () => {
    expect(await problem("train", mistake("wrong-dataset-field"), "--data", data)).toMatchInlineSnapshot(`
      "error[missing-field]: Data field not found
        ┌─ test/cli/fixtures/mistakes/wrong-dataset-field.mird:6:9
      6 │   input sound : f32[B, T~, D]
        │         ^^^^^ not in the dataset
        ┌─ TMP/data

      The dataset has no field \`sound\`. It has:

          text           ids[B, L~] < 64  up to 3 tokens
          audio          f32[B, T~, 12]  up to 4 steps
          vision         f32[B, T~, 10]  up to 3 steps
          y              f32[B]
          factor.shared  f32[B, 2]
          factor.text    f32[B, 2]
          factor.audio   f32[B, 2]
          factor.vision  f32[B, 2]

      Hint: Call the input as the field is called, or import the data again with
      a field \`sound\`.
      (exit code 1)"
    `);
  });

  it("labels of the wrong kind", async () => {
    expect(await problem("train", mistake("wrong-label-kind"), "--data", data)).toMatchInlineSnapshot(`
      "error[field-kind]: Labels of another kind
        ┌─ test/cli/fixtures/mistakes/wrong-label-kind.mird:6:9
      6 │   label y : class[B] < C
        │         ^ the data have \`f32[B]\`
        ┌─ TMP/data: field "y"

      The field \`y\` holds one number per row. \`class[B] < C\` reads a class per
      row.

      Hint: Declare it as \`label y : f32[B]\`.
      (exit code 1)"
    `);
  });

  it("a file that is not there", async () => {
    expect(await problem("check", "nowhere.mird")).toMatchInlineSnapshot(`
      "error[data-unreadable]: File cannot be read
        ┌─ nowhere.mird

      The file cannot be read: there is no such file or folder.
      (exit code 1)"
    `);
  });

  it("a file that is no text", async () => {
    const path = join(folder, "binary.mird");
    writeFileSync(path, Uint8Array.of(0x6d, 0xff, 0xfe, 0x0a));
    expect(await problem("check", path)).toMatchInlineSnapshot(`
      "error[data-format]: File is not well formed
        ┌─ TMP/binary.mird: line 1

      The file is not UTF-8 text.

      Hint: Save it as UTF-8, for example with \`iconv -f latin1 -t utf-8\`.
      (exit code 1)"
    `);
  });

  it("a dataset that is not there", async () => {
    expect(
      await problem("train", `${FIXTURES}/tiny.mird`, "--data", join(folder, "none")),
    ).toMatchInlineSnapshot(`
      "error[data-unreadable]: File cannot be read
        ┌─ TMP/none

      There is no such folder.

      Hint: Make a dataset with \`mird data import\` or \`mird data synth\`.
      (exit code 1)"
    `);
  });

  it("settings that are none", async () => {
    const settings = ["--set", "d", "--set", "=3"];
    expect(await problem("check", `${FIXTURES}/tiny.mird`, ...settings)).toMatchInlineSnapshot(`
      "error[bad-setting]: Setting is not name=value
        ┌─ --set d

      A setting names a size, number, flag or slot of the model and gives it a
      value.

      Hint: Write for example \`--set d=32\` or
      \`--set 'penalty=Club(hidden = 16)'\`.

      error[bad-setting]: Setting is not name=value
        ┌─ --set =3

      A setting names a size, number, flag or slot of the model and gives it a
      value.

      Hint: Write for example \`--set d=32\` or
      \`--set 'penalty=Club(hidden = 16)'\`.

      2 errors
      (exit code 1)"
    `);
  });

  it("settings that do not exist, or whose value is a mistake", async () => {
    const settings = ["--set", "dd=3", "--set", "d=(4"];
    expect(await problem("check", `${FIXTURES}/tiny.mird`, ...settings)).toMatchInlineSnapshot(`
      "error[unknown-setting]: Unknown setting
        ┌─ --set:1:1
      1 │ dd=3
        │ ^^ no such setting

      Model \`Tiny\` has the settings \`d\`.

      error[syntax-unclosed]: Bracket is never closed
        ┌─ --set:1:3
      1 │ d=(4
        │   ^ opened here

      This \`(\` needs a \`)\` before its statement ends.

      Hint: Add the missing \`)\`.

      2 errors
      (exit code 1)"
    `);
  });

  it("a device that cannot be chosen", async () => {
    const args = ["train", `${FIXTURES}/tiny.mird`, "--data", data];
    expect(await problem(...args, "--device", "cuda")).toMatchInlineSnapshot(`
      "error[unknown-device]: Device cannot be chosen
        ┌─ --device cuda

      There is no device \`cuda\`.

      Hint: The devices are \`auto\`, \`webgpu\`, \`cpu\`, \`reference\`.
      (exit code 1)"
    `);
  });

  it("a folder that is no run", async () => {
    expect(await problem("eval", data)).toMatchInlineSnapshot(`
      "error[not-a-run]: This is not a run folder
        ┌─ TMP/data

      The folder has no \`run.json\`.

      Hint: Give the folder that \`mird train\` has printed, for example
      \`runs/mird-…\`.
      (exit code 1)"
    `);
  });

  it("a run folder that exists", async () => {
    expect(
      await problem("train", `${FIXTURES}/tiny.mird`, "--data", data, "--out", data),
    ).toMatchInlineSnapshot(`
      "error[run-exists]: Folder is already there
        ┌─ TMP/data

      The folder is not empty.

      Hint: Give another folder.
      (exit code 1)"
    `);
  });

  const root = process.getuid?.() === 0;
  if (root)
    console.log("Left out: a file without permission. The tests run as root, who may read everything.");
  it.skipIf(root)("a file without permission", async () => {
    const path = join(folder, "secret.mird");
    writeFileSync(path, "");
    chmodSync(path, 0);
    expect(await problem("check", path)).toContain("access is not permitted");
  });
});

describe("wrong usage", () => {
  it.each([
    [["trian"], "(Did you mean train?)"],
    [["train", "x.mird", "--sed", "3"], "(Did you mean one of --seed, --set?)"],
    [["train", "x.mird"], "`--data synth` trains on generated data"],
    [["train"], "missing argument 'spec'"],
    [["train", "x.mird", "--resume", "runs/a"], "a resumed run keeps its spec and settings"],
    [["train", "x.mird", "--data", "synth", "--seed", "-1"], "whole number of at least 0"],
    [["compile", "x.mird", "--emit", "asm"], "ast, checked, graph, kernels, plan, wgsl"],
    [["compile", "x.mird", "--out", "d"], "--out goes with --emit"],
    [["predict", "runs/a", "--out", "x.txt"], ".csv, .parquet, .npz, .safetensors"],
    [["data", "import", "--out", "d"], "either files, a description, or --csv FILE"],
  ])("%j", async (args, message) => {
    const { code, err } = await runCli(...args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe("mird check --json", () => {
  it("prints an array of problems", async () => {
    const { code, out, err } = await runCli("check", mistake("wrong-axis"), "--json");
    expect(code).toBe(1);
    expect(err).toBe("");
    const problems: unknown = JSON.parse(out);
    expect(problems).toMatchObject([
      { code: "unknown-axis", severity: "error", file: mistake("wrong-axis"), line: 8, column: 41 },
    ]);
  });

  it("prints an empty array when all is well", async () => {
    const { code, out } = await runCli("check", `${FIXTURES}/tiny.mird`, "--json");
    expect({ code, out }).toEqual({ code: 0, out: "[]\n" });
  });

  it("reports problems outside specs in the same form", async () => {
    const { code, out } = await runCli("check", "nowhere.mird", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject([{ code: "data-unreadable", file: "nowhere.mird", line: null }]);
  });
});
