/** How dataset fields and the tensor types of a spec correspond: one kind of field for each form of input. */
import type { FieldKind, FieldSpec } from "../data/schema.ts";
import type { TensorType } from "../types/tensor-type.ts";

/** The kind of field that an input or label of this type reads; null when no field can hold it. */
export function kindFor(type: TensorType): FieldKind | null {
  const rank = type.axes.length;
  const ragged = type.axes[1]?.kind === "axis" && type.axes[1].ragged;
  switch (type.element) {
    case "f32":
      if (rank === 1) return "score";
      if (rank === 2) return ragged ? "sequence" : "vector";
      return rank === 3 ? "sequence" : null;
    case "ids":
      return rank === 2 ? "tokens" : null;
    case "class":
      return rank === 1 ? "class" : null;
    case "bool":
      return null;
  }
}

/** The type that a spec would give a field: `f32[B, T~, 74]`. */
export function fieldType(field: FieldSpec): string {
  switch (field.kind) {
    case "sequence":
      return `f32[B, T~, ${field.width}]`;
    case "vector":
      return `f32[B, ${field.width}]`;
    case "tokens":
      return `ids[B, L~] < ${field.vocabularySize}`;
    case "class":
      return `class[B] < ${field.classes?.length}`;
    case "score":
      return "f32[B]";
  }
}

/** What a kind of field holds, in words. */
export const KIND_WORDS: Readonly<Record<FieldKind, string>> = {
  sequence: "a sequence of numbers per row",
  vector: "a vector of numbers per row",
  tokens: "a sequence of token ids per row",
  class: "a class per row",
  score: "one number per row",
};
