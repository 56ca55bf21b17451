/**
 * GRU over time (Cho et al. 2014, in the variant whose reset gate acts after the product):
 *   r, z = sigmoid(x_r + w_r h), sigmoid(x_z + w_z h);  q = w_n h + bias;  n = tanh(x_n + r q);  h' = (1 - z) n + z h.
 */
import { at } from "../base/invariant.ts";
import type { OpRecord, Tensor } from "../ir/op.ts";
import { operand } from "./define.ts";
import { dot, zeros } from "./elements.ts";
import { field, four, previousStates, recurrentSizes, stepOrder, weightCotangent } from "./recurrent.ts";
import { sigmoid } from "./scalar-functions.ts";
import { expectType } from "./type-rules.ts";

export const gru: OpRecord<"gru"> = {
  name: "gru",
  doc: "GRU over time: gates and hidden state of every step.",
  scheduling: "library",
  type: (inputs) => {
    const [x, w, bias, lengths] = four("gru", inputs);
    const { batch, time, hidden } = recurrentSizes("gru", x, w, lengths, 3, 3);
    expectType("gru", bias, "f32", [hidden]);
    return { shape: [batch, time, 5 * hidden], dtype: "f32" };
  },
  // Only the hidden state is a result to a user of this primitive; the gates are kept for the way back.
  derivative: ({ g, node, inputs, cotangent }) => {
    const [w, lengths] = [at(inputs, 1), at(inputs, 3)];
    const hidden = at(w.shape, 1);
    const { reverse } = node.attributes;
    const states = field(g, cotangent, 4, 1, hidden);
    const gates = g.node("gru_backward", [node, w, lengths, states], { reverse });
    const dq = field(g, gates, 3, 1, hidden);
    const previous = previousStates(g, field(g, node, 4, 1, hidden), reverse);
    const recurrent = g.concat([field(g, gates, 0, 2, hidden), dq], 2);
    return [
      field(g, gates, 0, 3, hidden),
      weightCotangent(g, recurrent, previous, hidden),
      g.sum(dq, [0, 1]),
      null,
    ];
  },
  evaluate: (inputs, { reverse }, type) => {
    const [x, w, bias, lengths] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const hidden = at(w.shape, 1);
    const [batch, time] = [at(x.shape, 0), at(x.shape, 1)];
    const result = zeros(type);
    for (let row = 0; row < batch; row++) {
      let h = new Float64Array(hidden);
      for (const step of stepOrder(time, reverse)) {
        const position = row * time + step;
        if (step < at(lengths.data, row)) {
          const fields = gruStep(x, w, bias, position, h);
          result.data.set(fields, position * 5 * hidden);
          h = fields.slice(4 * hidden);
        } else {
          result.data.set(h, (position * 5 + 4) * hidden);
        }
      }
    }
    return result;
  },
  flops: (node) => {
    const [batch, time, width] = [at(node.shape, 0), at(node.shape, 1), at(node.shape, 2)];
    const hidden = width / 5;
    return batch * time * (6 * hidden * hidden + 13 * hidden);
  },
  samples: [false, true].map((reverse) => ({
    inputs: [
      operand("f32", [3, 4, 6], -1, 1),
      operand("f32", [6, 2], -1, 1),
      operand("f32", [2], -1, 1),
      operand("i32", [3], 1, 4),
    ],
    attributes: { reverse },
  })),
};

/** r, z, n, q and the new h of one step. */
function gruStep(
  x: Tensor,
  w: Tensor,
  bias: Tensor,
  position: number,
  h: Float64Array,
): Float64Array<ArrayBuffer> {
  const hidden = h.length;
  const result = new Float64Array(5 * hidden);
  for (let unit = 0; unit < hidden; unit++) {
    const input = (gate: number) => at(x.data, (position * 3 + gate) * hidden + unit);
    const recurrent = (gate: number) => dot(w.data, (gate * hidden + unit) * hidden, 1, h, 0, 1, hidden);
    const r = sigmoid(input(0) + recurrent(0));
    const z = sigmoid(input(1) + recurrent(1));
    const q = recurrent(2) + at(bias.data, unit);
    const n = Math.tanh(input(2) + r * q);
    for (const [index, value] of [r, z, n, q, (1 - z) * n + z * at(h, unit)].entries()) {
      result[index * hidden + unit] = value;
    }
  }
  return result;
}

