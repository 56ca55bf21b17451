import { describe, expect, it } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import {
  checkpointFrom,
  checkpointTensors,
  parametersFrom,
  parameterTensors,
} from "../../src/train/checkpoint.ts";
import type { Checkpoint } from "../../src/train/state.ts";
import { linearModel } from "../support/linear-device.ts";

const CHECKPOINT: Checkpoint = {
  state: { epoch: 1, iteration: 4, best: { epoch: 0, value: 0.1 + 0.2 }, lossSums: { task: 1 / 3 } },
  parameters: Float32Array.of(1, 2, 3),
  moments: new Map([["moment1.model", Float32Array.of(4, 5, 6)]]),
};

describe("checkpoints", () => {
  it("come back as they were", () => {
    const { tensors, metadata } = checkpointTensors(linearModel, CHECKPOINT);
    expect([...tensors.keys()]).toEqual(["head.weight", "head.offset", "optimizer:moment1.model"]);
    expect(checkpointFrom(linearModel, { tensors, metadata }, "last.safetensors")).toEqual(CHECKPOINT);
  });

  it("that belong to another model are refused with every difference", () => {
    const tensors = parameterTensors(linearModel, CHECKPOINT.parameters);
    tensors.set("head.weight", { dtype: "F32", shape: [1, 3], data: new Float32Array(3) });
    tensors.delete("head.offset");
    tensors.set("tail", { dtype: "F32", shape: [1], data: new Float32Array(1) });
    try {
      parametersFrom(linearModel, { tensors, metadata: {} }, "best.safetensors");
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      expect(error.problems[0]?.text).toMatchInlineSnapshot(`
        "The parameters in the file are not those of the model:

            head.weight  is F32 [1, 3], the model has F32 [1, 2]
            head.offset  is missing
            tail  is not in the model"
      `);
    }
  });

  it("without a state or moments cannot be gone on from", () => {
    const { tensors, metadata } = checkpointTensors(linearModel, CHECKPOINT);
    expect(() => checkpointFrom(linearModel, { tensors, metadata: {} }, "last")).toThrow("mird.state");
    tensors.delete("optimizer:moment1.model");
    expect(() => checkpointFrom(linearModel, { tensors, metadata }, "last")).toThrow(
      "optimizer:moment1.model",
    );
  });
});
