/** The native command, and what it serves. */

import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

function command(): string {
  const command = process.env["POCKET_ONNX_COMMAND"];
  if (command === undefined) throw new Error("POCKET_ONNX_COMMAND is not set: run `cargo xtask test browser`");
  return command;
}

/** Runs the command to its end. */
export async function run(args: readonly string[]): Promise<void> {
  await promisify(execFile)(command(), args);
}

/** What the command prints. */
export async function output(args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  return (await promisify(execFile)(command(), args, options)).stdout;
}

export interface Served extends AsyncDisposable {
  /** With a slash at the end. */
  url: string;
}

/** Starts `pocket-onnx serve`; when it is stopped, it must exit without an error. */
export async function serveCommand(args: readonly string[]): Promise<Served> {
  const child = spawn(command(), ["serve", "--json", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  if (done) throw new Error(`serve exits with ${await ended}`);
  const { url }: { url: string } = JSON.parse(value);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      const code = await ended;
      if (code !== 0) throw new Error(`serve exits with ${code}`);
    },
  };
}
