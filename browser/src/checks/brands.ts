/**
 * What kind of object a value is. `instanceof` compares prototypes, so it rejects objects of another frame
 * and accepts objects that only inherit. A getter taken from the class's prototype works for objects of the
 * class, in every frame, and throws for all others.
 */

/** Makes a check by the getter of `member`. The check is always false if the browser has no such class. */
function brand<T>(owner: () => { prototype: object } | undefined, member: string): (value: unknown) => value is T {
  return (value): value is T => {
    const get = getter(owner()?.prototype, member);
    if (get === undefined || typeof value !== "object" || value === null) {
      return false;
    }
    try {
      get.call(value);
      return true;
    } catch {
      return false;
    }
  };
}

/** The getter of `member`, which a page's subclass may inherit. */
function getter(prototype: object | null | undefined, member: PropertyKey): (() => unknown) | undefined {
  for (let owner = prototype ?? null; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const get = Object.getOwnPropertyDescriptor(owner, member)?.get;
    if (get !== undefined) {
      return get;
    }
  }
  return undefined;
}

export const isArrayBuffer = brand<ArrayBuffer>(() => ArrayBuffer, "byteLength");
// Pages without isolation have no shared buffers, and workers have no audio.
export const isSharedArrayBuffer = brand<SharedArrayBuffer>(() => globalThis.SharedArrayBuffer, "byteLength");
export const isDataView = brand<DataView>(() => DataView, "buffer");
export const isBlob = brand<Blob>(() => globalThis.Blob, "size");
export const isAbortSignal = brand<AbortSignal>(() => AbortSignal, "aborted");
export const isAudioBuffer = brand<AudioBuffer>(() => globalThis.AudioBuffer, "numberOfChannels");
export const isAudioContext = brand<AudioContext>(() => globalThis.AudioContext, "baseLatency");

const typeName = getter(Uint8Array.prototype, Symbol.toStringTag);

/** The name of a typed array's class, such as `Float32Array`; undefined for other values. */
export function typedArray(value: unknown): string | undefined {
  return typeName?.call(value) as string | undefined;
}

/** Whether the memory of a typed array was transferred; its length is then 0. */
export function wasMoved(values: { buffer: ArrayBufferLike }): boolean {
  try {
    new Uint8Array(values.buffer);
    return false;
  } catch {
    return true;
  }
}
