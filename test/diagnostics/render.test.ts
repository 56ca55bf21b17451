/** Messages as people and programs get them. */
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../../src/diagnostics/json.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import type { Source, Span } from "../../src/diagnostics/source.ts";

/** The place of the `count`-th occurrence of a piece of text. */
function find(source: Source, piece: string, count = 1): Span {
  let start = -1;
  for (let found = 0; found < count; found++) start = source.text.indexOf(piece, start + 1);
  return { source, start, end: start + piece.length };
}

function problem(change: Partial<Diagnostic>): Diagnostic {
  return {
    code: "some-code",
    severity: "error",
    title: "Some title",
    primary: null,
    related: [],
    text: "",
    ...change,
  };
}

const render = (...problems: Diagnostic[]): string => renderDiagnostics(problems, { color: false });

const attention: Source = {
  path: "specs/attention.mird",
  text: [
    ...Array.from({ length: 3 }, () => "//"),
    "  input audio : f32[B, T~, D_audio]",
    "  param Wq : f32[D_text, H]",
    ...Array.from({ length: 15 }, () => "//"),
    "  q = matmul(audio, Wq)",
  ].join("\n"),
};

const mismatch = problem({
  code: "shape-mismatch",
  title: "Sizes do not agree",
  primary: { span: find(attention, "matmul(audio, Wq)"), text: "`D_audio` (74) meets `D_text` (300)" },
  related: [
    { span: find(attention, "D_audio"), text: "`D_audio` is 74" },
    { span: find(attention, "D_text"), text: "`D_text` is 300" },
  ],
  text: "The last size of `audio` must equal the first size of `Wq`:\n\n    audio : [B, T, D_audio]\n    Wq    : [D_text, H]",
  hint: "Give `Wq` the shape `[D_audio, H]`.",
});

