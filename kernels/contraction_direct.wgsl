// C[row, column] = sum over k of left[row, k] * right[k, column], for devices without fast workgroup memory.
//
// Contract: each invocation computes {{ROWS}} rows by {{GROUPS}} groups of four columns of one batch element, and reads both operands
// where they lie, as vec4 wherever strides allow. Rows and columns past the end are clamped when reading and dropped by `finish`.
// The sum runs over k in order. `finish(batch axes..., row, column, total)` applies the epilogue and stores.
@compute @workgroup_size({{SIZE}})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let tile = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (tile >= {{TILES}}) { return; }
  let first_column = (tile % {{COLUMN_TILES}}) * {{COLUMNS}};
  let first_row = (tile / {{COLUMN_TILES}}) % {{ROW_TILES}} * {{ROWS}};
  let batch = tile / {{PLANE_TILES}};
{{STARTS}}
  for (var k = 0; k < {{INNER}}; k += {{STEP}}) {
{{MULTIPLY}}
  }
{{FINISH}}
}
