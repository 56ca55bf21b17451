/** Device programs as text, one dispatch a line. */
import { at } from "../base/invariant.ts";
import { describePlace } from "../diagnostics/source.ts";
import type { Dispatch, Program, Region, Segment } from "./program.ts";

/** Arenas, and the dispatches of every segment. */
export function printProgram(program: Program): string {
  const { peakBytes, sumBytes } = program.memory;
  const arenas = [...program.arenas].map(([name, bytes]) => `arena ${name}: ${bytes} bytes`);
  const segments = program.segments.map((segment) => {
    const { name, phase, kind, repeat } = segment;
    return [
      `segment ${name} (${kind} of phase ${phase}, repeat ${repeat})`,
      ...inLoops(
        segment,
        segment.dispatches.map((dispatch) => printDispatch(program, dispatch)),
      ),
    ].join("\n");
  });
  return `${[...arenas, `work memory: ${peakBytes} bytes at most, ${sumBytes} without reuse`, "", segments.join("\n\n")].join("\n")}\n`;
}

/** A line for each dispatch, under a line for the loop that it is in. */
export function inLoops({ loops = [] }: Segment, lines: readonly string[]): string[] {
  return lines.flatMap((line, index) => {
    const loop = loops.find(({ first, count }) => first <= index && index < first + count);
    if (loop === undefined) return [`  ${line}`];
    return [...(loop.first === index ? [`  ${loop.steps} times`] : []), `    ${line}`];
  });
}

/** `work[256, 64]`, and how far it moves with every turn of a loop. */
export function printRegion({ arena, offset, bytes, advance = 0 }: Region): string {
  const moves = advance === 0 ? "" : `, ${advance > 0 ? "+" : ""}${advance}`;
  return `${arena}[${offset}, ${bytes}${moves}]`;
}

function printDispatch(program: Program, { kernel: number, operands, flops, origins }: Dispatch): string {
  const kernel = at(program.kernels, number);
  const regions = operands.map((region, index) => {
    const access = { read: "", write: "=", update: "~" }[at(kernel.operands, index).access];
    return `${access}${printRegion(region)}`;
  });
  const [origin] = origins;
  const place = origin === undefined ? "" : `   // ${describePlace(origin)}`;
  return `${number}: ${kernel.name} (${regions.join(", ")}) ${flops} flops${place}`;
}
