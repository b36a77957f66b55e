/** A worker that encodes one file of sound. */

import { type Failure, failure } from "../errors.js";
import { type Encoding, encodeFile } from "./encoding.js";

/** The encoded file, or why there is none. */
export type Answer = { file: Uint8Array<ArrayBuffer> } | { failure: Failure };

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Encoding>) => void) | null;
  postMessage(message: Answer, transfer: Transferable[]): void;
};

scope.onmessage = async ({ data }) => {
  try {
    const file = await encodeFile(data);
    scope.postMessage({ file }, [file.buffer]);
  } catch (error) {
    scope.postMessage({ failure: failure(error) }, []);
  }
};
