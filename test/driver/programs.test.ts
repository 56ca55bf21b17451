/** Which programs of a model are compiled, and when. */
import { describe, expect, test } from "vitest";
import type { Cache } from "../../src/base/cache.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { UserError } from "../../src/diagnostics/problems.ts";
import { inventData } from "../../src/driver/invented-data.ts";
import { memoryReport, type ProgramName } from "../../src/driver/memory.ts";
import { compileOnly, type PrepareRequest, prepare } from "../../src/driver/prepare.ts";
import { smallModel } from "../support/specs.ts";

const { model, types } = smallModel({ path: "specs/misa.mird", model: "Misa" });
const { dataset } = inventData({ model, types, batch: { labelled: 4, unlabelled: 0 }, batches: 2, seed: 1 });
const compilation = compileOnly({ model, types, target: CPU, data: { dataset, folder: "data" } });
const bytesOf = (...names: ProgramName[]) => memoryReport(compilation, names).totalBytes;

/** Prepares the model for a device that has so many bytes, and says what has been compiled so far, in order. */
function prepared(purpose: PrepareRequest["purpose"], bytes: number) {
  const made: string[] = [];
  const cache: Cache = {
    remember: (kind, _key, make) => {
      made.push(kind);
      return make();
    },
  };
  const limit = { bytes, what: "it has" };
  const result = prepare({
    model,
    types,
    kept: { cache, identity: "misa" },
    dataset,
    folder: "data",
    target: CPU,
    limits: { total: limit, arena: limit, operand: limit, elementBytes: 4 },
    epochs: null,
    purpose,
    stream: false,
    pretrained: null,
  });
  return { made, model: result.model };
}

describe("a training", () => {
  test("begins with an iteration, and compiles its evaluation when it is first needed", () => {
    const { made, model: compiled } = prepared("train", 2 ** 32);
    expect(made).toEqual(["model", "iteration"]);
    expect(compiled.evaluation.program.segments.map(({ name }) => name)).toEqual(["evaluation"]);
    expect(compiled.evaluation).toBe(compiled.evaluation);
    expect(made).toEqual(["model", "iteration", "evaluation"]);
  });

  test("compiles both at once where there is little room", () => {
    const { made } = prepared("train", bytesOf("iteration", "evaluation"));
    expect(made).toEqual(["model", "iteration", "evaluation"]);
  });

  test("is refused before it begins when only its iteration fits", () => {
    const both = bytesOf("iteration", "evaluation");
    expect(bytesOf("iteration")).toBeLessThan(both);
    expect(() => prepared("train", both - 1)).toThrow(UserError);
  });
});

test("an evaluation compiles no iteration", () => {
  const { made } = prepared("evaluate", bytesOf("evaluation"));
  expect(made).toEqual(["model", "evaluation"]);
  expect(() => prepared("evaluate", bytesOf("evaluation") - 1)).toThrow(UserError);
});