export const gru_backward: OpRecord<"gru_backward"> = {
  name: "gru_backward",
  doc: "Cotangents of the gates of a GRU, from those of its states.",
  scheduling: "library",
  type: (inputs) => {
    const [packed, w, lengths, states] = four("gru_backward", inputs);
    const { batch, time, hidden } = recurrentSizes("gru_backward", packed, w, lengths, 5, 3);
    expectType("gru_backward", states, "f32", [batch, time, hidden]);
    return { shape: [batch, time, 4 * hidden], dtype: "f32" };
  },
  derivative: null,
  evaluate: (inputs, { reverse }, type) => {
    const [packed, w, lengths, states] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
    const hidden = at(w.shape, 1);
    const [batch, time] = [at(packed.shape, 0), at(packed.shape, 1)];
    const result = zeros(type);
    const order = stepOrder(time, reverse);
    for (let row = 0; row < batch; row++) {
      let dh = new Float64Array(hidden);
      for (let turn = time - 1; turn >= 0; turn--) {
        const position = row * time + at(order, turn);
        dh = dh.map((value, unit) => value + at(states.data, position * hidden + unit));
        if (at(order, turn) >= at(lengths.data, row)) continue;
        const before = turn === 0 ? null : row * time + at(order, turn - 1);
        const gates = gruGateCotangents(packed, position, before, dh);
        result.data.set(gates, position * 4 * hidden);
        dh = gruStateCotangent(packed, position, w, gates, dh);
      }
    }
    return result;
  },
  flops: (node) => {
    const [batch, time, width] = [at(node.shape, 0), at(node.shape, 1), at(node.shape, 2)];
    const hidden = width / 4;
    return batch * time * (6 * hidden * hidden + 20 * hidden);
  },
  samples: [false, true].map((reverse) => ({
    inputs: [
      operand("f32", [3, 4, 10], 0.1, 0.9),
      operand("f32", [6, 2], -1, 1),
      operand("i32", [3], 1, 4),
      operand("f32", [3, 4, 2], -1, 1),
    ],
    attributes: { reverse },
  })),
};

/** Cotangents of x_r, x_z, x_n and q of one step. */
function gruGateCotangents(
  packed: Tensor,
  position: number,
  before: number | null,
  dh: Float64Array,
): Float64Array {
  const hidden = dh.length;
  const result = new Float64Array(4 * hidden);
  for (let unit = 0; unit < hidden; unit++) {
    const value = (place: number, index: number) => at(packed.data, (place * 5 + index) * hidden + unit);
    const [r, z, n, q] = [value(position, 0), value(position, 1), value(position, 2), value(position, 3)];
    const hBefore = before === null ? 0 : value(before, 4);
    const dn = at(dh, unit) * (1 - z) * (1 - n * n);
    result[unit] = dn * q * r * (1 - r);
    result[hidden + unit] = at(dh, unit) * (hBefore - n) * z * (1 - z);
    result[2 * hidden + unit] = dn;
    result[3 * hidden + unit] = dn * r;
  }
  return result;
}

/** Cotangent of the state that a step started from. */
function gruStateCotangent(
  packed: Tensor,
  position: number,
  w: Tensor,
  gates: Float64Array,
  dh: Float64Array,
): Float64Array<ArrayBuffer> {
  const hidden = dh.length;
  return Float64Array.from({ length: hidden }, (_, unit) => {
    const z = at(packed.data, (position * 5 + 1) * hidden + unit);
    const throughRZ = dot(gates, 0, 1, w.data, unit, hidden, 2 * hidden);
    const throughQ = dot(gates, 3 * hidden, 1, w.data, 2 * hidden * hidden + unit, hidden, hidden);
    return at(dh, unit) * z + throughRZ + throughQ;
  });
}
