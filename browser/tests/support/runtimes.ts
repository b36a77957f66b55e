/** Node, Deno and Bun, which `tests/runtimes` names the versions of; and what runs from there. */

import { join } from "node:path";
import { arch, platform } from "node:process";
import { PACKAGE } from "./bundles.js";

const MODULES = join(PACKAGE, "tests/runtimes/node_modules");

export interface Runtime {
  name: string;
  /** The program, and its words before those of a script. */
  command: readonly [string, ...string[]];
}

/** All of them. The registry has programs of Linux only under names that are the same for all versions. */
export function runtimes(): Runtime[] {
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw new Error(`tests/runtimes has no programs for ${platform} on ${arch}`);
  }
  const bun = arch === "x64" ? "bun-linux-x64" : "bun-linux-aarch64";
  return [
    { name: "Node 20", command: [join(MODULES, `node-20-${arch}/bin/node`)] },
    { name: "Node 26", command: [join(MODULES, `node-26-${arch}/bin/node`)] },
    {
      name: "Deno",
      // Asks for nothing more.
      command: [join(MODULES, `@deno/linux-${arch}-glibc/deno`), "run", "--no-prompt", "--allow-read", "--allow-write"],
    },
    { name: "Bun", command: [join(MODULES, `@oven/${bun}/bin/bun`)] },
  ];
}

/** A command that is installed there. */
export function tool(name: string): string {
  return join(MODULES, ".bin", name);
}
