/** The library, as the page sees it: the one place that imports it. */

import { PocketTTS, Player, type Chunk, type LoadOptions, type SpeakOptions, type Voice } from "pocket-onnx";

export { PocketTTS, Player };
export type { Chunk, LoadOptions, SpeakOptions, Voice };
