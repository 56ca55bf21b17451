// Stops a training after three iterations and goes on with it.
import { load, resume, train } from "mird";

const out = process.env.RUN_FOLDER ?? "runs/library-cancel";
const controller = new AbortController();
const stopped = await train({
  spec: "examples/quickstart/quickstart.mird",
  data: "synth",
  epochs: 1,
  device: "cpu",
  out,
  force: true,
  signal: controller.signal,
  onIteration: ({ iteration }) => {
    if (iteration === 2) controller.abort();
  },
});
console.log(stopped.info.status);

await resume(out, { device: "cpu" });
const run = load(out);
console.log(run.info.status, run.history().length, run.parameters().size);
