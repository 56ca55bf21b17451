// Inverses of lower triangular matrices.
//
// Sizes: matrices, order.
// Contract: operands x [R, N, N], of which nothing above the diagonal is read, result [R, N, N], 0 above the diagonal. An invocation owns one column
// of one result and goes down it; sums run in the order of rows.
{{ENTRY}}
  let place = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (place >= {{COUNT}}) { return; }
  let column = place % {{ORDER}};
  let start = place / {{ORDER}} * {{ORDER}} * {{ORDER}};
  for (var row = 0; row < {{ORDER}}; row++) {
    var value = 0.0;
    if (row >= column) {
      var rest = select(0.0, 1.0, row == column);
      for (var k = column; k < row; k++) {
        rest -= operand0[start + row * {{ORDER}} + k] * operand1[start + k * {{ORDER}} + column];
      }
      value = rest / operand0[start + row * {{ORDER}} + row];
    }
    operand1[start + row * {{ORDER}} + column] = value;
  }
}
