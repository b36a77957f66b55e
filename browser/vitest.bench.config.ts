import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["bench/**/*.test.ts"],
    reporters: ["tap-flat"],
    // What is measured is time: one browser after the other.
    fileParallelism: false,
    // The reporter keeps what a run measured to itself.
    disableConsoleIntercept: true,
  },
});
