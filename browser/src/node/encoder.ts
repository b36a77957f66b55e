/** A program's thread that encodes files of sound. */

import { encodeFor } from "../worker/encoding.js";
import { run } from "./thread.js";

run(encodeFor);
