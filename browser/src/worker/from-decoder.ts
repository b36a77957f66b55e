/** What the decoder's worker tells the backbone's while both open a bundle. */

import type { ToBackbone } from "./messages.js";
import type { Tested } from "./module.js";

export interface FromDecoder {
  /** What the self-test found: one worker makes it for both. */
  tested: Promise<Tested>;
  /** The weights of the first part of the decoder, if that is shared: one worker fetches and checks the file. */
  weights: Promise<Uint8Array<ArrayBuffer>>;
}

/** Listens to the decoder's worker, until the port is given another listener. */
export function hearDecoder(peer: MessagePort): FromDecoder {
  let takeTested: (tested: Tested) => void = () => {};
  let takeWeights: (weights: Uint8Array<ArrayBuffer>) => void = () => {};
  const tested = new Promise<Tested>((resolve) => (takeTested = resolve));
  const weights = new Promise<Uint8Array<ArrayBuffer>>((resolve) => (takeWeights = resolve));
  peer.onmessage = ({ data }: MessageEvent<ToBackbone>) => {
    if (data.type === "tested") {
      takeTested(data.tested);
    } else if (data.type === "weights") {
      takeWeights(new Uint8Array(data.buffer));
    }
  };
  return { tested, weights };
}
