/** What `cargo xtask bench` asks for, and where it reads the figures. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run it by \`cargo xtask bench\``);
  return value;
}

/** Runs of each case. */
export const RUNS = Number(variable("POCKET_ONNX_RUNS"));

/** Whether this bundle, or `visit`, is to be measured. */
export function isAsked(name: string): boolean {
  return variable("POCKET_ONNX_ONLY").split(",").includes(name);
}

/** Writes figures into the folder that the command reads. */
export function report(name: string, figures: unknown): Promise<void> {
  return writeFile(join(variable("POCKET_ONNX_FIGURES"), `${name}.json`), JSON.stringify(figures));
}
