/** A few random graphs on two kinds of device (`npm run test:long` has hundreds on all of them), and that a device that computes wrongly is found out. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { topologicalOrder } from "../../src/ir/graph-walk.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import { randomGraphs } from "../support/random-graph.ts";
import { configurations } from "./configurations.ts";
import { differential } from "./differential.ts";

test.each(["cpu, relaxed SIMD, 2 threads", "webgpu"])("values and gradients on %s", async (name) => {
  const device = await configurations.find((configuration) => configuration.name === name)?.open();
  if (device === undefined) throw new Error(`there is no configuration ${name}`);
  const result = await differential(device, { graphs: 24, seed: 31 });
  device.backend.close();
  expect(result).toEqual({ passed: 24, failed: 0, failure: null });
});

/** A device whose results are a little too large wherever a program has a kernel that has the error function. */
function wrong(backend: Backend): Backend {
  return {
    ...backend,
    prepare: async (programs) => {
      const executable = await backend.prepare(programs);
      const affected = [...programs.values()].some(({ kernels }) =>
        kernels.some((kernel) => JSON.stringify(kernel).includes('"erf"')),
      );
      return {
        has: (program) => executable.has(program),
        add: (name, program) => executable.add(name, program),
        write: (arena, values, offset) => executable.write(arena, values, offset),
        run: (program) => executable.run(program),
        read: async (arena, range) =>
          (await executable.read(arena, range)).map((x) => (affected ? x + 0.01 : x)),
        ready: () => executable.ready(),
        profile: (program) => executable.profile(program),
        dispose: () => executable.dispose(),
      };
    },
  };
}

test("a mistake is shrunk to a small graph, printed with what shows it again", async () => {
  const backend = wrong(wasmBackend({ threads: 1 }));
  const device = { backend, target: CPU };
  const { failed, failure } = await differential(device, { graphs: 200, seed: 5 });
  expect(failed).toBe(1);
  expect(failure).toContain("differs from the interpreter by 1.00e-2");
  expect(failure).toContain("= erf ");
  // One operation and its derivative, not a dozen of them.
  expect(failure?.match(/^ {2}%\d+ = (?!input|constant)/gm)?.length).toBeLessThan(20);
  const again = /--parts graphs --graphs 1 --seed (-?\d+) --path ([\d:]+)$/.exec(failure ?? "");
  expect(again).not.toBeNull();
  const repeated = await differential(device, {
    graphs: 1,
    seed: Number(again?.[1]),
    path: again?.[2] ?? "",
  });
  expect(repeated.failed).toBe(1);
  expect(repeated.failure).toContain("= erf ");
  backend.close();
});

test("graphs contain every primitive whose result may depend on order, position or step", () => {
  const wanted = [
    "scan",
    "argsort",
    "gather",
    "take",
    "cholesky",
    "triangular_inverse",
    "max",
    "matmul",
    "after",
  ];
  const graphs = fc.sample(randomGraphs({ steps: 12, smooth: true, scans: true }), {
    numRuns: 150,
    seed: 31,
  });
  const counts = new Map<string, number>();
  for (const { results } of graphs)
    for (const op of new Set(topologicalOrder(results).map((node) => node.op)))
      counts.set(op, (counts.get(op) ?? 0) + 1);
  for (const op of wanted) expect(counts.get(op) ?? 0, op).toBeGreaterThanOrEqual(3);
});
