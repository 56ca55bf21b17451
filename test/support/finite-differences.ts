/** Compares derivatives with central differences of the interpreter. */
import { expect } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Node } from "../../src/ir/graph.ts";
import type { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { ops } from "../../src/ops/index.ts";
import { type InputValues, inputNode, run, sampleTensor } from "./tensors.ts";

/** The sum of a result weighted by fixed random numbers: a scalar that every element of the result moves. */
export function weightedLoss(g: GraphBuilder, result: Node, values: Map<string, Tensor>): Node {
  const weights = inputNode(g, "weights", result.shape);
  values.set("weights", sampleTensor({ shape: result.shape, dtype: "f32", low: 0.5, high: 1.5 }, 99));
  return g.sum(g.mul(result, weights));
}

/**
 * Checks the gradient of `loss` with respect to every f32 input of `names`. The differences are extrapolated (Richardson), which leaves an
 * error of the order of step^4.
 */
export function checkGradient(
  g: GraphBuilder,
  loss: Node,
  inputs: ReadonlyMap<string, Node>,
  values: InputValues,
  tolerance = 1e-6,
): void {
  const names = [...inputs.keys()].filter((name) => inputs.get(name)?.dtype === "f32");
  const wrt = names.flatMap((name) => inputs.get(name) ?? []);
  const gradients = run(gradient(g, ops, loss, wrt), values);
  names.forEach((name, index) => {
    const value = values.get(name);
    const got = gradients[index];
    if (value === undefined || got === undefined) throw new Error(`no value for ${name}`);
    expect(got.shape).toEqual(value.shape);
    const want = differences(loss, name, value, values);
    const scale = Math.max(1, ...want.map(Math.abs));
    want.forEach((expected, element) => {
      const actual = got.data[element] ?? Number.NaN;
      const place = `${name}[${element}]: derivative ${actual}, differences ${expected}`;
      expect(Math.abs(actual - expected) / scale, place).toBeLessThan(tolerance);
    });
  });
}

function differences(loss: Node, name: string, value: Tensor, values: InputValues): number[] {
  return Array.from(value.data, (_, element) => {
    const central = (step: number) => {
      const moved = (by: number) => {
        const data = value.data.slice();
        data[element] = (data[element] ?? 0) + by;
        const [result] = run([loss], new Map([...values, [name, { ...value, data }]]));
        return result?.data[0] ?? Number.NaN;
      };
      return (moved(step) - moved(-step)) / (2 * step);
    };
    return (4 * central(5e-4) - central(1e-3)) / 3;
  });
}
