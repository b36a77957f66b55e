/** WAV files. */

/** Samples of a WAV file: 16-bit integers, or 32-bit floating point. */
export type WavFormat = "i16" | "f32";

/** Samples of a recording: one channel. */
export interface Samples {
  samples: Float32Array<ArrayBuffer>;
  sampleRate: number;
}

/**
 * The mean of the channels of a WAV file; nothing where it is none, or compressed. Browsers decode
 * these files too, but scale samples above and below zero differently, and resample.
 */
export function readWav(file: ArrayBuffer): Samples | undefined {
  const view = new DataView(file);
  const isRiff = file.byteLength >= 12 && text(view, 0) === "RIFF" && text(view, 8) === "WAVE";
  let format: { read: (at: number) => number; width: number; channels: number; rate: number } | undefined;
  for (let at = 12; isRiff && at + 8 <= file.byteLength; ) {
    const [name, size, start] = [text(view, at), view.getUint32(at + 4, true), at + 8];
    if (name === "fmt " && size >= 16 && start + size <= file.byteLength) {
      const kind = view.getUint16(start, true);
      // The extensible form keeps the kind further behind.
      const code = kind === 0xfffe && size >= 26 ? view.getUint16(start + 24, true) : kind;
      const width = view.getUint16(start + 14, true) / 8;
      const read = reader(view, code, width);
      const channels = view.getUint16(start + 2, true);
      format =
        read === undefined || channels === 0
          ? undefined
          : { read, width, channels, rate: view.getUint32(start + 4, true) };
    }
    if (name === "data") {
      if (format === undefined) {
        return undefined;
      }
      const { read, width, channels, rate } = format;
      // A file that is still being written says 0xffffffff.
      const length = Math.floor(Math.min(size, file.byteLength - start) / (width * channels));
      const samples = new Float32Array(length);
      for (let i = 0; i < length; i++) {
        let sum = 0;
        for (let channel = 0; channel < channels; channel++) {
          sum += read(start + (i * channels + channel) * width);
        }
        samples[i] = sum / channels;
      }
      return { samples, sampleRate: rate };
    }
    at = start + size + (size % 2);
  }
  return undefined;
}

/** Reads one sample. */
function reader(view: DataView, code: number, width: number): ((at: number) => number) | undefined {
  switch (`${code} ${width}`) {
    case "1 2":
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case "1 3":
      return (at) => (view.getInt16(at + 1, true) * 2 ** 8 + view.getUint8(at)) / 2 ** 23;
    case "1 4":
      return (at) => view.getInt32(at, true) / 2 ** 31;
    case "3 4":
      return (at) => view.getFloat32(at, true);
    default:
      return undefined;
  }
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

/** A WAV file of one channel. */
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
      file.setInt16(at, clipped * 32767, true);
    }
    at += width;
  }
  return new Uint8Array(file.buffer);
}
