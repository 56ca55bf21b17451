// Sums rows of updates into the table rows that their ids name.
//
// Sizes: rows (of the table), positions, width.
// Contract: operands: result of occurrences i32[rows + N], updates [N, W], result [rows, W]. An invocation owns one table row and {{WIDTH}} of
// its W columns, and adds along the row's list, so sums run in the order of positions.
{{ENTRY}}
  let place = i32((group.y * {{GRID_X}}u + group.x) * {{SIZE}}u + local);
  if (place >= {{PLACES}}) { return; }
  let row = place / {{UNITS}};
  let unit = place % {{UNITS}};
  var sum = {{VALUE}}(0.0);
  var position = operand0[row];
  while (position >= 0) {
    sum += operand1[position * {{UNITS}} + unit];
    position = operand0[{{TABLE_ROWS}} + position];
  }
  operand2[place] = sum;
}
