/** The voices that the page has loaded. */

import type { Cloning, Model, Recording, RecordingNotice, Voice } from "../../wasm/simd/pocket_onnx.js";
import { PocketTTSError } from "../errors.js";
import type { BundleFiles } from "../loading/bundle.js";
import type { Manifest } from "../manifest.js";
import type { Tensor } from "../tensor.js";
import type { Components } from "./components.js";
import type { Results, VoiceSource } from "./messages.js";
import type { Module } from "./module.js";
import type { Stream } from "./runtime.js";

interface Loaded {
  voice: Voice;
  /** `flow_lm` in the state of the voice, once it is needed. */
  prepared: Stream | undefined;
  /** Number of utterances that use it. */
  users: number;
  dropped: boolean;
}

/** A voice, and notices about the recording that it was made from. */
interface Made {
  voice: Voice;
  notices: RecordingNotice[];
}

export class Voices {
  readonly #module: Module;
  readonly #model: Model;
  readonly #manifest: Manifest;
  readonly #files: BundleFiles;
  readonly #components: Components;
  /** Voices by the page's number for them. */
  readonly #loaded = new Map<number, Loaded>();

  constructor(module: Module, model: Model, manifest: Manifest, files: BundleFiles, components: Components) {
    this.#module = module;
    this.#model = model;
    this.#manifest = manifest;
    this.#files = files;
    this.#components = components;
  }

  /** Reads or makes voice `number`. */
  async load(number: number, source: VoiceSource): Promise<Results["load-voice"]> {
    let notices: RecordingNotice[] = [];
    let voice: Voice;
    switch (source.from) {
      case "bundle":
        voice = this.#model.readVoice(await this.#file(source.name));
        break;
      case "file":
        ({ voice, notices } = await this.#read(new Uint8Array(source.file)));
        break;
      case "wav": {
        const recording = this.#module.wasm.Recording.fromWav(new Uint8Array(source.file));
        if (recording === undefined) {
          return undefined;
        }
        ({ voice, notices } = await this.#clone(recording));
        break;
      }
      case "recording": {
        const { channels, sampleRate } = source;
        ({ voice, notices } = await this.#clone(this.#module.wasm.Recording.fromChannels(channels, sampleRate)));
        break;
      }
    }
    this.#loaded.set(number, { voice, prepared: undefined, users: 0, dropped: false });
    return { positions: voice.position, notices };
  }

  /** Makes a voice ready to be used. */
  prepare(number: number): void {
    this.#prepared(this.#get(number));
  }

  /**
   * `flow_lm` in the state of a voice. It can be forked until `done` is called, even if the voice is dropped
   * meanwhile.
   */
  use(number: number): { stream: Stream; done: () => void } {
    const loaded = this.#get(number);
    const stream = this.#prepared(loaded);
    loaded.users += 1;
    const done = () => {
      loaded.users -= 1;
      free(loaded);
    };
    return { stream, done };
  }

  #prepared(loaded: Loaded): Stream {
    if (loaded.prepared === undefined) {
      const stream = this.#components.stream("flow_lm").fork();
      for (const [name, state] of Object.entries(loaded.voice.states())) {
        stream.setState(name, state);
      }
      stream.setPosition(loaded.voice.position);
      loaded.prepared = stream;
    }
    return loaded.prepared;
  }

  /** The bytes of a voice file. */
  export(number: number, half: boolean): Uint8Array<ArrayBuffer> {
    return this.#get(number).voice.toSafetensors(half) as Uint8Array<ArrayBuffer>;
  }

  /** Frees a voice, once no utterance uses it. */
  drop(number: number): void {
    const loaded = this.#loaded.get(number);
    this.#loaded.delete(number);
    if (loaded !== undefined) {
      loaded.dropped = true;
      free(loaded);
    }
  }

  #get(number: number): Loaded {
    const loaded = this.#loaded.get(number);
    if (loaded === undefined) {
      throw new PocketTTSError("NoVoice", "this voice was disposed of: load it again");
    }
    return loaded;
  }

  /** The file of the bundle's voice `name`; `undefined` means the first voice. */
  async #file(name: string | undefined): Promise<Uint8Array> {
    const { voices = [] } = this.#manifest;
    const entry = name === undefined ? voices[0] : voices.find((voice) => voice.name === name);
    if (entry === undefined) {
      const list = voices.map((voice) => voice.name).join(", ");
      const help = "make one with cloneVoice, or add some with `pocket-onnx convert --voices`";
      const what = list === "" ? `no voices: ${help}` : `no voice ${name}; it has ${list}`;
      throw new PocketTTSError("NoVoice", `this bundle has ${what}`);
    }
    return this.#files.bytes(entry.file, "voice");
  }

  /** Reads a voice file: it contains a voice's state, or a prompt from which the voice is made. */
  async #read(file: Uint8Array): Promise<Made> {
    const stored = this.#model.storedPrompt(file);
    if (stored === undefined) {
      return { voice: this.#model.readVoice(file), notices: [] };
    }
    const encoder = stored.needsEncoder ? this.#manifest.components["mimi_encoder"]?.data : undefined;
    const weights = encoder === undefined ? undefined : await this.#files.bytes(encoder, "encoder");
    return this.#make(stored.prompt(weights));
  }

  /** Makes a voice, and frees the recording. */
  #clone(recording: Recording): Promise<Made> {
    let prompt: Cloning;
    try {
      prompt = this.#model.prompt(recording);
    } finally {
      recording.free();
    }
    return this.#make(prompt);
  }

  async #make(prompt: Cloning): Promise<Made> {
    const flowLm = this.#components.stream("flow_lm").fork();
    try {
      for (let call = prompt.nextCall(); call !== undefined; call = prompt.nextCall()) {
        const stream = call.component === "flow_lm" ? flowLm : (await this.#components.need(call.component)).fork();
        prompt.supply(await stream.run(call.inputs));
        if (stream !== flowLm) {
          stream.free();
        }
      }
      const states: [string, Tensor][] = flowLm.stateNames.map((name) => [name, flowLm.state(name)]);
      const { Voice } = this.#module.wasm;
      const voice = Voice.fromStates(this.#model, Object.fromEntries(states), flowLm.position);
      return { voice, notices: prompt.notices };
    } finally {
      prompt.free();
      flowLm.free();
    }
  }
}

/** Frees a voice, if it was dropped and no utterance uses it. */
function free({ voice, prepared, users, dropped }: Loaded): void {
  if (dropped && users === 0) {
    voice.free();
    prepared?.free();
  }
}
