// LSTM over time, the whole loop in one dispatch.
//
// Sizes: batch, time, hidden.
// Contract: operands x [B, T, 4H] (input part of the gates i, f, g, o, with biases), w [4H, H], lengths i32[B], result [B, T, 6H] =
// activated i, f, g, o, then c, h. Steps at or past a row's length keep c and h, with gates 0. The state starts at 0.
// One row of the batch belongs to {{SHARERS}} invocation(s). A unit is {{WIDTH}} neighbouring number(s) of H, and `past` is h of the step before,
// taken {{INNER_WIDTH}} at a time: from workgroup memory where invocations share a row, else from the row's own result.
//! if shared
var<workgroup> past_state: array<f32, {{HIDDEN}}>;
//! end

{{PRODUCT}}

{{ENTRY}}
  let sharer = i32(local % {{SHARERS}}u);
//! if shared
  let row = i32(group.y * {{GRID_X}}u + group.x);
//! else
  let row = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
//! end
  if (row >= {{BATCH}}) { return; }
  let length = operand2[row];
  for (var turn = 0; turn < {{TIME}}; turn++) {
    let step = {{STEP}};
    let place = row * {{TIME}} + step;
    let before = row * {{TIME}} + {{BEFORE}};
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      let x = place * 4 * {{UNITS}} + unit;
      let result = place * 6 * {{UNITS}} + unit;
      var c = {{VALUE}}(0.0);
      var h = {{VALUE}}(0.0);
      if (turn > 0) {
        c = operand3[(before * 6 + 4) * {{UNITS}} + unit];
        h = operand3[(before * 6 + 5) * {{UNITS}} + unit];
      }
      var gate_i = {{VALUE}}(0.0);
      var gate_f = {{VALUE}}(0.0);
      var gate_g = {{VALUE}}(0.0);
      var gate_o = {{VALUE}}(0.0);
      if (step < length) {
        gate_i = operand0[x];
        gate_f = operand0[x + {{UNITS}}];
        gate_g = operand0[x + 2 * {{UNITS}}];
        gate_o = operand0[x + 3 * {{UNITS}}];
        if (turn > 0) {
          for (var k = 0; k < {{INNER_UNITS}}; k++) {
            let past = {{PAST}};
            gate_i += product(0, unit, k, past);
            gate_f += product(1, unit, k, past);
            gate_g += product(2, unit, k, past);
            gate_o += product(3, unit, k, past);
          }
        }
        gate_i = safe_sigmoid{{V}}(gate_i);
        gate_f = safe_sigmoid{{V}}(gate_f);
        gate_g = safe_tanh{{V}}(gate_g);
        gate_o = safe_sigmoid{{V}}(gate_o);
        c = gate_f * c + gate_i * gate_g;
        h = gate_o * safe_tanh{{V}}(c);
      }
      operand3[result] = gate_i;
      operand3[result + {{UNITS}}] = gate_f;
      operand3[result + 2 * {{UNITS}}] = gate_g;
      operand3[result + 3 * {{UNITS}}] = gate_o;
      operand3[result + 4 * {{UNITS}}] = c;
      operand3[result + 5 * {{UNITS}}] = h;
    }
//! if shared
    workgroupBarrier();
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      past_state[unit] = operand3[(place * 6 + 5) * {{UNITS}} + unit];
    }
    workgroupBarrier();
//! end
  }
}
