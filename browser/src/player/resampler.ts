/**
 * Changes the sample rate of a stream: a windowed sinc, looked up in a table.
 *
 * Output sample `n` lies at input time `n * from / to`, which is kept as a whole part and a
 * remainder, so that hours of sound do not drift.
 */

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 16;
/** Table entries between two zero crossings; between entries it is interpolated. */
const RESOLUTION = 512;
/** Shape of the Kaiser window: stop band at about -80 dB. */
const BETA = 8;
/** Part of the lower rate's band that passes unchanged. */
const PASS = 0.92;

export class Resampler {
  readonly #from: number;
  readonly #to: number;
  /** Cut-off, as a part of the input's band. */
  readonly #cutoff: number;
  /** Input samples on each side of an output sample. */
  readonly #reach: number;
  /** Input that is still needed; its first sample has index `#first` in the stream. */
  #kept: Float32Array;
  #first: number;
  /** Whole part and remainder (in units of `1 / to`) of the next output's time. */
  #whole = 0;
  #rest = 0;

  /** From `from` to `to` samples a second. */
  constructor(from: number, to: number) {
    if (!(from > 0) || !(to > 0)) throw new RangeError(`cannot resample from ${from} to ${to} Hz`);
    this.#from = from;
    this.#to = to;
    this.#cutoff = Math.min(1, to / from) * PASS;
    this.#reach = Math.ceil(CROSSINGS / this.#cutoff);
    // Silence before the stream's beginning.
    this.#kept = new Float32Array(this.#reach);
    this.#first = -this.#reach;
  }

  /** The output that these samples complete. */
  push(samples: Float32Array): Float32Array {
    if (this.#from === this.#to) return samples.slice();
    const input = new Float32Array(this.#kept.length + samples.length);
    input.set(this.#kept);
    input.set(samples, this.#kept.length);
    const last = this.#first + input.length - 1 - this.#reach;
    const output: number[] = [];
    while (this.#whole <= last) {
      output.push(this.#at(input));
      this.#rest += this.#from;
      this.#whole += Math.floor(this.#rest / this.#to);
      this.#rest %= this.#to;
    }
    const unneeded = Math.min(input.length, Math.max(0, this.#whole - this.#reach - this.#first));
    this.#kept = input.slice(unneeded);
    this.#first += unneeded;
    return Float32Array.from(output);
  }

  /** The output that is left at the end of the stream. */
  finish(): Float32Array {
    return this.#from === this.#to ? new Float32Array() : this.push(new Float32Array(this.#reach));
  }

  #at(input: Float32Array): number {
    const time = this.#rest / this.#to;
    const center = this.#whole - this.#first;
    let sum = 0;
    for (let k = 1 - this.#reach; k <= this.#reach; k += 1) {
      sum += (input[center + k] ?? 0) * kernel((k - time) * this.#cutoff);
    }
    return sum * this.#cutoff;
  }
}

/** The windowed sinc at `x` zero crossings from its middle. */
function kernel(x: number): number {
  const at = Math.abs(x) * RESOLUTION;
  const index = Math.floor(at);
  const [a, b] = [TABLE[index] ?? 0, TABLE[index + 1] ?? 0];
  return a + (b - a) * (at - index);
}

const TABLE = Float64Array.from({ length: CROSSINGS * RESOLUTION + 1 }, (_, i) => {
  const x = i / RESOLUTION;
  const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  const edge = x / CROSSINGS;
  return (sinc * bessel(BETA * Math.sqrt(1 - edge * edge))) / bessel(BETA);
});

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let n = 1; term > sum * 1e-12; n += 1) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}
