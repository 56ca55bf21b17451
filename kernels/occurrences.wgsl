// For each row of a table, the positions at which a list of ids names it, as linked lists.
//
// Sizes: rows (of the table), positions.
// Contract: operands ids i32[N], result i32[rows + N]: for each table row its first position, then for each position the next one with the
// same id; -1 ends a list. An invocation owns {{BLOCK}} table row(s), and alone reads and writes their lists: it goes through
// the ids from the last to the first and puts each of its own at the head. The result does not depend on timing.
{{ENTRY}}
  let first = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local) * {{BLOCK}};
  if (first >= {{TABLE_ROWS}}) { return; }
  let end = min(first + {{BLOCK}}, {{TABLE_ROWS}});
  for (var row = first; row < end; row++) { operand1[row] = -1; }
  for (var position = {{POSITIONS}} - 1; position >= 0; position--) {
    let id = operand0[position];
    if (id >= first && id < end) {
      operand1[{{TABLE_ROWS}} + position] = operand1[id];
      operand1[id] = position;
    }
  }
}
