/** The demo page. */

import { join } from "node:path";
import { build } from "vite";
import { PACKAGE } from "./bundles.js";

/** Builds the page as it is published, into this folder. */
export async function buildDemo(outDir: string): Promise<void> {
  // Test runners call their environment something else.
  process.env["NODE_ENV"] = "production";
  const configFile = join(PACKAGE, "demo/vite.config.ts");
  await build({ configFile, logLevel: "warn", build: { outDir, emptyOutDir: true } });
}
