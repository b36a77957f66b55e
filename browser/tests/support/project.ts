/** Fresh projects that the package is installed in as others install it: from an archive. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PACKAGE } from "./bundles.js";

const run = promisify(execFile);

export interface Projects extends AsyncDisposable {
  /** The archive. */
  archive: string;
  /** A folder of its own, which holds these files and the installed package. */
  create(name: string, files: Record<string, string>): Promise<string>;
}

/** Packs the package. */
export async function packPackage(): Promise<Projects> {
  const dir = await mkdtemp(join(tmpdir(), "pocket-onnx-projects-"));
  await run("npm", ["pack", "--pack-destination", dir, "--loglevel=error"], { cwd: PACKAGE });
  const archive = join(dir, (await readdir(dir)).find((name) => name.endsWith(".tgz")) ?? "");
  return {
    archive,
    async create(name, files) {
      const folder = join(dir, name);
      const manifest = { name, private: true, type: "module", dependencies: { "pocket-onnx": `file:${archive}` } };
      for (const [file, text] of Object.entries({ ...files, "package.json": JSON.stringify(manifest) })) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), text);
      }
      await run("npm", ["install", "--ignore-scripts", "--offline", "--loglevel=error"], { cwd: folder });
      return folder;
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
