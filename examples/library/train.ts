// Trains a small model on values in memory, follows it, and asks the run for predictions.
import { datasetFromArrays, predict, train } from "mird";

const spec = `
import std.loss (mse)
import std.nn (Mlp)
import std.sequence (LstmEncoder)

model Small {
  input voice : f32[B, T~, D]
  label y : f32[B]
  code = LstmEncoder(8)(voice)
  y_hat = at(Mlp(8, 1)(code), axis = 1, index = 0)
  loss task = mse(y_hat, y)
  output y_hat predicts y
  output code
}

train Small {
  batch 8
  phase model {
    minimize task
    updates all
    with Adam(lr = 1e-2)
  }
  epochs 20
  select min valid.mae
  report mae, corr
}
`;

// Rows of their own length: steps of two numbers. What has to be found is their mean.
const row = (index: number) =>
  Array.from({ length: 3 + (index % 4) }, (_, step) => [Math.sin(index), Math.cos(index + step)]);
const rows = (from: number, count: number) => {
  const voice = Array.from({ length: count }, (_, index) => row(from + index));
  return { voice, y: voice.map((steps) => steps.flat().reduce((a, b) => a + b) / steps.length) };
};

const data = datasetFromArrays({
  fields: { voice: { kind: "sequence", width: 2 }, y: { kind: "score" } },
  label: "y",
  splits: { train: rows(0, 64), valid: rows(100, 24), test: rows(200, 24) },
});

const run = await train({
  spec: { text: spec },
  data,
  seed: 1,
  device: "cpu",
  out: process.env.RUN_FOLDER ?? "runs/library",
  force: true,
  onEpoch: ({ epoch, valid }) =>
    console.log(`epoch ${epoch + 1}: mae ${valid?.metrics.get("mae")?.toFixed(3)}`),
});
console.log(run.info.status, run.metrics().test?.metrics.corr);

const test = (await predict(run, { data, splits: ["test"], device: "cpu" })).get("test");
console.log(test?.predictions?.slice(0, 3), test?.outputs.get("code")?.width);
