/** The speaker in a document of its own: Chromium's background has neither sound nor workers. */

import { Speaker } from "./speaker.js";

new Speaker().listen();
