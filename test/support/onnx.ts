/** Runs ONNX models with onnxruntime, the WebAssembly build of which works everywhere. */
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export interface Given {
  readonly type: "float32" | "int32";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** The outputs of a model by name. */
export async function runOnnx(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Given>>,
): Promise<Map<string, Float32Array>> {
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  const feeds = Object.entries(inputs).map(([name, { type, shape, data }]) => [
    name,
    type === "float32"
      ? new ort.Tensor("float32", Float32Array.from(data), shape)
      : new ort.Tensor("int32", Int32Array.from(data), shape),
  ]);
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return new Map(
    Object.entries(results).map(([name, { data }]) => [name, Float32Array.from(Array.from(data, Number))]),
  );
}
