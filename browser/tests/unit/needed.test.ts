/** Which formats of weights the self-test has to cover. */

import { expect, test } from "vitest";
import { weightFormats } from "../../src/loading/needed.js";
import { FORMATS, type Manifest } from "../../src/manifest.js";

/** A manifest with these parameters, in one component each. */
function manifest(...parameters: unknown[]): Manifest {
  return { components: Object.fromEntries(parameters.map((it, i) => [i, { parameters: [it] }])) } as never;
}

test("products are made with matrices alone", () => {
  const parameters = [
    { kind: "matrix", format: "q8" },
    { kind: "vector", format: "f32" },
    { kind: "table", format: "q4" },
    { kind: "matrix", format: "q16" },
    { kind: "matrix", format: "q8" },
  ];
  expect(weightFormats(manifest(...parameters))).toEqual(["q16", "q8"]);
});

test("a manifest that says nothing of them may need all formats", () => {
  const damaged = [undefined, { components: 3 }, { components: { a: {} } }, manifest({ kind: "matrix", format: "q7" })];
  for (const it of damaged) expect(weightFormats(it as never)).toEqual([...FORMATS]);
});
