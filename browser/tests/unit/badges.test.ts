/** What the READMEs' badges say is true. */

import { access, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const ROOT = new URL("../../../", import.meta.url);
const read = (file: string) => readFile(new URL(file, ROOT), "utf8");

test("badges name the versions and the licence of the manifests, and workflows that exist", async () => {
  const { engines, license: expression } = JSON.parse(await read("browser/package.json"));
  const license = expression.replace(/^\(|\)$/g, "");
  const cargo = await read("Cargo.toml");
  const rust = /^rust-version = "(.*)"$/m.exec(cargo)?.[1];
  const said: Record<string, string> = {
    Node: `${engines.node.replace(">=", "")} or newer`,
    Rust: `${rust} or newer`,
    Licence: `: ${license.replace(" OR ", " or ")}`,
  };
  expect(cargo).toContain(`license = "${license}"`);
  for (const file of ["README.md", "browser/README.md", "crates/pocket-onnx/README.md"]) {
    const badges = [...(await read(file)).matchAll(/!\[(Node|Rust|Licence)(.*?)\]\((\S+)\)/g)];
    expect(badges).toHaveLength(2);
    for (const [, about = "", text = "", address = ""] of badges) {
      expect(text.trim()).toBe(said[about]);
      // The picture says the same.
      const words = decodeURIComponent(address).replaceAll("--", "-").replaceAll("_", " ");
      const value = said[about]?.replace(/^: | or newer$/g, "") ?? "";
      expect(words).toContain(value);
    }
    for (const [, workflow = ""] of (await read(file)).matchAll(/workflows\/([\w.]+)\/badge/g)) {
      await access(new URL(`.github/workflows/${workflow}`, ROOT));
    }
  }
});
