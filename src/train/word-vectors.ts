/** Word vectors of a dataset as the first values of an embedding. Words without a vector keep the numbers that are drawn for them. */
import { at } from "../base/invariant.ts";
import type { CheckedLoad } from "../check/checked.ts";
import { pathName } from "../check/loads.ts";
import type { WordVectors } from "../data/vectors.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { CompiledModel } from "./compiled.ts";
import type { GivenValues } from "./initialise.ts";

/** What a run says about the vectors that it started from. */
export interface LoadedVectors {
  readonly field: string;
  readonly into: readonly string[];
  readonly found: number;
  readonly missing: number;
  /** Some of the words without a vector. */
  readonly examples: readonly string[];
}

const EXAMPLES = 8;

export interface VectorsRequest {
  readonly load: CheckedLoad;
  readonly field: string;
  readonly words: WordVectors;
  /** Words by id, where the dataset knows them. */
  readonly vocabulary: readonly string[] | null;
  readonly model: CompiledModel;
  readonly values: Map<string, GivenValues>;
  readonly report: (problem: Diagnostic) => void;
}

/** Gives the rows of embeddings [V, width] the vectors of their words. What does not fit is reported. */
export function placeVectors(request: VectorsRequest): LoadedVectors {
  const { load, field, words, vocabulary, model, values, report } = request;
  const { width, vectors, found } = words;
  for (const path of load.into) {
    const name = pathName(path);
    const inside = model.parameters.filter(
      (parameter) => parameter.path === name || parameter.path.startsWith(`${name}.`),
    );
    const [only] = inside;
    if (only === undefined || inside.length > 1 || only.shape.length !== 2) {
      report(
        mismatch(
          path.span,
          inside.length > 1
            ? `has ${inside.length} parameters`
            : only === undefined
              ? "has no parameters"
              : `is [${only.shape.join(", ")}]`,
          "Word vectors are the first values of one table with a row for each word.",
          "Name the embedding: `load vectors of text into z_l.embed`.",
        ),
      );
      continue;
    }
    const [rows, columns] = [at(only.shape, 0), at(only.shape, 1)];
    if (columns !== width || rows < found.length) {
      report(
        mismatch(
          path.span,
          `is [${rows}, ${columns}]`,
          `The dataset has vectors of ${width} numbers for the ${found.length} words of \`${field}\`; \`${only.path}\` is [${rows}, ${columns}].`,
          columns === width ? null : `Make the embedding ${width} wide.`,
        ),
      );
      continue;
    }
    const data = new Float32Array(rows * columns);
    data.set(vectors);
    const given = new Uint8Array(rows);
    given.set(found);
    values.set(only.path, { data, rows: given });
  }
  const missing = [...found.keys()].filter((id) => found[id] === 0);
  return {
    field,
    into: load.into.map(pathName),
    found: found.length - missing.length,
    missing: missing.length,
    examples: missing.slice(0, EXAMPLES).map((id) => vocabulary?.[id] ?? `token ${id}`),
  };
}

function mismatch(span: CheckedLoad["span"], label: string, text: string, hint: string | null): Diagnostic {
  return {
    code: "vectors-mismatch",
    severity: "error",
    title: "Word vectors do not fit",
    primary: { span, text: label },
    related: [],
    text,
    ...(hint === null ? {} : { hint }),
  };
}
