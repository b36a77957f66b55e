/** The work of a worker: it takes messages and answers them. */

import { failure } from "../errors.js";
import type { Compiled } from "../loading/module.js";
import type { Request, Response, Results, Task } from "./messages.js";
import { Host } from "./host.js";
import { open } from "./opening.js";
import type { Scope } from "./scope.js";

let scope: Scope<Request, Response> | undefined;

function answer(message: Response, transfer: Transferable[] = []): void {
  scope?.postMessage(message, transfer);
}

let host: Host | undefined;

let takeModule: (compiled: Compiled) => void = () => {};
const compiled = new Promise<Compiled>((resolve) => {
  takeModule = resolve;
});

/** Tasks wait for those before them. */
let tasks: Promise<void> = Promise.resolve();

/** Takes what `scope` is sent, from now on. */
export function serve(to: Scope<Request, Response>): void {
  scope = to;
  scope.onmessage = ({ data }) => hear(data);
}

function hear(data: Request): void {
  switch (data.type) {
    case "open":
    case "load-voice":
    case "prepare-voice":
    case "export-voice":
      tasks = tasks.then(() => work(data));
      break;
    case "module":
      takeModule(data.compiled);
      break;
    case "drop-voice":
      host?.dropVoice(data.voice);
      break;
    case "speak":
      void host?.speak(data);
      break;
    case "text":
      host?.push(data.utterance, data.text);
      break;
    case "flush":
      host?.flush(data.utterance);
      break;
    case "close":
      host?.close(data.utterance, data.isBroken);
      break;
    case "taken":
      host?.taken(data.utterance, data.count);
      break;
    case "stop":
      host?.stop(data.utterance);
      break;
  }
}

async function work(task: Task): Promise<void> {
  const { id } = task;
  try {
    answer({ type: "done", id, result: await result(task) });
  } catch (error) {
    answer({ type: "failed", id, failure: failure(error) });
  }
}

async function result(task: Task): Promise<Results[keyof Results]> {
  if (task.type === "open") {
    host = new Host(await open(task, compiled, (progress) => answer({ type: "progress", progress })), answer);
    return host.opened;
  }
  if (host === undefined) {
    throw new Error("the worker has opened no bundle");
  }
  switch (task.type) {
    case "load-voice":
      return host.loadVoice(task.voice, task.source);
    case "prepare-voice":
      return host.prepareVoice(task.voice);
    case "export-voice":
      return host.exportVoice(task.voice, task.half);
  }
}
