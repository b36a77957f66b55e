// What a program can do with the package; run by `runtimes.test.ts` in every runtime.

import { writeFile } from "node:fs/promises";
import { Player, PocketTTS, TextStream } from "pocket-onnx";

const { bundle, served, voiceFile, text, seed } = JSON.parse(process.argv[2]);

/** What an error says. */
const failure = async (work) => {
  try {
    await work();
    return undefined;
  } catch (error) {
    return [error.kind ?? error.name, error.message];
  }
};

const write = (name, samples) =>
  writeFile(name, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));

const found = { notices: [] };
const onNotice = ({ kind }) => found.notices.push(kind);

// The included model, in both counts of workers.
const start = performance.now();
const tts = await PocketTTS.fromPretrained({ onNotice });
found.workers = tts.statistics.workers;
found.voices = tts.listVoices();
for await (const { audio } of tts.stream(text, { seed })) {
  found.firstSound ??= performance.now() - start;
  found.first ??= audio.length;
}
const { audio, sampleRate } = await tts.generate(text, { seed });
await write("starling.f32", audio);
const alone = await PocketTTS.fromPretrained({ threads: 1 });
const same = (await alone.generate(text, { seed })).audio;
found.isSame = same.length === audio.length && same.every((sample, i) => sample === audio[i]);
found.alone = alone.statistics.workers;
await alone.dispose();

// Bundles on the disk and on a server.
for (const [name, address] of Object.entries({ disk: bundle, manifest: `${bundle}/manifest.json`, http: served })) {
  const other = await PocketTTS.fromPretrained(address, { dtype: "f32", onNotice });
  await write(`${name}.f32`, (await other.generate(text, { seed })).audio);
  await other.dispose();
}

// Voices, numbers as words, and a text that arrives.
found.cloned = (await tts.cloneVoice({ samples: audio, sampleRate })).positions;
found.exported = (await tts.exportVoice("heron")).size > 1000;
found.numbers = (await tts.generate("It costs $12.", { seed, normalize: true })).audio.length;
const arriving = new TextStream();
const heard = tts.generate(arriving, { seed });
await arriving.push(text);
arriving.close();
found.arrived = (await heard).audio.length === audio.length;

// The end of a text can be told twice, in both ways.
arriving.close();
arriving.flush();

// What goes wrong.
found.failures = {
  player: await failure(() => new Player()),
  speak: await failure(() => tts.speak(text)),
  missing: await failure(() => PocketTTS.fromPretrained("nowhere")),
  http: await failure(() => PocketTTS.fromPretrained(new URL("nowhere/", served))),
  otherVoice: await failure(async () => tts.loadVoice(await (await import("node:fs/promises")).readFile(voiceFile))),
  encoded: await failure(() => tts.cloneVoice(new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0]))),
  aborted: await failure(() => tts.generate(text, { signal: AbortSignal.abort() })),
};
const signal = AbortSignal.timeout(1);
found.failures.late = await failure(() => tts.generate(`${text} `.repeat(40), { signal }));
await writeFile("found.json", JSON.stringify(found));

// It ends by itself: nothing is disposed of.
