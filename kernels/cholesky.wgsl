// The lower triangular factor L of symmetric matrices, L Lᵀ = (x + xᵀ) / 2.
//
// Sizes: matrices, order.
// Contract: operands x [R, N, N], result [R, N, N], 0 above the diagonal. Column after column: first what is left of every element after the columns
// before, then the root of the pivot and the quotients. Sums run in the order of columns. A matrix belongs to {{SHARERS}} invocation(s).
{{ENTRY}}
  let sharer = i32(local % {{SHARERS}}u);
//! if shared
  let matrix = i32(group.y * {{GRID_X}}u + group.x);
//! else
  let matrix = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
//! end
  if (matrix >= {{COUNT}}) { return; }
  let start = matrix * {{ORDER}} * {{ORDER}};
  for (var column = 0; column < {{ORDER}}; column++) {
    for (var row = sharer; row < {{ORDER}}; row += {{SHARERS}}) {
      var rest = 0.0;
      if (row >= column) {
        rest = (operand0[start + row * {{ORDER}} + column] + operand0[start + column * {{ORDER}} + row]) * 0.5;
        for (var k = 0; k < column; k++) {
          rest -= operand1[start + row * {{ORDER}} + k] * operand1[start + column * {{ORDER}} + k];
        }
      }
      operand1[start + row * {{ORDER}} + column] = rest;
    }
//! if shared
    storageBarrier();
//! end
    let pivot = sqrt(operand1[start + column * {{ORDER}} + column]);
//! if shared
    storageBarrier();
//! end
    for (var row = sharer; row < {{ORDER}}; row += {{SHARERS}}) {
      let rest = operand1[start + row * {{ORDER}} + column];
      if (row >= column) { operand1[start + row * {{ORDER}} + column] = select(rest / pivot, pivot, row == column); }
    }
//! if shared
    storageBarrier();
//! end
  }
}
