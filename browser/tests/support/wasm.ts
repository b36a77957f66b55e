/** Wasm modules that are changed for a test. */

/** Id of the section of a module that has its memories. */
const MEMORIES = 5;
/** Bytes before the first section. */
const HEADER = 8;
/** Bytes of a page of memory. */
export const PAGE = 65536;

/**
 * The module with at most so many pages of memory, as in a browser that has no more. It has one memory, without a
 * limit of its own.
 */
export function limitMemory(module: Buffer, pages: number): Buffer {
  for (let at = HEADER; at < module.length; ) {
    const [length, content] = unsigned(module, at + 1);
    if (module[at] === MEMORIES) {
      // How many there are, whether the first has a limit, and its pages at the start.
      const [least] = unsigned(module, content + 2);
      const memories = Buffer.from([1, 1, ...encode(least), ...encode(pages)]);
      const section = [Buffer.from([MEMORIES, ...encode(memories.length)]), memories];
      return Buffer.concat([module.subarray(0, at), ...section, module.subarray(content + length)]);
    }
    at = content + length;
  }
  throw new Error("the module has no memory");
}

/** A number in LEB128, and where the next one is. */
function unsigned(bytes: Buffer, at: number): [number, number] {
  let number = 0;
  for (let shift = 0; ; shift += 7, at += 1) {
    const byte = bytes[at] ?? 0;
    number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [number, at + 1];
  }
}

function encode(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...encode(number >> 7)];
}
