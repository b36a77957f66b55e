/** Private, streaming, offline speech in Node, Deno and Bun. */

import "./install.js";

export * from "../index.js";
