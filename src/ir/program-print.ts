/** Device programs as text, one dispatch a line. */
import { at } from "../base/invariant.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Dispatch, Program } from "./program.ts";

/** Arenas, and the dispatches of every segment. */
export function printProgram(program: Program): string {
  const { peakBytes, sumBytes } = program.memory;
  const arenas = [...program.arenas].map(([name, bytes]) => `arena ${name}: ${bytes} bytes`);
  const segments = program.segments.map(({ name, phase, kind, repeat, dispatches }) => {
    return [
      `segment ${name} (${kind} of phase ${phase}, repeat ${repeat})`,
      ...dispatches.map((dispatch) => `  ${printDispatch(program, dispatch)}`),
    ].join("\n");
  });
  return `${[...arenas, `work memory: ${peakBytes} bytes at most, ${sumBytes} without reuse`, "", segments.join("\n\n")].join("\n")}\n`;
}

function printDispatch(program: Program, { kernel: number, operands, flops, origins }: Dispatch): string {
  const kernel = at(program.kernels, number);
  const regions = operands.map(({ arena, offset, bytes }, index) => {
    const access = { read: "", write: "=", update: "~" }[at(kernel.operands, index).access];
    return `${access}${arena}[${offset}, ${bytes}]`;
  });
  const [origin] = origins;
  const place = origin === undefined ? "" : `   // ${describePlace(origin)}`;
  return `${number}: ${kernel.name} (${regions.join(", ")}) ${flops} flops${place}`;
}
