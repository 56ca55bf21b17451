import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/oracles/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Dawn on a software adapter already uses every core; two test files at a time is the useful limit.
    maxWorkers: 2,
  },
});
