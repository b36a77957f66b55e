/** The entry point of a page's worker. */

import { type Scope, serve } from "./serving.js";

serve(globalThis as unknown as Scope);
