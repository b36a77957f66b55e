import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // The default one needs Node 22 to show why a test fails.
    reporters: ["tap-flat", "./tests/support/failures.ts"],
    // What is measured is time: one browser after the other.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
