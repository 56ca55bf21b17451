// GRU over time, the whole loop in one dispatch.
//
// Sizes: batch, time, hidden.
// Contract: operands x [B, T, 3H] (input part of r, z, n, with the input biases and those of r and z), w [3H, H], bias [H], lengths i32[B],
// result [B, T, 5H] = r, z, n, q, h with q = w_n h + bias, n = tanh(x_n + r q), h' = (1 - z) n + z h. Steps at or past a row's length keep h,
// with the other fields 0. The state starts at 0. Rows, units and `past` as in lstm.wgsl.
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
  let length = operand3[row];
  for (var turn = 0; turn < {{TIME}}; turn++) {
    let step = {{STEP}};
    let place = row * {{TIME}} + step;
    let before = row * {{TIME}} + {{BEFORE}};
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      let x = place * 3 * {{UNITS}} + unit;
      let result = place * 5 * {{UNITS}} + unit;
      var h = {{VALUE}}(0.0);
      if (turn > 0) { h = operand4[(before * 5 + 4) * {{UNITS}} + unit]; }
      var r = {{VALUE}}(0.0);
      var z = {{VALUE}}(0.0);
      var n = {{VALUE}}(0.0);
      var q = {{VALUE}}(0.0);
      if (step < length) {
        r = operand0[x];
        z = operand0[x + {{UNITS}}];
        q = operand2[unit];
        if (turn > 0) {
          for (var k = 0; k < {{INNER_UNITS}}; k++) {
            let past = {{PAST}};
            r += product(0, unit, k, past);
            z += product(1, unit, k, past);
            q += product(2, unit, k, past);
          }
        }
        r = safe_sigmoid{{V}}(r);
        z = safe_sigmoid{{V}}(z);
        n = safe_tanh{{V}}(operand0[x + 2 * {{UNITS}}] + r * q);
        h = (1.0 - z) * n + z * h;
      }
      operand4[result] = r;
      operand4[result + {{UNITS}}] = z;
      operand4[result + 2 * {{UNITS}}] = n;
      operand4[result + 3 * {{UNITS}}] = q;
      operand4[result + 4 * {{UNITS}}] = h;
    }
//! if shared
    workgroupBarrier();
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      past_state[unit] = operand4[(place * 5 + 4) * {{UNITS}} + unit];
    }
    workgroupBarrier();
//! end
  }
}
