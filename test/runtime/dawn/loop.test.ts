import { expect, test } from "vitest";
import { compareKernels } from "../../support/compare-kernels.ts";
import { runKernels, softwareDevice } from "../../support/dawn.ts";
import { Expressions, index, write } from "../../support/kernel-build.ts";
import {
  columnMaxima,
  columnSums,
  gathered,
  loop,
  mixedMap,
  outerSums,
  padded,
  plainMap,
  positions,
  rowPhase,
  softmax,
  strided,
  symmetric,
} from "../../support/loop-cases.ts";

const device = softwareDevice();

test("a grid of more workgroups than one dimension holds", async () => {
  const count = 65535 * 64 + 101;
  const e = new Expressions();
  const value = e.add({ op: "cast", dtype: "f32", value: e.axis(0) });
  const run = loop("large", {
    operands: [write("out", count)],
    parallel: [count],
    expressions: e.list,
    phases: [rowPhase({ operand: 0, index: index([1]), value })],
  });
  const [got] = await runKernels(device(), [run]);
  expect(got?.[0]?.findIndex((element, position) => element !== position)).toBe(-1);
});

test("maps with broadcast, transposed, padded, gathered and strided operands", async () => {
  await compareKernels(device(), [
    mixedMap(7, 5),
    mixedMap(8, 12),
    mixedMap(1, 1),
    plainMap([3, 5, 8]),
    plainMap([7]),
    plainMap([2, 1, 3]),
    plainMap([40, 32]),
    padded(8, 4, 4),
    padded(6, 1, 3),
    padded(5, 3, 4),
    gathered(8),
    gathered(3),
    strided(),
    symmetric(8),
    symmetric(5),
    positions([3, 8]),
    positions([1, 5]),
    positions([4]),
  ]);
});

test("row phases, column sums and full sums", async () => {
  await compareKernels(device(), [
    softmax(5, 7),
    softmax(6, 64),
    softmax(300, 3),
    softmax(1, 100),
    softmax(1, 1),
    columnSums(33, 64),
    columnSums(50, 7),
    columnSums(5, 1),
    columnSums(1000, 1),
    columnSums(128, 1),
    columnSums(2, 128),
  ]);
});

test("sums over axes that do not lie together, with values that do not vary along them", async () => {
  await compareKernels(device(), [outerSums(3, 5, 8), outerSums(4, 6, 3)]);
});

test("a maximum of infinities stays infinite, and numbers come back unchanged", async () => {
  const run = columnMaxima();
  run.buffers[0]?.fill(Number.NEGATIVE_INFINITY, 0, 4);
  await compareKernels(device(), [run], 0);
});
