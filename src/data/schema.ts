/** What a dataset is: fields with sizes, splits with rows, and the record of how it was made. */

/**
 * - `sequence`: numbers per step, every row with its own number of steps: f32[B, T~, D]
 * - `vector`: numbers per row: f32[B, D]
 * - `tokens`: whole numbers below `vocabularySize`, every row with its own length: ids[B, L~] < V
 * - `class`: one whole number per row below the number of `classes`: class[B] < C
 * - `score`: one number per row: f32[B]
 */
export type FieldKind = "sequence" | "vector" | "tokens" | "class" | "score";

export interface FieldSpec {
  readonly name: string;
  readonly kind: FieldKind;
  /** Numbers per step (sequence) or per row (vector); 1 for the other kinds. */
  readonly width: number;
  /** Steps that every row is padded to (sequence, tokens); 1 for the other kinds. */
  readonly maxLength: number;
  /** Of tokens: all ids lie below it. */
  readonly vocabularySize?: number;
  /** Of tokens, where known: the word of each id. */
  readonly vocabulary?: readonly string[];
  /** Of a class: the name of each class number. */
  readonly classes?: readonly string[];
}

/** The values of one field in one split. Padding is zero and always behind; an absent row is all zero with length 0. */
export interface Field {
  readonly spec: FieldSpec;
  readonly kind: FieldKind;
  /**
   * Row-major: [rows, maxLength, width] of a sequence, [rows, width] of a vector, [rows, maxLength] of tokens, [rows]
   * of a class or score. Whole numbers for tokens and classes.
   */
  readonly data: Float32Array | Int32Array;
  /** Where the values are when they stay in their files: `data` is then empty. */
  readonly stored?: StoredRows;
  /** Valid steps per row, for sequences and tokens. */
  readonly lengths: Int32Array | null;
  /** 1 where the row has this field, 0 where it is absent. */
  readonly present: Uint8Array;
}

/** Values of a field that are read row by row. */
export interface StoredRows {
  /** The values of one row; reading goes on while other work is done. */
  read(row: number): Promise<Float32Array | Int32Array>;
}

export interface Split {
  readonly name: string;
  readonly rows: number;
  readonly ids: readonly string[] | null;
  readonly fields: ReadonlyMap<string, Field>;
}

/** How a feature field was scaled: x ↦ clamp((x − mean) / deviation, −clip, clip), per column. */
export interface Scaling {
  readonly mean: readonly number[];
  /** Standard deviation over the training split's valid steps; 1 for constant columns, which are only centred. */
  readonly deviation: readonly number[];
  /** Columns that are constant in the training split. */
  readonly constant: readonly number[];
  readonly clip: number | null;
  /** Steps (rows, for vectors) that mean and deviation were taken over. */
  readonly fittedOn: number;
}

/** One thing that an import changed or noticed, with the number of values, steps or rows that it concerns. */
export interface CleaningNote {
  readonly field: string | null;
  readonly split: string | null;
  readonly what: string;
  readonly count: number;
  /** The first few rows, columns or values concerned. */
  readonly examples?: readonly string[];
}

export interface SourceFile {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Where a dataset came from. */
export interface Provenance {
  /** The command that made it, as typed. */
  readonly command: string;
  readonly sources: readonly SourceFile[];
  /** The import description or the options of the generator, whole. */
  readonly options: unknown;
}

/** Word vectors of a field's vocabulary, in a file of the dataset folder. */
export interface VectorsFile {
  readonly file: string;
  /** Numbers per word. */
  readonly width: number;
  /** Words of the vocabulary that have a vector; the others are zero. */
  readonly found: number;
}

export interface Dataset {
  readonly name: string;
  readonly fields: readonly FieldSpec[];
  /** The field that makes a row labelled, or null if there is none. */
  readonly label: string | null;
  readonly splits: Readonly<Record<string, Split>>;
  readonly scaling: Readonly<Record<string, Scaling>>;
  readonly provenance: Provenance;
  readonly cleaned: readonly CleaningNote[];
  /** Of token fields for which word vectors were imported. */
  readonly vectors?: Readonly<Record<string, VectorsFile>>;
  /** Of a dataset whose values stay in their files: what {@link fingerprint} would say of all values. */
  readonly knownFingerprint?: string;
}

/** Numbers of a row in the data of a field: maxLength × width. */
export function rowSize(spec: FieldSpec): number {
  return spec.maxLength * spec.width;
}

/** Whether values are stored as whole numbers. */
export function isInteger(kind: FieldKind): boolean {
  return kind === "tokens" || kind === "class";
}

/** Whether rows have lengths of their own. */
export function isRagged(kind: FieldKind): boolean {
  return kind === "sequence" || kind === "tokens";
}

/** The shape of a field's data for this many rows. */
export function dataShape(spec: FieldSpec, rows: number): number[] {
  if (spec.kind === "sequence") return [rows, spec.maxLength, spec.width];
  if (spec.kind === "tokens") return [rows, spec.maxLength];
  return spec.kind === "vector" ? [rows, spec.width] : [rows];
}

/** An empty field: every row absent. Importers and generators fill it row by row. */
export function emptyField(spec: FieldSpec, rows: number): Field {
  const count = rows * rowSize(spec);
  return {
    spec,
    kind: spec.kind,
    data: isInteger(spec.kind) ? new Int32Array(count) : new Float32Array(count),
    lengths: isRagged(spec.kind) ? new Int32Array(rows) : null,
    present: new Uint8Array(rows),
  };
}

/** Row indices of a split with and without the label. Without a label field every row counts as labelled. */
export function rowsByLabel(
  split: Split,
  label: string | null,
): { labelled: Int32Array; unlabelled: Int32Array } {
  const present = label === null ? null : (split.fields.get(label)?.present ?? null);
  const labelled: number[] = [];
  const unlabelled: number[] = [];
  for (let row = 0; row < split.rows; row++) {
    (present === null || present[row] === 1 ? labelled : unlabelled).push(row);
  }
  return { labelled: Int32Array.from(labelled), unlabelled: Int32Array.from(unlabelled) };
}
