/** Amounts as people write them. */
import { expect, it } from "vitest";
import { amount } from "../../src/report/quantity.ts";

it.each([
  [0, "0 epochs"],
  [1, "1 epoch"],
  [2, "2 epochs"],
])("%i of something", (count, words) => {
  expect(amount(count, "epoch")).toBe(words);
});
