// Euclidean projection of every row onto the simplex (Martins and Astudillo 2016), by Michelot's algorithm instead of a sort: assume that
// all entries are in the support, and drop those at or below the threshold that follows, until none is dropped.
//
// Sizes: rows, columns.
// Contract: operands scores [R, N], mask (bool) [R, N], result [R, N]. Masked entries and rows without any entry give 0. The threshold never
// falls, so the number of rounds is at most N + 1. Sums run in a fixed order. A row belongs to {{SHARERS}} invocation(s).
//! if shared
var<workgroup> shared_value: array<f32, {{SIZE}}>;
var<workgroup> shared_total: f32;

fn row_sum(local: u32, value: f32) -> f32 {
  shared_value[local] = value;
  workgroupBarrier();
  for (var distance = {{SIZE}}u / 2u; distance > 0u; distance /= 2u) {
    if (local < distance) { shared_value[local] += shared_value[local + distance]; }
    workgroupBarrier();
  }
  if (local == 0u) { shared_total = shared_value[0]; }
  return workgroupUniformLoad(&shared_total);
}

fn row_max(local: u32, value: f32) -> f32 {
  shared_value[local] = value;
  workgroupBarrier();
  for (var distance = {{SIZE}}u / 2u; distance > 0u; distance /= 2u) {
    if (local < distance) { shared_value[local] = max(shared_value[local], shared_value[local + distance]); }
    workgroupBarrier();
  }
  if (local == 0u) { shared_total = shared_value[0]; }
  return workgroupUniformLoad(&shared_total);
}
//! else
fn row_sum(local: u32, value: f32) -> f32 {
  return value;
}

fn row_max(local: u32, value: f32) -> f32 {
  return value;
}
//! end

const LOWEST = -3.4028234e38;

{{ENTRY}}
  let sharer = i32(local % {{SHARERS}}u);
//! if shared
  let row = i32(group.y * {{GRID_X}}u + group.x);
//! else
  let row = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
//! end
  if (row >= {{COUNT}}) { return; }
  let start = row * {{COLUMNS}};
  var own_largest = LOWEST;
  for (var column = sharer; column < {{COLUMNS}}; column += {{SHARERS}}) {
    if (operand1[start + column] != 0u) { own_largest = max(own_largest, operand0[start + column]); }
  }
  // Against the largest entry the sums stay small; the projection does not change when all entries move.
  let largest = row_max(local, own_largest);
  var threshold = LOWEST;
  var members = -1.0;
  for (var round = 0; round <= {{COLUMNS}}; round++) {
    var own_sum = 0.0;
    var own_count = 0.0;
    for (var column = sharer; column < {{COLUMNS}}; column += {{SHARERS}}) {
      let value = operand0[start + column] - largest;
      if (operand1[start + column] != 0u && value > threshold) {
        own_sum += value;
        own_count += 1.0;
      }
    }
    let sum = row_sum(local, own_sum);
    let count = row_sum(local, own_count);
    if (count == members || count == 0.0) { break; }
    members = count;
    threshold = max(threshold, (sum - 1.0) / count);
  }
  for (var column = sharer; column < {{COLUMNS}}; column += {{SHARERS}}) {
    let value = operand0[start + column] - largest;
    operand2[start + column] = select(0.0, max(value - threshold, 0.0), operand1[start + column] != 0u);
  }
}
