// Cotangents of x_r, x_z, x_n and q of a GRU, the whole loop in one dispatch.
//
// Sizes: batch, time, hidden.
// Contract: operands: result of gru [B, T, 5H], w [3H, H], lengths i32[B], cotangent of h [B, T, H]; result [B, T, 4H].
// Runs against the order of gru.wgsl. The cotangent of h is what the step adds, plus what the step done before hands on: z times its own,
// or all of it past the row's length, and what came through r, z and q (w transposed times their cotangents).
// Rows and units as in lstm.wgsl; `later` are the cotangents of r, z and q of the step done before, {{WIDTH}} at a time.
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
  var carried_h: array<{{VALUE}}, {{OWN_UNITS}}>;
  for (var turn = {{TIME}} - 1; turn >= 0; turn--) {
    let step = {{STEP}};
    let place = row * {{TIME}} + step;
    let before = row * {{TIME}} + {{BEFORE}};
    let after = row * {{TIME}} + {{AFTER}};
    let through_gates = turn < {{TIME}} - 1 && {{AFTER}} < length;
    for (var unit = sharer; unit < {{UNITS}}; unit += {{SHARERS}}) {
      let own = unit / {{SHARERS}};
      var dh = carried_h[own] + operand3[place * {{UNITS}} + unit];
      if (through_gates) {
        for (var k = 0; k < {{GATE_UNITS}}; k++) {
          // Field n of the result does not meet w: behind r and z comes q.
          let skipped = select(0, {{UNITS}}, k >= 2 * {{UNITS}});
          let later = {{LATER}};
          dh += product(k, unit, later);
        }
      }
      var dr = {{VALUE}}(0.0);
      var dz = {{VALUE}}(0.0);
      var dn = {{VALUE}}(0.0);
      var dq = {{VALUE}}(0.0);
      carried_h[own] = dh;
      if (step < length) {
        let packed = place * 5 * {{UNITS}} + unit;
        let r = operand0[packed];
        let z = operand0[packed + {{UNITS}}];
        let n = operand0[packed + 2 * {{UNITS}}];
        let q = operand0[packed + 3 * {{UNITS}}];
        var h_before = {{VALUE}}(0.0);
        if (turn > 0) { h_before = operand0[(before * 5 + 4) * {{UNITS}} + unit]; }
        dn = dh * (1.0 - z) * (1.0 - n * n);
        dr = dn * q * r * (1.0 - r);
        dz = dh * (h_before - n) * z * (1.0 - z);
        dq = dn * r;
        carried_h[own] = dh * z;
      }
      let result = place * 4 * {{UNITS}} + unit;
      operand4[result] = dr;
      operand4[result + {{UNITS}}] = dz;
      operand4[result + 2 * {{UNITS}}] = dn;
      operand4[result + 3 * {{UNITS}}] = dq;
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
