/** Lets the package work in a program. */

import { fetchWith } from "../loading/fetch.js";
import { setPlatform } from "../platform/platform.js";
import { fetchAny } from "./files.js";
import { program } from "./program.js";

fetchWith(fetchAny);
setPlatform(program);
