/**
 * LSTM over time (Hochreiter and Schmidhuber 1997, with forget gates). The input part of the gates is a matrix product
 * outside; this primitive is only the recurrence:
 *   gates = x[t] + w h;  i, f, o = sigmoid, g = tanh;  c' = f c + i g;  h' = o tanh(c').
 * Derivatives go through the packed result, so nothing is computed twice.
 */
import { at } from "../base/invariant.ts";
import type { OpRecord, Tensor } from "../ir/op.ts";
import { operand } from "./define.ts";
import { dot, zeros } from "./elements.ts";
import { field, four, previousStates, recurrentSizes, stepOrder, weightCotangent } from "./recurrent.ts";
import { sigmoid } from "./scalar-functions.ts";
import { expectType, operands } from "./type-rules.ts";

export const lstm: OpRecord<"lstm"> = {
  name: "lstm",
  doc: "LSTM over time: gates, cell and hidden state of every step.",
  scheduling: "library",
  type: (inputs) => {
    operands("lstm", inputs, 3);
    const sizes = recurrentSizes("lstm", at(inputs, 0), at(inputs, 1), at(inputs, 2), 4, 4);
    return { shape: [sizes.batch, sizes.time, 6 * sizes.hidden], dtype: "f32" };
  },
  // Only the cell and hidden state are results to a user of this primitive; the gates are kept for the way back.
  derivative: ({ g, node, inputs, cotangent }) => {
    const [w, lengths] = [at(inputs, 1), at(inputs, 2)];
    const hidden = at(w.shape, 1);
    const { reverse } = node.attributes;
    const states = field(g, cotangent, 4, 2, hidden);
    const gates = g.node("lstm_backward", [node, w, lengths, states], { reverse });
    const previous = previousStates(g, field(g, node, 5, 1, hidden), reverse);
    return [gates, weightCotangent(g, gates, previous, hidden), null];
  },
  evaluate: (inputs, { reverse }, type) => {
    const [x, w, lengths] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const hidden = at(w.shape, 1);
    const [batch, time] = [at(x.shape, 0), at(x.shape, 1)];
    const result = zeros(type);
    for (let row = 0; row < batch; row++) {
      let state = new Float64Array(2 * hidden);
      for (const step of stepOrder(time, reverse)) {
        const position = row * time + step;
        if (step < at(lengths.data, row)) {
          const gates = lstmGates(x, w, position, state.subarray(hidden));
          result.data.set(gates, position * 6 * hidden);
          state = lstmState(gates, state);
        }
        result.data.set(state, (position * 6 + 4) * hidden);
      }
    }
    return result;
  },
  flops: (node) => {
    const [batch, time, width] = [at(node.shape, 0), at(node.shape, 1), at(node.shape, 2)];
    const hidden = width / 6;
    return batch * time * (8 * hidden * hidden + 13 * hidden);
  },
  samples: [false, true].map((reverse) => ({
    inputs: [operand("f32", [3, 4, 8], -1, 1), operand("f32", [8, 2], -1, 1), operand("i32", [3], 1, 4)],
    attributes: { reverse },
  })),
};

/** Activated gates i, f, g, o of one step. */
function lstmGates(x: Tensor, w: Tensor, position: number, h: Float64Array): Float64Array {
  const hidden = h.length;
  return Float64Array.from({ length: 4 * hidden }, (_, unit) => {
    const total = at(x.data, position * 4 * hidden + unit) + dot(w.data, unit * hidden, 1, h, 0, 1, hidden);
    return Math.floor(unit / hidden) === 2 ? Math.tanh(total) : sigmoid(total);
  });
}

/** Cell and hidden state after a step. */
function lstmState(gates: Float64Array, state: Float64Array): Float64Array<ArrayBuffer> {
  const hidden = state.length / 2;
  const next = new Float64Array(2 * hidden);
  for (let unit = 0; unit < hidden; unit++) {
    const gate = (index: number) => at(gates, index * hidden + unit);
    const c = gate(1) * at(state, unit) + gate(0) * gate(2);
    next[unit] = c;
    next[hidden + unit] = gate(3) * Math.tanh(c);
  }
  return next;
}

export const lstm_backward: OpRecord<"lstm_backward"> = {
  name: "lstm_backward",
  doc: "Cotangents of the gates of an LSTM, from those of its states.",
  scheduling: "library",
  type: (inputs) => {
    const [packed, w, lengths, states] = four("lstm_backward", inputs);
    const { batch, time, hidden } = recurrentSizes("lstm_backward", packed, w, lengths, 6, 4);
    expectType("lstm_backward", states, "f32", [batch, time, 2 * hidden]);
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
      const flow = { dc: new Float64Array(hidden), dh: new Float64Array(hidden) };
      for (let turn = time - 1; turn >= 0; turn--) {
        const position = row * time + at(order, turn);
        for (let unit = 0; unit < hidden; unit++) {
          flow.dc[unit] = at(flow.dc, unit) + at(states.data, position * 2 * hidden + unit);
          flow.dh[unit] = at(flow.dh, unit) + at(states.data, (position * 2 + 1) * hidden + unit);
        }
        if (at(order, turn) >= at(lengths.data, row)) continue;
        const before = turn === 0 ? null : row * time + at(order, turn - 1);
        const gates = lstmGateCotangents(packed, position, before, hidden, flow);
        result.data.set(gates, position * 4 * hidden);
        flow.dh = Float64Array.from({ length: hidden }, (_, unit) =>
          dot(gates, 0, 1, w.data, unit, hidden, 4 * hidden),
        );
      }
    }
    return result;
  },
  flops: (node) => {
    const [batch, time, width] = [at(node.shape, 0), at(node.shape, 1), at(node.shape, 2)];
    const hidden = width / 4;
    return batch * time * (8 * hidden * hidden + 25 * hidden);
  },
  samples: [false, true].map((reverse) => ({
    inputs: [
      operand("f32", [3, 4, 12], 0.1, 0.9),
      operand("f32", [8, 2], -1, 1),
      operand("i32", [3], 1, 4),
      operand("f32", [3, 4, 4], -1, 1),
    ],
    attributes: { reverse },
  })),
};

/** Cotangents of the four gates of one step before activation; moves the cell's cotangent in `flow` one step back. */
function lstmGateCotangents(
  packed: Tensor,
  position: number,
  before: number | null,
  hidden: number,
  flow: { readonly dc: Float64Array; readonly dh: Float64Array },
): Float64Array {
  const result = new Float64Array(4 * hidden);
  for (let unit = 0; unit < hidden; unit++) {
    const value = (place: number, index: number) => at(packed.data, (place * 6 + index) * hidden + unit);
    const [i, f, g, o] = [value(position, 0), value(position, 1), value(position, 2), value(position, 3)];
    const tanhC = Math.tanh(value(position, 4));
    const cBefore = before === null ? 0 : value(before, 4);
    const dh = at(flow.dh, unit);
    const dc = at(flow.dc, unit) + dh * o * (1 - tanhC * tanhC);
    result[unit] = dc * g * i * (1 - i);
    result[hidden + unit] = dc * cBefore * f * (1 - f);
    result[2 * hidden + unit] = dc * i * (1 - g * g);
    result[3 * hidden + unit] = dh * tanhC * o * (1 - o);
    flow.dc[unit] = dc * f;
  }
  return result;
}
