/** A program's thread that speaks. */

import { serve } from "../worker/serving.js";
import { run } from "./thread.js";

run(serve);
