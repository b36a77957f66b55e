/** A page's worker that encodes files of sound. */

import { encodeFor } from "./encoding.js";

encodeFor(globalThis as unknown as Parameters<typeof encodeFor>[0]);
