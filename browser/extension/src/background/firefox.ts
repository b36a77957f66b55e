/** The background of Firefox, which has sound and workers itself, and no speech engines. */

import { Speaker } from "../speaker/speaker.js";
import { listenForReading } from "./reading.js";

new Speaker().listen();
listenForReading(async () => {});
