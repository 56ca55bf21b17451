/** The message for a loss that stopped being a number. */
import { UserError } from "../diagnostics/problems.ts";

interface Divergence {
  readonly loss: string;
  readonly value: number;
  /** Counted from 0. */
  readonly iteration: number;
  readonly epoch: number;
  readonly losses: ReadonlyMap<string, number>;
}

/** Training cannot go on: which loss failed first, and what to try. */
export function divergence({ loss, value, iteration, epoch, losses }: Divergence): UserError {
  const what = Number.isNaN(value) ? "not a number" : "infinite";
  const table = [...losses].map(([name, other]) => `    ${name} ${String(other)}`).join("\n");
  const early = iteration < 3;
  const hint = early
    ? "It failed at the start: look for a logarithm or a division that meets 0 in this loss, and check the data with `mird data inspect`."
    : "Lower the learning rate of the phase, or add `clip norm 1.0` to it.";
  return new UserError([
    {
      code: "diverged",
      severity: "error",
      title: "A loss is not finite",
      primary: null,
      related: [],
      text:
        `The loss \`${loss}\` is ${what} in iteration ${iteration + 1} (epoch ${epoch + 1})${iteration > 0 ? "; every loss was finite before" : ""}. ` +
        `All losses of this iteration:\n\n${table}`,
      hint,
    },
  ]);
}
