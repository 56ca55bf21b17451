import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The examples import the library by its name; tests run them on the sources.
  resolve: { alias: { mird: fileURLToPath(new URL("src/api/index.ts", import.meta.url)) } },
  test: {
    // Tests are about the compiler, not about what it made before; those of the cache name a folder of their own.
    env: { MIRD_CACHE: "off" },
    include: ["test/**/*.test.ts"],
    exclude: ["test/oracles/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn on a software adapter already uses every core; two test files at a time is the useful limit.
    maxWorkers: 2,
  },
});
