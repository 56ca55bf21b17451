// Cotangents of the gates of an LSTM before activation, the whole loop in one dispatch.
//
// Sizes: batch, time, hidden.
// Contract: operands: result of lstm [B, T, 6H], w [4H, H], lengths i32[B], cotangent of (c, h) [B, T, 2H]; result [B, T, 4H].
// Runs against the order of lstm.wgsl. The cotangent of h is what the step adds, plus what came through the gates of the step done before
// (w transposed times its cotangents), plus, where that step was past the row's length, what passed by it unchanged.
// Rows and units as in lstm.wgsl; `later` are the gate cotangents of the step done before, {{WIDTH}} at a time.
//! if shared
var<workgroup> later_gates: array<f32, {{GATES}}>;
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
  var carried_c: array<{{VALUE}}, {{OWN_UNITS}}>;
  var carried_h: array<{{VALUE}}, {{OWN_UNITS}}>;
  for (var turn = {{TIME}} - 1; turn >= 0; turn--) {
    let step = {{STEP}};
    let place = row * {{TIME}} + step;
    let before = row * {{TIME}} + {{BEFORE}};
    let after = row * {{TIME}} + {{AFTER}};
    let through_gates = turn < {{TIME}} - 1 && {{AFTER}} < length;
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      let own = unit / {{SHARERS}};
      var dc = carried_c[own] + operand3[place * 2 * {{UNITS}} + unit];
      var dh = carried_h[own] + operand3[(place * 2 + 1) * {{UNITS}} + unit];
      if (through_gates) {
        for (var k = 0; k < {{GATE_UNITS}}; k++) {
          let later = {{LATER}};
          dh += product(k, unit, later);
        }
      }
      var gate_i = {{VALUE}}(0.0);
      var gate_f = {{VALUE}}(0.0);
      var gate_g = {{VALUE}}(0.0);
      var gate_o = {{VALUE}}(0.0);
      carried_h[own] = dh;
      if (step < length) {
        let packed = place * 6 * {{UNITS}} + unit;
        let i = operand0[packed];
        let f = operand0[packed + {{UNITS}}];
        let g = operand0[packed + 2 * {{UNITS}}];
        let o = operand0[packed + 3 * {{UNITS}}];
        let tanh_c = safe_tanh{{V}}(operand0[packed + 4 * {{UNITS}}]);
        var c_before = {{VALUE}}(0.0);
        if (turn > 0) { c_before = operand0[(before * 6 + 4) * {{UNITS}} + unit]; }
        dc += dh * o * (1.0 - tanh_c * tanh_c);
        gate_i = dc * g * i * (1.0 - i);
        gate_f = dc * c_before * f * (1.0 - f);
        gate_g = dc * i * (1.0 - g * g);
        gate_o = dh * tanh_c * o * (1.0 - o);
        dc *= f;
        carried_h[own] = {{VALUE}}(0.0);
      }
      carried_c[own] = dc;
      let result = place * 4 * {{UNITS}} + unit;
      operand4[result] = gate_i;
      operand4[result + {{UNITS}}] = gate_f;
      operand4[result + 2 * {{UNITS}}] = gate_g;
      operand4[result + 3 * {{UNITS}}] = gate_o;
    }
//! if shared
    workgroupBarrier();
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      for (var gate = 0; gate < 4; gate++) {
        later_gates[gate * {{UNITS}} + unit] = operand4[(place * 4 + gate) * {{UNITS}} + unit];
      }
    }
    workgroupBarrier();
//! end
  }
}
