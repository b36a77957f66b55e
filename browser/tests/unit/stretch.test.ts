/** The module of the audio thread, as the worklet uses it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Stretch } from "../../src/player/protocol.js";

const bytes = readFileSync(join(import.meta.dirname, "../../wasm/stretch.wasm"));
const RATE = 48_000;

function start(speed: number): Stretch {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const stretch = exports as unknown as Stretch;
  stretch.start(RATE);
  stretch.set_speed(speed);
  return stretch;
}

/** What comes out of `samples`, taken in blocks of 128. */
function heard(stretch: Stretch, samples: Float32Array, piece: number): number[] {
  const out: number[] = [];
  const take = (all: boolean) => {
    while (stretch.ready() >= 128 || (all && stretch.ready() > 0)) {
      const count = Math.min(128, stretch.ready());
      out.push(...new Float32Array(stretch.memory.buffer, stretch.output(), count));
      stretch.take(count);
    }
  };
  for (let at = 0; at < samples.length; at += piece) {
    const part = samples.subarray(at, at + piece);
    new Float32Array(stretch.memory.buffer, stretch.input(), part.length).set(part);
    stretch.push(part.length);
    take(false);
  }
  stretch.flush();
  take(true);
  return out;
}

const tone = Float32Array.from({ length: 2 * RATE }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 300 * i) / RATE));

describe("the audio thread's stretch", () => {
  test("at speed 1 samples pass untouched, and nothing is held back", () => {
    const stretch = start(1);
    expect(Float32Array.from(heard(stretch, tone, 100))).toEqual(tone);
    expect(stretch.position()).toBe(tone.length);
    expect(stretch.held()).toBe(0);
  });

  test.each([0.5, 0.5001, 0.9, 1.1, 1.999, 2])("at %d times the speed", (speed) => {
    const stretch = start(speed);
    const out = heard(stretch, tone, 256);
    // However it comes in.
    expect(heard(start(speed), tone, 7)).toEqual(out);
    expect(Math.abs(out.length - tone.length / speed)).toBeLessThan((0.04 * RATE) / speed);
    const rises = out.filter((it, i) => it >= 0 && (out[i - 1] ?? 0) < 0).length;
    expect(Math.abs((rises / out.length) * RATE - 300)).toBeLessThan(3);
    // What was taken stands for so much of the input.
    expect(Math.abs(stretch.position() - out.length * speed)).toBeLessThan(1);
    // And anew.
    stretch.start(RATE);
    expect(stretch.position()).toBe(0);
    expect(heard(stretch, tone, 256)).toEqual(out);
  });

  test("speeds that cannot be change nothing", () => {
    const stretch = start(1);
    for (const wrong of [0, -1, Number.NaN, Infinity, 2.1]) stretch.set_speed(wrong);
    expect(Float32Array.from(heard(stretch, tone, 256))).toEqual(tone);
  });

  test("memory does not grow with the sound", () => {
    const stretch = start(0.7);
    for (let i = 0; i < 5; i += 1) heard(stretch, tone, 256);
    const size = stretch.memory.buffer.byteLength;
    for (let i = 0; i < 20; i += 1) heard(stretch, tone, 256);
    expect(stretch.memory.buffer.byteLength).toBe(size);
  });
});
