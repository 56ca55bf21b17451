/** What a vocabulary as large as that of BERT costs in memory: the logits of all tokens over it are never stored. */
import { expect, test } from "vitest";
import { diskLoader, readSpec } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { compileOnly } from "../../src/driver/prepare.ts";

function programsOf(words: number) {
  const sources = {};
  const { program, model } = requireModel({
    entry: readSpec("specs/mird.mird", sources),
    loadSource: diskLoader(sources),
    settings: { V: `${words}` },
    model: null,
  });
  const { compiled } = compileOnly({ model, types: program.types, target: CPU, data: null });
  return [compiled.iteration.program, compiled.evaluation.program];
}

test("MIRD with 30522 words needs little more memory than with 1500", () => {
  const logits = 144 * 50 * 30522 * 4;
  const piece = 32 * 2 ** 20;
  const weights = 30522 * 128 * 4;
  const small = programsOf(1500);
  for (const [index, { memory }] of programsOf(30522).entries()) {
    expect(memory.peakBytes).toBeLessThan(logits * 0.6);
    // One piece of the logits, and the gradient of their weights while it is summed up; gaps between tensors differ from size to size.
    expect(memory.peakBytes - (small[index]?.memory.peakBytes ?? 0)).toBeLessThan(
      1.05 * (piece + 2 * weights),
    );
  }
});
