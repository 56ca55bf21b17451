/** What the description of an import says about one field. */
import type { FieldKind } from "../schema.ts";
import type { TextSplit } from "../text-split.ts";

/** Values that stand for "missing" in some columns. */
export interface Sentinel {
  readonly columns: readonly number[];
  readonly value: number;
}

/** How a field's rows are found: by an id column, or by row number (in a file named by the column `part`). */
export type JoinSpec =
  | { readonly kind: "same-row" }
  | { readonly kind: "id"; readonly left: string; readonly right: string }
  | { readonly kind: "number"; readonly row: string; readonly part: string | null };

export interface FieldImport {
  readonly name: string;
  readonly kind: FieldKind;
  readonly from: string;
  readonly dataset: string | null;
  readonly columns: readonly string[] | null;
  /** Whether tokens are words of a text rather than numbers. */
  readonly isText: boolean;
  readonly join: JoinSpec;
  readonly maxLength: number | null;
  readonly padding: "zeros" | "none";
  readonly scale: "standard" | "none";
  readonly clip: number | null;
  readonly missing: "mean" | "zero" | "refuse";
  readonly sentinels: readonly Sentinel[];
  readonly minCount: number;
  readonly maxVocabulary: number | null;
  readonly lowercase: boolean;
  readonly vocabularySize: number | null;
  /** A `vocab.txt` of word pieces or a `tokenizer.json`, relative to the folder of the sources. */
  readonly vocabularyFile: string | null;
  /** How a `vocab.txt` is used; null: at white space, or as the `tokenizer.json` says. */
  readonly textSplit: TextSplit | null;
  /** Word vectors for initial embeddings: a file, and the list of its words if it is an array. */
  readonly vectors: { readonly file: string; readonly words: string | null } | null;
  readonly range: readonly [number, number] | null;
  /** Subtracted from every score, so that metrics that look at the sign split the scale there. */
  readonly middle: number;
  readonly classes: readonly string[] | null;
  /** Whether a row may have a label that is no number, which makes it unlabelled. */
  readonly labels: "optional" | "required";
}

/** A field with the defaults of the description, for layouts that need none. */
export function plainField(name: string, kind: FieldKind, from: string): FieldImport {
  return {
    name,
    kind,
    from,
    dataset: null,
    columns: null,
    isText: false,
    join: { kind: "same-row" },
    maxLength: null,
    padding: "zeros",
    scale: "standard",
    clip: null,
    missing: "mean",
    sentinels: [],
    minCount: 1,
    maxVocabulary: null,
    lowercase: true,
    vocabularySize: null,
    vocabularyFile: null,
    textSplit: null,
    vectors: null,
    range: null,
    middle: 0,
    classes: null,
    labels: "optional",
  };
}
