/** One step of every spec of the repository: losses and gradients of a device against those of the interpreter, which runs the spec without optimisation. */
import { librarySpecs } from "../support/library-specs.ts";
import type { SmallSpec } from "../support/one-step.ts";
import { compileSmall, runOneStep, runStepOn } from "../support/one-step.ts";
import type { OpenedDevice } from "./configurations.ts";

/** Largest difference, relative to the largest value of the arena. */
const TOLERANCE = 1e-3;

const expected = new Map<SmallSpec, ReadonlyMap<string, Float64Array>>();

function interpreted(spec: SmallSpec): ReadonlyMap<string, Float64Array> {
  const known = expected.get(spec) ?? runOneStep(compileSmall(spec, false));
  expected.set(spec, known);
  return known;
}

/** Runs every spec; `say` hears what differs. */
export async function everySpec(
  { backend, target }: OpenedDevice,
  say: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const counts = { passed: 0, failed: 0 };
  for (const spec of librarySpecs) {
    const wrong: string[] = [];
    try {
      const got = await runStepOn(backend, compileSmall(spec, true, target));
      for (const [arena, values] of got) {
        const error = difference(values, interpreted(spec).get(arena) ?? new Float64Array());
        if (!(error <= TOLERANCE)) wrong.push(`${arena} differ by ${error.toExponential(2)}`);
      }
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
    }
    if (wrong.length === 0) counts.passed++;
    else {
      counts.failed++;
      say(`FAILED ${spec.path} ${JSON.stringify(spec.settings)}: ${wrong.join("; ")}`);
    }
  }
  return counts;
}

function difference(got: Float64Array, want: Float64Array): number {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return want.reduce((most, value, index) => {
    const error = Math.abs(value - (got[index] ?? Number.NaN)) / largest;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(most, error);
  }, 0);
}
