/** Wrong programs about states. */
const inModel = (...lines: readonly string[]) => `model Tiny {
  input x : f32[B, D]
  label y : f32[B]
${lines.map((line) => `  ${line}`).join("\n")}
  loss far = mean((x - m)^2)
}
`;

export const states: Readonly<Record<string, string>> = {
  "state-not-allowed": `function centred(x: f32[B, D]) {
  state m : f32[D] = 0
  update m = mean(x, axis = B)
  return x - m
}
`,
  "not-a-state": inModel("param m : f32[D]", "update m = mean(x, axis = B)"),
  "not-a-state--value": inModel("m = mean(x, axis = B)", "update m = 0.9 * m"),
  "unknown-name--state": inModel("state m : f32[D]", "update n = mean(x, axis = B)"),
  "duplicate-update": inModel("state m : f32[D]", "update m = 0.9 * m", "update m = m + mean(x, axis = B)"),
  "update-type": inModel("state m : f32[D]", "update m = x"),
  "update-type--number": inModel("state m : f32[D]", "update m = 0"),
  "update-type--rows": `model Tiny {
  input x : f32[B, T~, D]
  state m : f32[Rows, T, D]
  update m = x
  loss far = mean((x - rows(m, x))^2)
}
`,
  "param-element--state": inModel("state m : bool[D]", "update m = mean(x, axis = B) > 0"),
  "state-not-updated": inModel("state m : f32[D]"),
  "no-rows-axis": inModel("state m : f32[D]", "update m = mean(rows(m, x), axis = B)"),
  "not-batch-rows": inModel(
    "state m : f32[D]",
    "state n : f32[Rows]",
    "update m = mean(x, axis = B)",
    "update n = rows(n, mean(y))",
  ),
  "reserved-name--rows": `model Tiny {
  size Rows = 3
  input x : f32[B, D]
  loss far = mean(x) * Rows
}
`,
};
