/** What one core can do at most in 128-bit vectors: products and sums in registers, without any memory. */
import { encodeModule } from "../src/codegen/wasm/binary.ts";
import { FunctionBuilder } from "../src/codegen/wasm/function.ts";
import { f32x4, i32, v128 } from "../src/codegen/wasm/instructions.ts";
import { VectorMath } from "../src/codegen/wasm/math.ts";
import { allocateMemory, compileModule, hasRelaxedSimd, instantiate } from "../src/runtime/wasm/engine.ts";
import { measure } from "./measure.ts";

const CHAINS = 10;
const TURNS = 1_000_000;

/** Floating-point operations per second, in 10^9. */
export async function peakProbe(seconds: number): Promise<number> {
  const type = { parameters: ["i32", "i32", "i32", "i32"], results: [] } as const;
  const f = new FunctionBuilder(type);
  const math = new VectorMath(f, hasRelaxedSimd());
  const factor = f.keep(f32x4.constant(0.999));
  const totals = Array.from({ length: CHAINS }, (_, chain) => f.variable("v128", f32x4.constant(chain)));
  f.count(TURNS, 1, () => {
    for (const total of totals) total.set(math.multiplyAdd(total.get, factor, factor));
  });
  for (const [chain, total] of totals.entries())
    f.push(v128.store(i32.constant(1024 + chain * 16), total.get));
  const bytes = encodeModule(
    {
      imports: [
        { module: "mird", name: "memory", kind: "memory", pages: 1, maximumPages: 65536 },
        { module: "mird", name: "scratch", kind: "global", type: "i32" },
      ],
      functions: [f.finish()],
      table: [],
      exports: [{ name: "run", function: 0 }],
    },
    type,
  );
  const functions = instantiate(await compileModule(bytes), allocateMemory(65536), 0);
  const { low } = measure(() => functions.run(0, 1, 0, 0), seconds);
  return (CHAINS * TURNS * 8) / low / 1e6;
}
