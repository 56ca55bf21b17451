/** How fast a device is, in a second or two: one small matrix product and one small training step. */
import type { DeviceReport } from "../api/devices.ts";
import { openSurveyed } from "../api/devices.ts";
import { diskLoader } from "../api/sources.ts";
import { requireModel } from "../api/spec.ts";
import { bench } from "../driver/bench.ts";
import { measureMatmul } from "../driver/ceilings.ts";
import { prepareInvented } from "../driver/prepare-invented.ts";

export type DeviceSpeed =
  | { readonly size: number; readonly flopsPerSecond: number; readonly stepMilliseconds: number }
  /** The device opens, but does not work. */
  | { readonly failure: string };

/** Rows and columns of the product. */
const SIZE = 256;
const SECONDS = 0.2;

/** Two layers of 64 and their gradients, 64 rows. */
const SPEC = `import std.loss (mse)
import std.nn (Linear)
model Probe {
  size D = 64
  input x : f32[B, D]
  label y : f32[B]
  y_hat = at(Linear(1)(tanh(Linear(64)(x))), axis = 1, index = 0)
  loss task = mse(y_hat, y)
  output y_hat predicts y
}
train Probe {
  batch 64
  phase model {
    minimize task
    updates all
    with Adam(lr = 1e-3)
  }
  epochs 1
}
`;

/** Opens the device and measures it. */
export async function measureDevice(kind: DeviceReport["kind"]): Promise<DeviceSpeed> {
  try {
    const { backend, target } = await openSurveyed(kind);
    try {
      const { perSecond } = await measureMatmul(backend, target, SIZE, SECONDS);
      const { model, program } = requireModel({
        entry: { path: "probe.mird", text: SPEC },
        loadSource: diskLoader({}),
        settings: {},
        model: null,
      });
      const { types } = program;
      const made = prepareInvented({ model, types, target, limits: backend.limits });
      const { iteration } = await bench({ ...made, backend, seconds: SECONDS });
      return { size: SIZE, flopsPerSecond: perSecond, stepMilliseconds: iteration.milliseconds.median };
    } finally {
      backend.close();
    }
  } catch (error) {
    // A broken driver is what this command is asked about; the others are shown all the same.
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
