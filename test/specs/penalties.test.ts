/** Every penalty and similarity of the library: fits its slot in the specs, trains, and has right gradients. */
import { describe, expect, it } from "vitest";
import { gradcheck } from "../../src/driver/gradcheck.ts";
import { compileSmall, smallModel, threeIterations } from "../support/specs.ts";

const estimators = [
  "Club",
  "ClubMean",
  "ClubSample",
  "L1Out",
  "VarUb",
  "Mine",
  "Nwj",
  "InfoNce",
  "JensenShannon",
];
const measures = [
  "Orthogonal",
  "CrossCorrelation",
  "CrossCovariance",
  "Hsic",
  "DistanceCorrelation",
  "InformationBottleneck",
  "None",
];
const similarities = ["Cmd", "Adversarial", "CosineDistance"];

function pair(slot: string, name: string) {
  return { path: "test/specs/pair.mird", model: "Pair", settings: { [slot]: `${name}()` } };
}

async function expectTraining(slot: string, name: string): Promise<void> {
  const { losses } = await threeIterations(compileSmall(pair(slot, name)));
  const values = losses.flatMap((each) => Object.values(each));
  expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
  expect(losses[2]?.["model.objective"]).not.toBe(losses[0]?.["model.objective"]);
}

function expectGradients(slot: string, name: string): void {
  const rows = gradcheck({ ...smallModel(pair(slot, name)), seed: 5, directions: 2, each: 1 });
  expect(rows.filter(({ error }) => !(error <= 1e-5))).toEqual([]);
}

describe.each([...estimators, ...measures])("%s", (name) => {
  it("fits the slot of MIRD", () => {
    const settings = { penalty: `${name}()` };
    expect(smallModel({ path: "specs/mird.mird", model: "Mird", settings }).model.name).toBe("Mird");
  });

  it("trains", () => expectTraining("penalty", name));

  it("has gradients that agree with differences", () => expectGradients("penalty", name));

  it(estimators.includes(name) ? "has an estimator with a phase of its own" : "has no estimator", () => {
    const { compiled } = compileSmall(pair("penalty", name));
    const phases = new Set(compiled.iteration.updates.map(({ phase }) => phase));
    expect(phases.has("estimators")).toBe(estimators.includes(name));
  });
});

describe.each(similarities)("%s", (name) => {
  it("fits the slot of MISA", () => {
    const settings = { similarity: `${name}()` };
    expect(smallModel({ path: "specs/misa.mird", model: "Misa", settings }).model.name).toBe("Misa");
  });

  it("trains", () => expectTraining("similarity", name));

  it("has gradients that agree with differences", () => expectGradients("similarity", name));
});