describe("text", () => {
  it("shows several places of a file in one block, with a gap", () => {
    expect(render(mismatch)).toMatchInlineSnapshot(`
      "error[shape-mismatch]: Sizes do not agree
         ┌─ specs/attention.mird:21:7
       4 │   input audio : f32[B, T~, D_audio]
         │                            ------- \`D_audio\` is 74
       5 │   param Wq : f32[D_text, H]
         │                  ------ \`D_text\` is 300
         ·
      21 │   q = matmul(audio, Wq)
         │       ^^^^^^^^^^^^^^^^^ \`D_audio\` (74) meets \`D_text\` (300)

      The last size of \`audio\` must equal the first size of \`Wq\`:

          audio : [B, T, D_audio]
          Wq    : [D_text, H]

      Hint: Give \`Wq\` the shape \`[D_audio, H]\`.
      "
    `);
  });

  it("shows other files in blocks of their own", () => {
    const run: Source = { path: "run.mird", text: "\n\n\n\n\n\n  fusion = TensorFusion\n" };
    const module: Source = {
      path: "modules/tensor.mird",
      text: `${"\n".repeat(10)}  fuse(text: f32, audio: f32)\n`,
    };
    const text = render(
      problem({
        primary: { span: find(run, "TensorFusion"), text: "does not implement `Fusion`" },
        related: [{ span: find(module, "fuse(text: f32, audio: f32)"), text: "takes no `vision`" }],
        hint: "These modules implement `Fusion`: `ConcatFusion`, `GatedFusion`, `LowRankFusion`.",
      }),
    );
    expect(text).toMatchInlineSnapshot(`
      "error[some-code]: Some title
         ┌─ run.mird:7:12
       7 │   fusion = TensorFusion
         │            ^^^^^^^^^^^^ does not implement \`Fusion\`
         ┌─ modules/tensor.mird:11:3
      11 │   fuse(text: f32, audio: f32)
         │   --------------------------- takes no \`vision\`

      Hint: These modules implement \`Fusion\`: \`ConcatFusion\`, \`GatedFusion\`,
      \`LowRankFusion\`.
      "
    `);
  });

  it("marks several places of one line one below the other", () => {
    const source: Source = { path: "a.mird", text: "a + b + c" };
    const related = [
      { span: find(source, "a"), text: "first" },
      { span: find(source, "c"), text: "last" },
    ];
    expect(
      render(problem({ primary: { span: find(source, "b"), text: "here" }, related })),
    ).toMatchInlineSnapshot(`
      "error[some-code]: Some title
        ┌─ a.mird:1:5
      1 │ a + b + c
        │ - first
        │     ^ here
        │         - last
      "
    `);
  });

  it("names places outside specs, and counts what it showed", () => {
    const place = { file: "mosi/train.csv", within: ["row 12", 'field "x"'] };
    const text = render(
      problem({ place, text: "`abc` is not a number." }),
      problem({ severity: "warning" }),
      mismatch,
    );
    expect(text).toContain('  ┌─ mosi/train.csv: row 12: field "x"\n');
    expect(text).toMatch(/\n2 errors, 1 warning\n$/);
    expect(render(mismatch)).not.toContain("1 error\n");
  });

  it("wraps text at 75 columns, but neither indented lines nor quoted pieces", () => {
    const quoted = `\`${"quoted ".repeat(15)}\``;
    const indented = `    ${"indented ".repeat(15).trim()}`;
    const lines = render(problem({ text: `${"words ".repeat(40)}\n\n${indented}\n\n${quoted} end` })).split(
      "\n",
    );
    expect(lines).toContain(indented);
    expect(lines).toContain(quoted);
    const others = lines.filter((line) => line !== indented && line !== quoted);
    expect(Math.max(...others.map((line) => line.length))).toBeLessThanOrEqual(75);
    expect(others.filter((line) => line.startsWith("words")).length).toBe(4);
  });

  it("keeps marks below their text behind tabs, wide and joined characters, and with CRLF", () => {
    for (const before of ["\t\t", "\u6f22\u5b57 ", "e\u0301 ", "\u{1f600} ", "plain "]) {
      const source: Source = { path: "a.mird", text: `${before}wrong\r\nnext\r\n` };
      const [, , line = "", mark = ""] = render(
        problem({ primary: { span: find(source, "wrong"), text: "" } }),
      ).split("\n");
      const cells = (text: string): number =>
        [...text].reduce(
          (sum, each) => sum + (/[\u6f22\u5b57\u{1f600}]/u.test(each) ? 2 : /\p{Mn}/u.test(each) ? 0 : 1),
          0,
        );
      expect(cells(mark.slice(0, mark.indexOf("^")))).toBe(cells(line.slice(0, line.indexOf("wrong"))));
      expect(mark).toMatch(/\^{5}$/);
      expect(line).not.toContain("\r");
    }
  });

  it("marks the first and the last line of a longer piece", () => {
    const source: Source = { path: "a.mird", text: "x = f(\n  a,\n  b,\n  c\n)\n" };
    const span = { source, start: 4, end: source.text.indexOf(")") + 1 };
    expect(render(problem({ primary: { span, text: "all of this" } }))).toMatchInlineSnapshot(`
      "error[some-code]: Some title
        ┌─ a.mird:1:5
      1 │ x = f(
        │     ^^
        ·
      5 │ )
        │ ^ all of this
      "
    `);
  });

  it.each([
    [0, 0],
    [3, 3],
    [4, 4],
    [2, 400],
    [900, 901],
  ])("shows something for a place from %i to %i in four characters", (start, end) => {
    const source: Source = { path: "a.mird", text: "abc\n" };
    expect(render(problem({ primary: { span: { source, start, end }, text: "here" } }))).toMatch(/\^+ here/);
  });

  it("shows only the neighbourhood in a line of a megabyte", () => {
    const source: Source = { path: "a.mird", text: `${"a ".repeat(300_000)}wrong${" b".repeat(300_000)}` };
    const text = render(problem({ primary: { span: find(source, "wrong"), text: "here" } }));
    expect(text.length).toBeLessThan(600);
    const [, , line = "", mark = ""] = text.split("\n");
    expect(line.slice(mark.indexOf("^"), mark.indexOf("^") + 5)).toBe("wrong");
  });

  it("lets no control character through", () => {
    const source: Source = { path: "a\u001b[2J.mird", text: "x = \u001b[31m\u202ea\n" };
    const primary = { span: { source, start: 4, end: 6 }, text: "\u0007" };
    const text = render(problem({ title: "\u001b]0;x", primary, text: "a\u0000b", hint: "\u009b31m" }));
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it("colours only when asked, and nothing but colours differs", () => {
    const colored = renderDiagnostics([mismatch], { color: true });
    const esc = String.fromCharCode(27);
    expect(colored).toContain(esc);
    expect(colored.replaceAll(new RegExp(`${esc}\\[\\d+m`, "g"), "")).toBe(render(mismatch));
  });
});

describe("JSON", () => {
  it("holds places, labels and the hint", () => {
    expect(diagnosticsToJson([mismatch])).toEqual([
      {
        code: "shape-mismatch",
        severity: "error",
        title: "Sizes do not agree",
        message: mismatch.text,
        file: "specs/attention.mird",
        line: 21,
        column: 7,
        endLine: 21,
        endColumn: 24,
        related: [
          { file: "specs/attention.mird", line: 4, column: 28, label: "`D_audio` is 74" },
          { file: "specs/attention.mird", line: 5, column: 18, label: "`D_text` is 300" },
        ],
        hint: "Give `Wq` the shape `[D_audio, H]`.",
      },
    ]);
  });

  it("has nulls where there is no spec", () => {
    const nowhere = { line: null, column: null, endLine: null, endColumn: null, hint: null };
    const [data, none] = diagnosticsToJson([
      problem({ place: { file: "x.csv", within: ["row 3"] } }),
      problem({}),
    ]);
    expect(data).toMatchObject({ ...nowhere, file: "x.csv", within: ["row 3"] });
    expect(none).toMatchObject({ ...nowhere, file: null });
    expect(none).not.toHaveProperty("within");
  });
});
