/** Explanations of mistakes with axes, sizes and kinds of elements. */
import { explanationsIn } from "./explanation.ts";

export const axisExplanations = [
  ...explanationsIn("model", [
    [
      "shape-mismatch",
      "Axes that must be the same are not. Two tensors meet element by element when their axes agree from the right, or when the axes of one are among those of the other; an argument must have the axes that the signature declares, and one name there is one size.",
      "h = x + audio",
      "h = x + mean(audio)",
    ],
    [
      "wrong-operand",
      "An operator does not work on this kind of value: arithmetic needs numbers or `f32` tensors, `and`, `or` and `not` need flags or `bool` tensors, comparisons need two values of one kind.",
      "h = words + 1",
      "h = float(words) + 1",
    ],
    [
      "wrong-element",
      "A tensor holds another kind of element than is asked for. `float(x)` turns whole numbers and truth values into `f32`.",
      "h = mean(words)",
      "h = mean(float(words))",
    ],
    [
      "exponent-not-known",
      "`^` takes an exponent that is known at compile time. A changing exponent of a positive number is `exp(b * log(a))`.",
      "h = y ^ y",
      "h = exp(y * log(abs(y) + 1))",
    ],
    [
      "division-by-zero",
      "A number that is known at compile time is divided by 0.",
      "h = x * (1 / 0)",
      "h = x * (1 / 2)",
    ],
    [
      "condition-not-static",
      "`if … then … else` chooses at compile time, so its condition is a flag. To choose element by element, use `where`.",
      "h = if x > 0 then x else 0",
      "h = where(x > 0, x, 0)",
    ],
    [
      "branches-differ",
      "Both branches of an `if` have the same type, so that what follows fits whichever is chosen.",
      "flag pooled = true\nh = if pooled then mean(x, axis = D) else x",
      "flag pooled = true\nh = if pooled then mean(x, axis = D) else max(x, axis = D)",
    ],
    [
      "unknown-axis",
      "The tensor has no axis of this name. An axis is named by its size.",
      "h = mean(x, axis = Da)",
      "h = mean(x, axis = D)",
    ],
    [
      "ambiguous-axis",
      "A tensor has the same axis twice, so its name does not say which is meant. `rename` gives one of them another name.",
      "h = mean(expand(y, [D, D]), axis = D)",
      "h = mean(expand(y, [D]), axis = D)",
    ],
    [
      "no-axis",
      "A scalar has no axis that a function could work along.",
      "h = sparsemax(mean(x))",
      "h = sparsemax(x)",
    ],
    [
      "axis-name-taken",
      "`rename` makes an axis that is independent of all others, so its new name must be unused (or have been given to the same axis before).",
      "h = rename(x, B = D)",
      "h = rename(x, B = J)",
    ],
    [
      "new-axis-name",
      "`rename` needs a name, not a computed size.",
      "h = rename(x, B = 2 * B)",
      "h = rename(x, B = J)",
    ],
    [
      "ragged-rename",
      "The lengths of a ragged axis belong to the rows, so the rows of such a tensor cannot get another name.",
      "h = rename(audio, B = J)",
      "h = rename(mean(audio, axis = T), B = J)",
    ],
    [
      "ragged-sort",
      "The lengths of a ragged axis belong to the rows, so the rows of such a tensor cannot be sorted.",
      "h = sort(audio, axis = B)",
      "h = sort(mean(audio, axis = T), axis = B)",
    ],
    [
      "ragged-concat",
      "Tensors cannot be joined along a ragged axis, since every row ends elsewhere.",
      "s = mean(audio, axis = Da)\nh = concat(s, s)",
      "s = mean(audio, axis = T)\nh = concat(s, s)",
    ],
    [
      "merge-axes",
      "Axes that are merged stand next to each other, in the order given, and none of them is ragged.",
      "h = merge(audio, [T, Da])",
      "h = merge(expand(x, [4]), [4, B])",
    ],
    [
      "slice-range",
      "A slice ends behind the last element of its axis.",
      "param table : f32[10, D]\nh = slice(table, axis = 10, from = 8, size = 4)",
      "param table : f32[10, D]\nh = slice(table, axis = 10, from = 6, size = 4)",
    ],
    [
      "unknown-size",
      "A size in a type or argument stands for nothing here. Sizes are settings, and the axes of inputs and arguments.",
      "param w : f32[hidden, D]",
      "size hidden = 32\nparam w : f32[hidden, D]",
    ],
    [
      "not-a-size",
      "An axis is named by a whole number, a `size`, the name of an axis, or arithmetic on these. A `number` need not be whole.",
      "number share = 0.5\nparam w : f32[share, D]",
      "size width = 8\nparam w : f32[width, D]",
    ],
    [
      "size-not-positive",
      "Every axis has at least one element, and no size is negative.",
      "param w : f32[0, D]",
      "param w : f32[1, D]",
    ],
    [
      "rest-not-allowed",
      "`..` stands for the axes that a caller brings, so it belongs in signatures. Inputs and parameters name every axis.",
      "param w : f32[.., D]",
      "param w : f32[D]",
    ],
    [
      "ragged-not-allowed",
      "Only inputs (and signatures) have ragged axes, and never as their first axis: lengths are counted for every row of the first axis.",
      "param w : f32[B, T~]",
      "param w : f32[D]",
    ],
    [
      "missing-bound",
      "`ids` and `class` hold whole numbers from 0 up to, not including, a bound, and need that bound.",
      "input tags : ids[B, L~]",
      "input tags : ids[B, L~] < K",
    ],
    [
      "batch-axis",
      "Every input and label has one entry per row of the batch, so its first axis is `B`.",
      "input v : f32[T~, D]",
      "input v : f32[B, T~, D]",
    ],
  ]),
  ...explanationsIn("file", [
    [
      "rest-twice",
      "A type has at most one `..`: with two, nobody could tell where the first ends.",
      "function f(x: f32[.., D, ..]) {\n  return mean(x)\n}",
      "function f(x: f32[.., D]) {\n  return mean(x)\n}",
    ],
    [
      "wrong-rank",
      "An argument has more or fewer axes than the signature declares.",
      "function f(x: f32[B, D]) {\n  return mean(x)\n}\nfunction g(x: f32[B, T, D]) {\n  return f(x)\n}",
      "function f(x: f32[B, D]) {\n  return mean(x)\n}\nfunction g(x: f32[B, T, D]) {\n  return f(mean(x, axis = T))\n}",
    ],
    [
      "not-ragged",
      "A signature with `T~` asks for lengths along that axis, and the tensor has none there.",
      "function f(x: f32[B, T~]) {\n  return length(x, axis = T)\n}\nfunction g(x: f32[B, D]) {\n  return f(x)\n}",
      "function f(x: f32[B, T~]) {\n  return length(x, axis = T)\n}\nfunction g(x: f32[B, D~]) {\n  return f(x)\n}",
    ],
  ]),
];
