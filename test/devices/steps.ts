/** One step of every spec of the repository: losses and gradients of a device against those of the interpreter, which runs the spec without optimisation. */
import { librarySpecs } from "../support/library-specs.ts";
import type { SmallSpec } from "../support/one-step.ts";
import { compileSmall, runOneStep, runStepOn } from "../support/one-step.ts";
import type { OpenedDevice } from "./configurations.ts";

/** Largest difference, relative to the largest value of the arena. */
const TOLERANCE = 1e-3;
/** Some specs, shrunk to widths of 4, are so sensitive that rounding of stored values alone moves them further. They may move so many times as far. */
const SENSITIVE = 3;

type Arenas = ReadonlyMap<string, Float64Array>;

const expected = new Map<SmallSpec, { readonly exact: Arenas; readonly rounded: Arenas }>();

function interpreted(spec: SmallSpec) {
  const known = expected.get(spec);
  if (known !== undefined) return known;
  const exact = runOneStep(compileSmall(spec, false));
  const rounded = runOneStep(compileSmall(spec, true), { singlePrecision: true });
  expected.set(spec, { exact, rounded });
  return { exact, rounded };
}

/** Runs every spec; `say` hears what differs. */
export async function everySpec(
  device: OpenedDevice,
  say: (line: string) => void,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const counts = { passed: 0, failed: 0 };
  for (const spec of librarySpecs) {
    const wrong = await mistakes(device, spec);
    if (wrong.length === 0) counts.passed++;
    else {
      counts.failed++;
      say(`FAILED ${spec.path} ${JSON.stringify(spec.settings)}: ${wrong.join("; ")}`);
    }
  }
  return counts;
}

async function mistakes({ backend, target }: OpenedDevice, spec: SmallSpec): Promise<string[]> {
  try {
    const got = await runStepOn(backend, compileSmall(spec, true, target));
    const { exact, rounded } = interpreted(spec);
    const none = new Float64Array();
    return [...got].flatMap(([arena, values]) => {
      const want = exact.get(arena) ?? none;
      const error = difference(values, want);
      const limit = Math.max(TOLERANCE, SENSITIVE * difference(rounded.get(arena) ?? none, want));
      return error <= limit
        ? []
        : [`${arena} differ by ${error.toExponential(2)}, limit ${limit.toExponential(2)}`];
    });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function difference(got: Float64Array, want: Float64Array): number {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return want.reduce((most, value, index) => {
    const error = Math.abs(value - (got[index] ?? Number.NaN)) / largest;
    return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(most, error);
  }, 0);
}
