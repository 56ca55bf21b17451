// C[row, column] = sum over k of left[row, k] * right[k, column], for devices without fast workgroup memory.
//
// Contract: each invocation computes {{ROWS}} neighbouring rows by {{COLUMNS}} columns of one batch element, {{COLUMN_TILES}} columns apart, so that neighbouring
// invocations have neighbouring columns, and reads both operands where they lie. Rows and columns past the end are clamped when reading
// and dropped by `finish`. The sum runs over k in order. `finish(batch axes..., row, column, total)` applies the epilogue and stores.
{{ENTRY}}
  let tile = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (tile >= {{TILES}}) { return; }
  let first_column = tile % {{COLUMN_TILES}};
  let first_row = (tile / {{COLUMN_TILES}}) % {{ROW_TILES}} * {{ROWS}};
  let batch = tile / {{PLANE_TILES}};
{{STARTS}}
  for (var k = 0; k < {{INNER}}; k++) {
{{MULTIPLY}}
  }
  var totals = array<f32, {{PLACES}}>({{TOTALS}});
  for (var place = 0; place < {{PLACES}}; place++) {
    finish({{BATCH_ARGUMENTS}}first_row + place / {{COLUMNS}}, first_column + place % {{COLUMNS}} * {{COLUMN_TILES}}, totals[place]);
  }
}
