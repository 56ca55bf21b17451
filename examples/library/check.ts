// Looks for mistakes, and at what a spec costs before anything runs.
import { check, compile, renderDiagnostics, UserError } from "mird";

const problems = check({ spec: "specs/mird.mird", set: { penalty: "Linear" } });
console.log(renderDiagnostics(problems, { color: false }));

const { parameters, summary } = await compile({ spec: "specs/mird.mird", set: { d: 32 }, device: "cpu" });
console.log(parameters.length, "tensors,", summary.iteration.dispatches, "dispatches an iteration");

try {
  await compile({ spec: "specs/mird.mird", set: { width: 32 } });
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(error.problems.map(({ code, text }) => `${code}: ${text}`));
}
