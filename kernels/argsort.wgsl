// Positions of every row in ascending order of its elements.
//
// Sizes: rows, columns.
// Contract: operands x [R, N], mask (bool) [R, N], result i32 [R, N]. Equal elements keep their order; masked ones come last, in theirs. So the order
// is total, and every correct sort gives the same result. A row belongs to {{SHARERS}} invocation(s): shared, by a bitonic network over
// a power of two in which what lies past the end counts as largest and never moves; alone, by a heap. Both sort in the place of the result.
fn precedes(start: i32, p: i32, q: i32) -> bool {
  let kept = operand1[start + p] != 0u;
  if (kept != (operand1[start + q] != 0u)) { return kept; }
  let a = operand0[start + p];
  let b = operand0[start + q];
  if (kept && a != b) { return a < b; }
  return p < q;
}

//! if shared
/// Puts the elements at two places of a row in order.
fn exchange(start: i32, low: i32, high: i32) {
  if (high >= {{COLUMNS}}) { return; }
  let p = operand2[start + low];
  let q = operand2[start + high];
  if (precedes(start, q, p)) {
    operand2[start + low] = q;
    operand2[start + high] = p;
  }
}
//! else
/// Moves `position` down from `root` of a heap of `end` places, the largest on top, to where it belongs.
fn sift(start: i32, root: i32, end: i32, position: i32) {
  var place = root;
  loop {
    var child = 2 * place + 1;
    if (child >= end) { break; }
    if (child + 1 < end && precedes(start, operand2[start + child], operand2[start + child + 1])) { child++; }
    let other = operand2[start + child];
    if (!precedes(start, position, other)) { break; }
    operand2[start + place] = other;
    place = child;
  }
  operand2[start + place] = position;
}
//! end

{{ENTRY}}
//! if shared
  let row = i32(group.y * {{GRID_X}}u + group.x);
  if (row >= {{COUNT}}) { return; }
  let start = row * {{COLUMNS}};
  for (var column = i32(local); column < {{COLUMNS}}; column += {{SHARERS}}) { operand2[start + column] = column; }
  storageBarrier();
  for (var width = 2; width <= {{POWER}}; width *= 2) {
    // The two sorted halves of every block meet from opposite ends; afterwards neighbouring halves are put in order.
    for (var pair = i32(local); pair < {{POWER}} / 2; pair += {{SHARERS}}) {
      let inside = pair % (width / 2);
      let block = start_of(pair, width);
      exchange(start, block + inside, block + width - 1 - inside);
    }
    storageBarrier();
    for (var half = width / 4; half > 0; half /= 2) {
      for (var pair = i32(local); pair < {{POWER}} / 2; pair += {{SHARERS}}) {
        let low = start_of(pair, 2 * half) + pair % half;
        exchange(start, low, low + half);
      }
      storageBarrier();
    }
  }
//! else
  let row = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (row >= {{COUNT}}) { return; }
  let start = row * {{COLUMNS}};
  for (var column = 0; column < {{COLUMNS}}; column++) { operand2[start + column] = column; }
  for (var root = {{COLUMNS}} / 2 - 1; root >= 0; root--) { sift(start, root, {{COLUMNS}}, operand2[start + root]); }
  for (var end = {{COLUMNS}} - 1; end > 0; end--) {
    let position = operand2[start + end];
    operand2[start + end] = operand2[start];
    sift(start, 0, end, position);
  }
//! end
}
//! if shared

/// The first place of the block of `width` places that a pair belongs to.
fn start_of(pair: i32, width: i32) -> i32 {
  return pair / (width / 2) * width;
}
//! end
