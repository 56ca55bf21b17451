import { describe, expect, it } from "vitest";
import { Progress } from "../../src/cli/progress.ts";
import type { EpochEvent, IterationEvent } from "../../src/train/loop.ts";

/** A progress display on a stream that is kept, with a clock that the test moves. */
function display(terminal: boolean, columns = 200) {
  let text = "";
  let time = 0;
  const stream = {
    write: (more: string) => {
      text += more;
    },
    terminal,
    color: false,
    columns,
  };
  const progress = new Progress(stream, ["mae"], () => time);
  progress.start({ epochs: 2, iterationsPerEpoch: 10, from: { iteration: 0 } });
  return {
    progress,
    wait: (milliseconds: number) => {
      time += milliseconds;
    },
    take: () => {
      const taken = text;
      text = "";
      return taken;
    },
  };
}

const losses = new Map([
  ["model.objective", 3.5],
  ["task", 1.25],
  ["fit.objective", 2.25],
  ["fit", 2.25],
  ["fit[a,b]", 2.25],
]);
const iteration = (number: number): IterationEvent => ({ iteration: number, epoch: 0, losses });
const epoch: EpochEvent = {
  epoch: 0,
  iteration: 10,
  train: losses,
  valid: {
    losses: new Map(),
    metrics: new Map([["mae", 0.5]]),
    outputs: new Map(),
    predictions: null,
    pairs: null,
    confusion: null,
    unpredicted: null,
  },
  best: { epoch: 0, value: 0.5 },
  improved: true,
};

const EPOCH_LINE = "epoch 1/2  model.objective 3.5000, task 1.2500, fit 2.2500  valid mae 0.5000  best\n";

describe("progress without a terminal", () => {
  it("writes a line every ten seconds, and one per epoch", () => {
    const { progress, wait, take } = display(false);
    for (let number = 0; number < 5; number++) {
      wait(2000);
      progress.iteration(iteration(number));
    }
    expect(take()).toBe(
      "epoch 1/2, 5/10, 2.0 s/it, 30 s left, model.objective 3.5000, task 1.2500, fit 2.2500\n",
    );
    wait(500);
    progress.iteration(iteration(5));
    expect(take()).toBe("");
    progress.epoch(epoch);
    expect(take()).toBe(
      "epoch 1/2  model.objective 3.5000, task 1.2500, fit 2.2500  valid mae 0.5000  best\n",
    );
    progress.compiling(1, 3);
    expect(take()).toBe("");
  });

  it("calls no epoch the best where nothing is selected", () => {
    const { progress, take } = display(false);
    progress.epoch({ ...epoch, best: { epoch: 0, value: null } });
    expect(take()).toBe(EPOCH_LINE.replace("  best", ""));
  });
});

describe("progress on a terminal", () => {
  it("rewrites one line, no wider than the window", () => {
    const { progress, wait, take } = display(true, 30);
    wait(125);
    progress.iteration(iteration(0));
    expect(take()).toBe("\r\u001b[2Kepoch 1/2, 1/10, 8.0 it/s, 2 ");
    wait(10);
    progress.iteration(iteration(1));
    expect(take()).toBe("");
    progress.epoch(epoch);
    expect(take()).toBe(`\r\u001b[2K${EPOCH_LINE}`);
  });

  it("shows how far the kernels are", () => {
    const { progress, take } = display(true);
    progress.compiling(1, 2);
    progress.compiling(2, 2);
    expect(take()).toBe("\r\u001b[2Kpreparing kernels, 1 of 2\r\u001b[2K");
  });
});
