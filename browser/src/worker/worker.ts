/** A page's worker that speaks. */

import { serve } from "./serving.js";

serve(globalThis as unknown as Parameters<typeof serve>[0]);
