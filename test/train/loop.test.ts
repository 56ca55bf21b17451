import { describe, expect, it } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import type { EpochEvent, IterationEvent, TrainRequest } from "../../src/train/loop.ts";
import { train } from "../../src/train/loop.ts";
import type { TrainSettings } from "../../src/train/settings.ts";
import type { Checkpoint } from "../../src/train/state.ts";
import { LinearDevice, linearDataset, linearModel } from "../support/linear-device.ts";

const SETTINGS: TrainSettings = {
  epochs: 6,
  selection: { direction: "min", metric: "mae" },
  patience: null,
  report: ["mae"],
  schedules: new Map([["model", { kind: "warmup_linear", warmup: 0.2 }]]),
};

/** Runs a training and keeps all that an observer hears. */
async function observe(device: LinearDevice, changes: Partial<TrainRequest> = {}) {
  const iterations: IterationEvent[] = [];
  const epochs: EpochEvent[] = [];
  const checkpoints: Checkpoint[] = [];
  const best: Float32Array[] = [];
  const result = await train({
    model: linearModel,
    settings: SETTINGS,
    dataset: linearDataset(),
    device,
    seed: 5,
    observer: {
      start: () => {},
      iteration: (event) => iterations.push(event),
      epoch: (event) => epochs.push(event),
      checkpoint: (checkpoint) => checkpoints.push(checkpoint),
      best: (parameters) => best.push(parameters),
    },
    ...changes,
  });
  return { result, iterations, epochs, checkpoints, best };
}

describe("training", () => {
  it("runs every epoch over all labelled rows once, with unlabelled ones beside them", async () => {
    const device = new LinearDevice();
    const { iterations, epochs } = await observe(device);
    expect(iterations.map(({ iteration }) => iteration)).toEqual(
      Array.from({ length: 18 }, (_, index) => index),
    );
    expect(epochs).toHaveLength(6);
    for (let epoch = 0; epoch < 6; epoch++) {
      const batches = device.batches.slice(epoch * 3, epoch * 3 + 3);
      const labelled = batches.flatMap((batch) => batch.slice(0, 4));
      expect(labelled.filter((row) => row >= 0).sort((a, b) => a - b)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
      ]);
      for (const row of batches.flatMap((batch) => batch.slice(4))) expect([10, 11, 12, 13]).toContain(row);
    }
    expect(device.batches.slice(0, 3)).not.toEqual(device.batches.slice(3, 6));
  });

  it("lets signals and timers through after every run, though the device works on the main thread", async () => {
    let turns = 0;
    const timer = setImmediate(function count() {
      turns++;
      if (turns < 10_000) setImmediate(count);
    });
    const seen: number[] = [];
    class Watched extends LinearDevice {
      override run(program: "iteration" | "evaluation"): void {
        seen.push(turns);
        super.run(program);
      }
    }
    await observe(new Watched());
    clearImmediate(timer);
    turns = 10_000;
    expect(seen.length).toBeGreaterThan(18);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("selects on the validation split and reads the test split once", async () => {
    const device = new LinearDevice();
    const { result, epochs, best } = await observe(device);
    const values = epochs.map(({ valid }) => valid?.metrics.get("mae") ?? Number.NaN);
    expect(result.state.best?.value).toBe(Math.min(...values));
    expect(best).toHaveLength(epochs.filter(({ improved }) => improved).length);
    expect(result.evaluations.get("valid")?.metrics.get("mae")).toBe(Math.min(...values));
    const test = device.evaluatedRows.filter((row) => row >= 21);
    expect(test).toEqual([21, 22, 23, 24, 25]);
    expect(device.evaluatedRows.filter((row) => row < 14)).toEqual([]);
  });

  it("prepares the evaluation when it is first needed", async () => {
    const added: number[] = [];
    const device = new LinearDevice({ afterIteration: () => added.push(device.added.length) });
    await observe(device);
    expect(added).toEqual([0, 0, 0, ...Array.from({ length: 15 }, () => 1)]);
    expect(device.added).toEqual(["evaluation"]);
  });

  it("averages validation losses over rows, not over batches", async () => {
    const { epochs } = await observe(new LinearDevice());
    // Seven rows in batches of three: a mean of batch means would differ from the mean square over all rows.
    for (const { valid } of epochs) {
      expect(valid?.losses.get("task")).toBeCloseTo(valid?.metrics.get("mse") ?? Number.NaN, 5);
    }
  });

  it("stops when patience runs out, and keeps the best epoch", async () => {
    const { result, epochs } = await observe(new LinearDevice({ rate: 0.6 }), {
      settings: { ...SETTINGS, epochs: 50, patience: 2, schedules: new Map() },
    });
    expect(result.status).toBe("patience");
    expect(epochs.length).toBe((result.state.best?.epoch ?? 0) + 3);
  });

  it("stops at the first loss that is not finite and names it", async () => {
    const failure = observe(new LinearDevice({ rate: 1e30 }), {
      settings: { ...SETTINGS, schedules: new Map() },
    });
    const error = await failure.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof UserError)) throw new Error("a UserError was expected");
    expect(error.problems[0]?.code).toBe("diverged");
    expect(error.problems[0]?.text).toMatch(
      /^The loss `(size|task)` is (infinite|not a number) in iteration [234] /,
    );
    expect(error.problems[0]?.hint).toContain("data inspect");
  });
});

describe("an interrupted run", () => {
  it.each([1, 4, 6, 7, 17])("goes on bit for bit after iteration %i", async (stopAfter) => {
    const whole = await observe(new LinearDevice());
    const controller = new AbortController();
    const stopper = new LinearDevice({
      afterIteration: (count) => count === stopAfter && controller.abort(),
    });
    const first = await observe(stopper, { signal: controller.signal });
    expect(first.result.status).toBe("interrupted");
    expect(stopper.batches).toHaveLength(stopAfter);
    const checkpoint = first.checkpoints.at(-1);
    if (checkpoint === undefined) throw new Error("no checkpoint");
    // Through JSON, as in a run folder.
    const state = JSON.parse(JSON.stringify(checkpoint.state));
    const resume = { checkpoint: { ...checkpoint, state }, best: first.best.at(-1) ?? null };
    const second = await observe(new LinearDevice(), { resume });
    expect([...first.iterations, ...second.iterations]).toEqual(whole.iterations);
    expect([...first.epochs, ...second.epochs]).toEqual(whole.epochs);
    expect(second.checkpoints.at(-1)).toEqual(whole.checkpoints.at(-1));
    expect(second.result).toEqual(whole.result);
  });

  it("goes on to the final evaluation when only that was missing", async () => {
    const whole = await observe(new LinearDevice());
    const last = whole.checkpoints.at(-1);
    if (last === undefined) throw new Error("no checkpoint");
    const again = await observe(new LinearDevice(), {
      resume: { checkpoint: last, best: whole.best.at(-1) ?? null },
    });
    expect(again.result).toEqual(whole.result);
    expect(again.iterations).toEqual([]);
  });
});
