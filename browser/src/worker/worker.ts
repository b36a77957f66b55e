/** A page's worker that speaks. */

import { expectModule } from "./module.js";
import { serve } from "./serving.js";

expectModule();
serve(globalThis as unknown as Parameters<typeof serve>[0]);
