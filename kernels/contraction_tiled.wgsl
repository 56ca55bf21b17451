// C[row, column] = sum over k of left[row, k] * right[k, column], through workgroup memory.
//
// Contract: a workgroup computes {{ROWS}} x {{COLUMNS}} results of one batch element, each invocation 4 x 4 of them. Tiles of {{TILE_INNER}} inner
// positions are copied to workgroup memory first, transposed so that four rows (or columns) of one k lie together. {{SLICES}} slices of the
// workgroup take every {{SLICES}}th tile and are added in a fixed tree at the end: long sums with few results then still fill the device.
// `left_rows(batch axes..., row, k)` and `right_columns(...)` read four neighbours, 0 outside;
// `finish(batch axes..., row, column, total)` applies the epilogue and stores, and drops what lies outside.
const PITCH_LEFT = {{LEFT_PITCH}}u;
const PITCH_RIGHT = {{RIGHT_PITCH}}u;
const SLICE_SIZE = {{SLICE_SIZE}}u;
var<workgroup> tile_left: array<vec4<f32>, {{LEFT_MEMORY}}>;
var<workgroup> tile_right: array<vec4<f32>, {{RIGHT_MEMORY}}>;

{{ENTRY}}
  let tile = i32(group.y * {{GRID_X}}u + group.x);
  let first_column = {{TILE_COLUMN}} * {{COLUMNS}};
  let first_row = {{TILE_ROW}} * {{ROWS}};
  // Workgroups past the last tile (the grid is folded) compute rows that do not exist, which `finish` drops.
  let batch = min({{TILE_BATCH}}, {{BATCHES}} - 1);
  let beyond = select(0, {{ROW_EXTENT}}, tile >= {{TILES}});
{{BATCH_AXES}}
  let slice = local / SLICE_SIZE;
  let member = local % SLICE_SIZE;
  let place_left = slice * {{TILE_INNER}}u * PITCH_LEFT;
  let place_right = slice * {{TILE_INNER}}u * PITCH_RIGHT;
  let own_row = member / {{COLUMN_GROUPS}}u;
  let own_column = member % {{COLUMN_GROUPS}}u;
  var total0 = vec4<f32>(0.0);
  var total1 = vec4<f32>(0.0);
  var total2 = vec4<f32>(0.0);
  var total3 = vec4<f32>(0.0);
  for (var step = 0; step < {{STEPS}}; step++) {
    let first_k = (step * {{SLICES}} + i32(slice)) * {{TILE_INNER}};
    for (var unit = member; unit < {{LEFT_UNITS}}u; unit += SLICE_SIZE) {
      let k = {{LEFT_K}};
      let four = {{LEFT_FOUR}};
      tile_left[place_left + k * PITCH_LEFT + four] = left_rows({{BATCH_ARGUMENTS}}first_row + i32(four) * 4, first_k + i32(k));
    }
    for (var unit = member; unit < {{RIGHT_UNITS}}u; unit += SLICE_SIZE) {
      let k = {{RIGHT_K}};
      let four = {{RIGHT_FOUR}};
      tile_right[place_right + k * PITCH_RIGHT + four] = right_columns({{BATCH_ARGUMENTS}}first_column + i32(four) * 4, first_k + i32(k));
    }
    workgroupBarrier();
    for (var k = 0u; k < {{TILE_INNER}}u; k++) {
      let a = tile_left[place_left + k * PITCH_LEFT + own_row];
      let b = tile_right[place_right + k * PITCH_RIGHT + own_column];
      total0 += a.x * b;
      total1 += a.y * b;
      total2 += a.z * b;
      total3 += a.w * b;
    }
    workgroupBarrier();
  }
//! if sliced
  for (var distance = {{SLICES}}u / 2u; distance > 0u; distance /= 2u) {
    total0 += from_slice(slice, member, distance, total0);
    total1 += from_slice(slice, member, distance, total1);
    total2 += from_slice(slice, member, distance, total2);
    total3 += from_slice(slice, member, distance, total3);
  }
  if (slice > 0u) { return; }
//! end
  let row = first_row + i32(own_row) * 4 + beyond;
  let column = first_column + i32(own_column) * 4;
{{FINISH}}
}
//! if sliced

// What the slice `distance` further on has for this invocation; 0 where no such slice takes part.
fn from_slice(slice: u32, member: u32, distance: u32, value: vec4<f32>) -> vec4<f32> {
  if (slice >= distance && slice < 2u * distance) { tile_left[(slice - distance) * SLICE_SIZE + member] = value; }
  workgroupBarrier();
  var other = vec4<f32>(0.0);
  if (slice < distance) { other = tile_left[slice * SLICE_SIZE + member]; }
  workgroupBarrier();
  return other;
}
//! end
