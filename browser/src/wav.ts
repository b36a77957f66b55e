/** WAV files. */

/** Sample type of a WAV file: 16-bit integers, or 32-bit floating point. */
export type WavFormat = "i16" | "f32";

/** A WAV file with one channel. */
export function wav(samples: Float32Array, sampleRate: number, format: WavFormat): Uint8Array<ArrayBuffer> {
  const width = format === "i16" ? 2 : 4;
  const size = samples.length * width;
  const file = new DataView(new ArrayBuffer(44 + size));
  let at = 0;
  const name = (value: string) => {
    for (const letter of value) {
      file.setUint8(at++, letter.charCodeAt(0));
    }
  };
  const u16 = (value: number) => {
    file.setUint16(at, value, true);
    at += 2;
  };
  const u32 = (value: number) => {
    file.setUint32(at, value, true);
    at += 4;
  };
  name("RIFF");
  u32(36 + size);
  name("WAVEfmt ");
  u32(16);
  u16(format === "i16" ? 1 : 3);
  u16(1);
  u32(sampleRate);
  u32(sampleRate * width);
  u16(width);
  u16(8 * width);
  name("data");
  u32(size);
  for (const sample of samples) {
    if (format === "f32") {
      file.setFloat32(at, sample, true);
    } else {
      const clipped = Math.min(1, Math.max(-1, sample));
      // Rounded as in Rust, before the fraction is cut.
      file.setInt16(at, Math.fround(clipped * 32767), true);
    }
    at += width;
  }
  return new Uint8Array(file.buffer);
}
