/** From the parameter names of PyTorch models to paths in a spec. */

/** Rewrites a name by each rule in turn. */
export function rewriting(...rules: readonly (readonly [RegExp, string])[]): (name: string) => string {
  return (name) => rules.reduce((path, [pattern, by]) => path.replace(pattern, by), name);
}

/** `Linear`: `bias` is called `offset`. */
export const linear: readonly [RegExp, string] = [/\bbias$/, "offset"];

/** `LayerNorm` under a name that fits the pattern. */
export function layerNorm(name: string): readonly (readonly [RegExp, string])[] {
  return [
    [new RegExp(`\\b(${name})\\.weight$`), "$1.scale"],
    [new RegExp(`\\b(${name})\\.bias$`), "$1.shift"],
  ];
}

/** Two affine maps with an activation between them, numbered 0 and 2. */
export const sequential: readonly (readonly [RegExp, string])[] = [
  [/\.0\.(?=\w+$)/, ".first."],
  [/\.2\.(?=\w+$)/, ".second."],
];

/** Weights of a recurrent layer, in one or both directions. */
export const recurrent: readonly (readonly [RegExp, string])[] = [
  [/\bweight_ih/, "input_weight"],
  [/\bweight_hh/, "recurrent_weight"],
  [/\bbias_ih/, "input_bias"],
  [/\bbias_hh/, "recurrent_bias"],
];

/** The four maps of an attention layer. */
export const attentionMaps: readonly (readonly [RegExp, string])[] = [
  [/\b(query|key|value)\.(?=\w+$)/, "$1_map."],
  [/\bout\.(?=\w+$)/, "output_map."],
  linear,
];
