/** Lists at the end once more which tests failed and why, and what failed outside of tests. */

import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

export default class Failures implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const failed = modules.flatMap((module) => [...module.children.allTests("failed")]);
    for (const test of failed) console.log(`\nfailed: ${name(test)}\n${reasons(test)}`);
    for (const module of modules) {
      for (const error of module.errors())
        console.log(`\nfailed: ${module.relativeModuleId}\n${error.stack ?? error.message}`);
    }
    for (const error of unhandled) console.log(`\nfailed outside of a test: ${error.stack ?? error.message}`);
  }
}

function name(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

function reasons(test: TestCase): string {
  const errors = test.result().errors ?? [];
  return errors.map(({ message, stack, diff }) => [message, diff, stack].filter(Boolean).join("\n")).join("\n");
}
