/** Every primitive by way of fusion, planning and emission, against its own meaning. */
import { expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import { describeTarget } from "../../../src/codegen/descriptor.ts";
import { fuse } from "../../../src/fuse/fuse.ts";
import type { Node, Output } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import { GraphBuilder } from "../../../src/ir/graph-build.ts";
import type { OpRecord, Tensor } from "../../../src/ir/op.ts";
import type { OpName } from "../../../src/ir/op-table.ts";
import { ops } from "../../../src/ops/index.ts";
import { planProgram } from "../../../src/plan/plan.ts";
import { deviceFacts } from "../../../src/runtime/dawn/device.ts";
import { dawnBackend } from "../../../src/runtime/dawn/execute.ts";
import { loadKernelSource } from "../../../src/runtime/kernel-sources.ts";
import { softwareDevice } from "../../support/dawn.ts";
import { worstError } from "../../support/kernel-run.ts";
import { inputNode, run, sampleTensor } from "../../support/tensors.ts";

const device = softwareDevice();

test("every primitive computes on the device what it means", async () => {
  const g = new GraphBuilder(ops);
  const values = new Map<string, Tensor>();
  const outputs: (Output & { readonly node: Node })[] = [];
  const records: readonly OpRecord<OpName>[] = Object.values(ops).map(
    (record) => record as unknown as OpRecord<OpName>,
  );
  for (const record of records) {
    if (record.name === "input") continue;
    for (const [position, sample] of record.samples.entries()) {
      const name = `${record.name}${position}`;
      const inputs = sample.inputs.map((operand, index) => {
        values.set(`${name}.${index}`, sampleTensor(operand, index));
        return inputNode(g, `${name}.${index}`, operand.shape, operand.dtype);
      });
      outputs.push({
        name,
        node: g.node(record.name, inputs, sample.attributes),
        target: { arena: `${name}.result`, offset: 0 },
      });
    }
  }
  const target = describeTarget(deviceFacts(device()));
  const scheduled = fuse(
    { segments: [{ name: "all", phase: "all", repeat: 0, kind: "forward", outputs }] },
    target,
  );
  const program = planProgram(scheduled);
  const executable = await dawnBackend(device(), loadKernelSource).prepare(new Map([["all", program]]));
  for (const [name, { data, dtype }] of values) {
    // What only has to come first is not read, so that it has no arena.
    if (!program.arenas.has(name)) continue;
    executable.write(name, dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data));
  }
  executable.run("all");
  const want = run(
    outputs.map(({ node }) => node),
    values,
  );
  const got = await Promise.all(
    outputs.map(async ({ node, target: { arena } }) => {
      const result = await executable.read(arena, { offset: 0, length: elementCount(node.shape) });
      return Float64Array.from(node.dtype === "f32" ? result : new Int32Array(result.buffer));
    }),
  );
  const errors = outputs.map(({ name }, output) => ({
    name,
    worst: worstError(at(got, output), at(want, output).data),
  }));
  expect(errors.filter(({ worst }) => !(worst <= 3e-6))).toEqual([]);
  executable.dispose();
});
