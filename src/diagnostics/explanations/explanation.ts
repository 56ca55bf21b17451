/** The form of an explanation of an error code, and short ways to write many of them. */

export interface Explanation {
  readonly code: string;
  /** What the code means and why it is refused, in one or two sentences. */
  readonly text: string;
  /** Null for problems outside spec text. */
  readonly example: Example | null;
}

export interface Example {
  /** Where the lines stand: on their own, or among the members of a model, a train block or a phase that is not shown. */
  readonly within: "file" | "model" | "train" | "phase";
  readonly wrong: string;
  readonly right: string;
}

/** Explanations whose examples stand in one kind of place. */
export function explanationsIn(
  within: Example["within"],
  rows: readonly (readonly [code: string, text: string, wrong: string, right: string])[],
): Explanation[] {
  return rows.map(([code, text, wrong, right]) => ({ code, text, example: { within, wrong, right } }));
}

/** Explanations without an example: what is wrong is not in a spec. */
export function explanationsOutside(rows: readonly (readonly [code: string, text: string])[]): Explanation[] {
  return rows.map(([code, text]) => ({ code, text, example: null }));
}
