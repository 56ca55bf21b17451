/** What is held equal between variants: initial values where a parameter has the same path and shape, and the rows of every batch. */
import { expect, test } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { initialParameters } from "../../src/train/initialise.ts";
import { train } from "../../src/train/loop.ts";
import { compileSmall } from "../support/specs.ts";

const joint = "SparseWordAttention(width = 4, layers = 1, heads = 2)";
const variant = (settings: Readonly<Record<string, string>>) =>
  compileSmall({ path: "specs/mird.mird", model: "Mird", settings: { joint, ...settings } });
type Small = ReturnType<typeof compileSmall>;

/** First values by path and shape. */
function initial({ compiled }: Small, seed: number): Map<string, number[]> {
  const values = initialParameters(compiled.parameters, compiled.parameterElements, seed, new Map());
  return new Map(
    compiled.parameters.map(({ path, shape, offset }) => [
      `${path} [${shape.join(", ")}]`,
      [...values.subarray(offset, offset + elementCount(shape))],
    ]),
  );
}

/** The rows of every batch that a training has asked for. */
async function batches({ compiled, dataset, settings }: Small, seed: number): Promise<number[][]> {
  const programs = new Map([["iteration", compiled.iteration.program]]);
  const device = await referenceBackend().prepare(programs);
  const seen: number[][] = [];
  const write = device.write.bind(device);
  device.write = (arena, values) => {
    if (arena === "batch") seen.push([...values]);
    write(arena, values);
  };
  const nothing = () => {};
  const observer = { start: nothing, iteration: nothing, epoch: nothing, checkpoint: nothing, best: nothing };
  await train({ model: compiled, settings, dataset, device, seed, observer });
  device.dispose();
  return seen;
}

const club = variant({ penalty: "Club(hidden = 4)" });
const none = variant({ penalty: "None()" });
const wide = variant({ penalty: "Club(hidden = 6)" });

test.each([
  ["another penalty", none],
  ["a wider estimator", wide],
] as const)("%s leaves every other parameter as it was", (_, other) => {
  const [here, there] = [initial(club, 7), initial(other, 7)];
  const shared = [...here.keys()].filter((key) => there.has(key));
  const encoders = [...here.keys()].filter((key) => !key.startsWith("estimators"));
  expect(encoders.length).toBeGreaterThan(20);
  expect(shared).toEqual(expect.arrayContaining(encoders));
  // An offset behind a wider layer has its shape, but is drawn from a narrower range.
  for (const key of encoders) expect(there.get(key), key).toEqual(here.get(key));
});

test("another seed begins elsewhere", () => {
  const [here, there] = [initial(club, 7), initial(club, 8)];
  const drawn = [...here].filter(([, values]) => values.some((value) => value !== at(values, 0)));
  expect(drawn.filter(([key, values]) => String(there.get(key)) === String(values))).toEqual([]);
});

test("all variants see the same batches, another seed others", async () => {
  const seen = await batches(club, 7);
  expect(seen.length).toBeGreaterThan(3);
  expect(await batches(none, 7)).toEqual(seen);
  expect(await batches(club, 8)).not.toEqual(seen);
});
