/**
 * Indexing by data. The gradient of `take` must add up the rows that were taken more than once, in the same order every time. Atomic adds would
 * not promise that, so the positions of each row are first linked into lists (`occurrences`), which `scatter_add` walks.
 */
import { at, invariant } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpRecord, Tensor } from "../ir/op.ts";
import { noFlops, operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { describeType, expectDType, expectRank, expectType, operands, tensorType } from "./type-rules.ts";

/** Marks the end of a list of positions. */
const END = -1;

function checkedRow(id: number, rows: number): number {
  invariant(Number.isInteger(id) && id >= 0 && id < rows, `id ${id} is outside 0..${rows - 1}`);
  return id;
}

export const take: OpRecord<"take"> = {
  name: "take",
  doc: "The rows of a table that ids name.",
  scheduling: "gather",
  type: (inputs) => {
    operands("take", inputs, 2);
    const [table, ids] = [at(inputs, 0), at(inputs, 1)];
    expectDType("take", ids, ["i32"]);
    invariant(table.shape.length > 0, `take needs a table, not ${describeType(table)}`);
    return { shape: [...ids.shape, ...table.shape.slice(1)], dtype: table.dtype };
  },
  derivative: ({ g, inputs, cotangent }) => {
    const [table, ids] = [at(inputs, 0), at(inputs, 1)];
    const count = elementCount(ids.shape);
    const updates = g.reshape(cotangent, [count, ...table.shape.slice(1)]);
    return [g.scatterAdd(g.reshape(ids, [count]), updates, at(table.shape, 0)), null];
  },
  evaluate: (inputs, _, type) => {
    const [table, ids] = [at(inputs, 0), at(inputs, 1)];
    const rows = at(table.shape, 0);
    const width = elementCount(table.shape) / rows;
    const result = zeros(type);
    ids.data.forEach((id, position) => {
      const row = checkedRow(id, rows);
      result.data.set(table.data.subarray(row * width, (row + 1) * width), position * width);
    });
    return result;
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [5, 3], -2, 2), operand("i32", [2, 4], 0, 4)], attributes: {} },
    { inputs: [operand("f32", [4], -2, 2), operand("i32", [6], 0, 3)], attributes: {} },
    { inputs: [operand("f32", [3, 2, 2], -2, 2), operand("i32", [], 0, 2)], attributes: {} },
  ],
};

export const occurrences: OpRecord<"occurrences"> = {
  name: "occurrences",
  doc: "For each row, the list of the positions that name it.",
  scheduling: "library",
  type: (inputs, { rows }) => {
    const ids = at(operands("occurrences", inputs, 1), 0);
    expectDType("occurrences", ids, ["i32"]);
    expectRank("occurrences", ids, 1);
    return tensorType("occurrences", "i32", [rows + at(ids.shape, 0)]);
  },
  derivative: null,
  evaluate: (inputs, { rows }, type) => {
    const ids = at(inputs, 0).data;
    const result = zeros(type);
    result.data.fill(END);
    // From the last position back, each becomes the head of its row's list.
    for (let position = ids.length - 1; position >= 0; position--) {
      const row = checkedRow(at(ids, position), rows);
      result.data[rows + position] = at(result.data, row);
      result.data[row] = position;
    }
    return result;
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("i32", [9], 0, 4)], attributes: { rows: 5 } },
    { inputs: [operand("i32", [3], 0, 6)], attributes: { rows: 7 } },
  ],
};

/** The positions in the list of one row. */
function* positionsOfRow(lists: Tensor, rows: number, row: number): Generator<number> {
  for (let position = at(lists.data, row); position !== END; position = at(lists.data, rows + position))
    yield position;
}

export const scatter_add: OpRecord<"scatter_add"> = {
  name: "scatter_add",
  doc: "For each row, the sum of the updates at its positions.",
  scheduling: "library",
  type: (inputs, { rows }) => {
    operands("scatter_add", inputs, 2);
    const [lists, updates] = [at(inputs, 0), at(inputs, 1)];
    expectDType("scatter_add", updates, ["f32"]);
    invariant(updates.shape.length > 0, `scatter_add needs rows of updates, not ${describeType(updates)}`);
    expectType("scatter_add", lists, "i32", [rows + at(updates.shape, 0)]);
    return tensorType("scatter_add", "f32", [rows, ...updates.shape.slice(1)]);
  },
  derivative: ({ g, inputs, cotangent }) => {
    const lists = at(inputs, 0);
    invariant(lists.op === "occurrences", "the derivative of scatter_add needs the ids behind its lists");
    return [null, g.take(cotangent, at(lists.inputs, 0))];
  },
  evaluate: (inputs, { rows }, type) => {
    const [lists, updates] = [at(inputs, 0), at(inputs, 1)];
    const width = elementCount(type.shape) / rows;
    const result = zeros(type);
    for (let row = 0; row < rows; row++) {
      for (const position of positionsOfRow(lists, rows, row)) {
        for (let column = 0; column < width; column++) {
          const target = row * width + column;
          result.data[target] = at(result.data, target) + at(updates.data, position * width + column);
        }
      }
    }
    return result;
  },
  flops: (node) => elementCount(at(node.inputs, 1).shape),
  samples: [
    {
      // Row 0: positions 1 and 3; row 1: none; row 2: positions 0 and 2.
      inputs: [
        { ...operand("i32", [7], -1, 3), values: [1, -1, 0, 2, 3, -1, -1] },
        operand("f32", [4, 2], -2, 2),
      ],
      attributes: { rows: 3 },
    },
  ],
};
