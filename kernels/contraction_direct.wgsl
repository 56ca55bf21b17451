// C[row, column] = sum over k of left[row, k] * right[k, column], for devices without fast workgroup memory.
//
// Contract: each invocation computes {{ROWS}} neighbouring rows by {{COLUMNS}} columns of one batch element, {{COLUMN_TILES}} columns apart, so that neighbouring
// invocations have neighbouring columns, and reads both operands where they lie. Rows and columns past the end are clamped when reading
// and dropped by `finish`. The sum runs over k in order. `finish(batch axes..., row, column, total)` applies the epilogue and stores.
{{ENTRY}}
  let tile = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (tile >= {{TILES}}) { return; }
  let first_column = {{TILE_COLUMN}};
  let first_row = {{TILE_ROW}} * {{ROWS}};
  let batch = {{TILE_BATCH}};
{{STARTS}}
  var totals = array<f32, {{PLACES}}>();
  for (var k = 0; k < {{INNER}}; k++) {
{{MULTIPLY}}
  }
  for (var place = 0; place < {{PLACES}}; place++) {
    finish({{BATCH_ARGUMENTS}}first_row + {{PLACE_ROW}}, first_column + {{PLACE_COLUMN}} * {{COLUMN_TILES}}, totals[place]);
  }
}
