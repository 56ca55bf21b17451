/** A program that is prepared while another is at work: the arenas that both have are the same memory and keep what they hold, on every device. */
import { expect, test } from "vitest";
import { lower } from "../../src/driver/compile.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { Program } from "../../src/ir/program.ts";
import { ops } from "../../src/ops/index.ts";
import { configurations, type OpenedDevice } from "./configurations.ts";

const COUNT = 300;
const MORE = 5000;

/** Adds, element by element, what two arenas hold, into the first of them. */
function adding({ target }: OpenedDevice, from: string, into: string, count: number): Program {
  const g = new GraphBuilder(ops);
  const input = (arena: string): Node =>
    g.input({ name: arena, arena, offset: 0, version: 0, shape: [count], dtype: "f32" });
  const node = g.add(input(from), input(into));
  const outputs = [{ name: "sum", node, target: { arena: into, offset: 0 } }];
  const segments = [{ name: "all", phase: "all", repeat: 0, kind: "forward" as const, outputs }];
  return lower({ segments }, { target, verify: true }).program;
}

const filled = (count: number, value: number) => new Float32Array(count).fill(value);

test.each(configurations)("on $name", async ({ open }) => {
  const device = await open();
  const { backend } = device;
  const executable = await backend.prepare(new Map([["small", adding(device, "step", "sum", COUNT)]]));
  const sums = async (count: number) => new Set(await executable.read("sum", { offset: 0, length: count }));
  executable.write("step", filled(COUNT, 2));
  executable.run("small");
  executable.run("small");
  expect([executable.has("small"), executable.has("large"), executable.has("other")]).toEqual([
    true,
    false,
    false,
  ]);

  // More of the arenas that are there: they are larger from now on.
  await executable.add("large", adding(device, "step", "sum", MORE));
  expect([executable.has("small"), executable.has("large"), executable.has("other")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(await sums(COUNT)).toEqual(new Set([4]));
  expect(await sums(MORE)).toEqual(new Set([4, 0]));
  executable.run("small");
  expect(await sums(MORE)).toEqual(new Set([6, 0]));
  executable.write("step", filled(MORE, 1));
  executable.run("large");
  executable.run("small");
  expect(await sums(COUNT)).toEqual(new Set([8]));
  expect(await sums(MORE)).toEqual(new Set([8, 1]));

  // Less of one, and an arena that was not there.
  await executable.add("other", adding(device, "sum", "total", COUNT));
  executable.run("other");
  executable.run("other");
  executable.run("large");
  expect(await sums(MORE)).toEqual(new Set([9, 2]));
  expect(new Set(await executable.read("total", { offset: 0, length: COUNT }))).toEqual(new Set([16]));
  executable.dispose();
  backend.close();
});
