// OpenAI's npm client against `pocket-onnx serve`: `node client.js COMMAND`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import OpenAI from "openai";

const TEXT = "The morning train was late, so we walked along the river.";
const STARTS = { mp3: "ID3", opus: "OggS", flac: "fLaC", wav: "RIFF" };

async function bytes(response) {
  return Buffer.from(await response.arrayBuffer());
}

async function check(client) {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert(names.includes("starling"), names.join());
  const speech = client.audio.speech;

  // Whole: the length in the header is true.
  for (const [format, start] of Object.entries(STARTS)) {
    const request = { model: "tts-1", voice: "alloy", input: TEXT, response_format: format };
    const sound = await bytes(await speech.create(request));
    assert.equal(sound.toString("latin1", 0, start.length), start, format);
    if (format === "wav") {
      assert.equal(sound.readUInt32LE(4), sound.length - 8);
      const seconds = sound.readUInt32LE(40) / 48_000;
      assert(seconds > 2 && seconds < 8, `${seconds} s`);
    }
  }

  // Streamed: sound comes before all of it is made.
  const long = `${TEXT} `.repeat(20);
  const pcm = { model: "gpt-4o-mini-tts", voice: "nova", input: long, response_format: "pcm" };
  const response = await speech.create(pcm);
  const begun = performance.now();
  let first, length = 0;
  for await (const part of response.body) {
    first ??= performance.now() - begun;
    length += part.length;
  }
  const all = performance.now() - begun;
  assert(length > 40 * 48_000 && first < all / 2, `${length} bytes, ${first} of ${all} ms`);

  const events = await speech.create({
    model: "starling", voice: "robin", input: TEXT, stream_format: "sse",
  });
  const lines = (await events.text()).split("\n").filter((line) => line.startsWith("data: "));
  const parsed = lines.map((line) => JSON.parse(line.slice(6)));
  assert.equal(parsed.at(-1).type, "speech.audio.done");
  assert(parsed.slice(0, -1).every((event) => event.type === "speech.audio.delta"));

  await assert.rejects(speech.create({ model: "tts-1", voice: "nobody", input: "Hello." }), (error) => {
    assert(error instanceof OpenAI.BadRequestError);
    assert.equal(error.param, "voice");
    return true;
  });

  // A client that goes: the next one is answered at once.
  const leaving = new AbortController();
  const left = await speech.create(pcm, { signal: leaving.signal });
  await left.body[Symbol.asyncIterator]().next();
  leaving.abort();
  const next = await bytes(await speech.create({ ...pcm, input: "Hello." }));
  assert(next.length > 9_600);
}

const directory = await mkdtemp(join(tmpdir(), "openai-"));
const server = spawn(resolve(process.argv[2]), ["serve", "--api-key", "secret"], {
  cwd: directory, stdio: ["ignore", "pipe", "ignore"],
});
try {
  const [url] = await once(createInterface(server.stdout), "line");
  await check(new OpenAI({ baseURL: `${url}v1`, apiKey: "secret", maxRetries: 0 }));
  const stranger = new OpenAI({ baseURL: `${url}v1`, apiKey: "other", maxRetries: 0 });
  await assert.rejects(async () => stranger.models.list(), OpenAI.AuthenticationError);
} finally {
  server.kill();
  await rm(directory, { recursive: true });
}
console.log("OpenAI's npm client speaks through `pocket-onnx serve`");
