/** The library, as the page sees it: the one place that imports it. */

export {
  type Backend,
  type Mark,
  type MediaType,
  type Notice,
  Player,
  PocketTTS,
  type ProgressEvent,
  readsNumbers,
  type SpeakOptions,
  Speech,
  type Statistics,
  type Voice,
  type Word,
} from "pocket-onnx";
