/** A bundle's files: from Cache Storage, or else from the server. */

import type { SpeechNotice } from "../../wasm/simd/pocket_onnx.js";
import { PocketTTSError } from "../errors.js";
import type { FileEntry } from "../manifest.js";
import { sha256 } from "./digest.js";
import { fill, type FileBuffer, request } from "./fetch.js";
import { forget, isKept, store, stored, storedChecksum, storedManifest, storeManifest } from "./storage.js";

/** The purpose of a file: to speak, to speak with a voice, or to clone one. */
export type Purpose = "model" | "voice" | "encoder";

/** Progress of loading. */
export type Progress =
  | {
      kind: "file";
      purpose: Purpose;
      file: string;
      /** Bytes so far. */
      loaded: number;
      total: number;
      source: "network" | "cache";
    }
  /** Something that the user may want to know; it stops nothing. */
  | { kind: "notice"; notice: "quota" | "damaged" | SpeechNotice["kind"]; file: string; message: string };

/** The folder of the bundle at `url`, or of the manifest there, as an absolute address. */
export function folder(url: string, base?: string): string {
  const address = new URL(url, base);
  // An address without folders, such as a data: address, has nothing below it: this throws then.
  new URL("manifest.json", address);
  address.pathname = address.pathname.replace(/\/manifest\.json$/, "/");
  if (!address.pathname.endsWith("/")) {
    address.pathname += "/";
  }
  return address.href;
}

/**
 * Where a bundle's files are: the absolute address of their folder, or an address by name of each file,
 * since bundlers give every file of a package an address of its own.
 */
export type Addresses = string | Readonly<Record<string, string>>;

const MANIFEST = "manifest.json";
/** Milliseconds between reports of progress of one file. */
const PATIENCE = 50;

/** The addresses of the included model. */
export async function included(): Promise<Addresses> {
  return (await import("../../starling/files.js")).default;
}

/** Address of the file `name`. */
function addressOf(name: string, bundle: Addresses): string {
  const address = typeof bundle === "string" ? new URL(encodeURIComponent(name), bundle).href : bundle[name];
  if (address === undefined) {
    throw new PocketTTSError("NoComponent", `the package does not contain ${name}`);
  }
  return address;
}

/**
 * The key for storing a manifest. With an address per file, the addresses change with every version of a
 * page.
 */
function keyOf(bundle: Addresses): string {
  return typeof bundle === "string" ? addressOf(MANIFEST, bundle) : "https://included.invalid/manifest.json";
}

/** The text of a bundle's manifest: the server's, or without a network the last stored one. */
export async function manifestText(bundle: Addresses, signal: AbortSignal | undefined): Promise<string> {
  const url = addressOf(MANIFEST, bundle);
  try {
    const response = await request(url, { signal, cache: "no-cache" });
    return await response.text().catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new PocketTTSError("Network", `cannot fetch ${url}: the download was interrupted`, { cause });
    });
  } catch (error) {
    if (error instanceof PocketTTSError && ["File", "Http", "WrongType"].includes(error.kind)) {
      const help = "the address must be that of a bundle's folder, which `pocket-onnx convert` writes";
      throw new PocketTTSError(error.kind, `${error.message}: ${help}`, { cause: error });
    }
    const isOffline = error instanceof PocketTTSError && error.kind === "Network";
    const text = isOffline ? await storedManifest(keyOf(bundle)) : undefined;
    if (text === undefined) {
      throw error;
    }
    return text;
  }
}

/** Stores a manifest after it proved valid. */
export async function keepManifest(bundle: Addresses, text: string): Promise<void> {
  const url = keyOf(bundle);
  if (!isKept(addressOf(MANIFEST, bundle))) {
    return;
  }
  // Looking is faster than storing.
  if ((await storedManifest(url)) !== text) {
    await storeManifest(url, text);
  }
}

/** Where a file was found. */
interface Found {
  source: "cache" | "network";
  response: Response;
}

/** Files of one bundle. */
export class BundleFiles {
  readonly #addresses: Addresses;
  readonly #listen: (progress: Progress) => void;
  /** Files that were asked for and are not read yet, by name. */
  readonly #asked = new Map<string, Promise<Found>>();
  /** Nothing is stored before. */
  #storeAfter: Promise<void> = Promise.resolve();
  #fetched = 0;

  constructor(addresses: Addresses, listen: (progress: Progress) => void) {
    this.#addresses = addresses;
    this.#listen = listen;
  }

  /** Whether every file so far came from Cache Storage. */
  get cacheHit(): boolean {
    return this.#fetched === 0;
  }

  /** Stores what is read, but only once this is done. */
  storeAfter(before: Promise<void>): void {
    this.#storeAfter = before;
    // `read` awaits it, and throws its error.
    before.catch(() => {});
  }

  /** Requests `file` now, so that a later `read` finds it on its way. */
  ask(file: FileEntry): void {
    const finding = this.#find(file);
    // `read` awaits it, and throws its error.
    finding.catch(() => {});
    this.#asked.set(file.name, finding);
  }

  /** Reads `file` into memory of its own. */
  async bytes(file: FileEntry, purpose: Purpose): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(file.size);
    await this.read(file, purpose, { view: () => bytes });
    return bytes;
  }

  /** Reads `file` into `buffer`, which must have its size. */
  async read(file: FileEntry, purpose: Purpose, buffer: FileBuffer): Promise<void> {
    const { name, size } = file;
    let told = Number.NEGATIVE_INFINITY;
    const progress = (source: "network" | "cache") => (loaded: number) => {
      // A file from the cache has hundreds of parts, a few of which come in a millisecond.
      const now = performance.now();
      if (loaded === size || now - told > PATIENCE) {
        told = now;
        this.#listen({ kind: "file", purpose, file: name, loaded, total: size, source });
      }
    };
    const finding = this.#asked.get(file.name) ?? this.#find(file);
    this.#asked.delete(file.name);
    let found = await finding;
    if (found.source === "cache") {
      if (await this.#fromCache(file, found.response, buffer, progress("cache"))) {
        return;
      }
      found = { source: "network", response: await this.#request(file, "default") };
    }
    this.#fetched += 1;
    try {
      await this.#take(file, found.response, buffer, progress("network"));
    } catch (error) {
      if (!isDamage(error)) {
        throw error;
      }
      this.#notice("damaged", file, `${error.message}: it is fetched again`);
      // Bypasses the browser's HTTP cache, which may contain the damaged file.
      await this.#take(file, await this.#request(file, "reload"), buffer, progress("network"));
    }
    await this.#storeAfter;
    if (isKept(this.#address(file)) && !(await store(file, buffer))) {
      const why = `the browser has no room to store ${file.name}: it is fetched again at the next visit`;
      this.#notice("quota", file, why);
    }
  }

  /** Finds `file` in Cache Storage, or else on the server. */
  async #find(file: FileEntry): Promise<Found> {
    const response = isKept(this.#address(file)) ? await stored(file) : undefined;
    return response === undefined
      ? { source: "network", response: await this.#request(file, "default") }
      : { source: "cache", response };
  }

  /** Reads a stored file. Returns false if it is damaged. */
  async #fromCache(
    file: FileEntry,
    response: Response,
    buffer: FileBuffer,
    progress: (bytes: number) => void,
  ): Promise<boolean> {
    try {
      await fill(response, file.name, file.size, buffer, progress);
      await checkStored(file, storedChecksum(response), buffer);
      return true;
    } catch (error) {
      if (!isDamage(error)) {
        throw error;
      }
      await forget(file);
      const what = `the stored copy of ${file.name} is damaged`;
      this.#notice("damaged", file, `${what} (${error.message}): it is fetched again`);
      return false;
    }
  }

  /** Reads a file from the server. */
  async #take(
    file: FileEntry,
    response: Response,
    buffer: FileBuffer,
    progress: (bytes: number) => void,
  ): Promise<void> {
    const url = this.#address(file);
    await fill(response, url, file.size, buffer, progress);
    await check(file, url, buffer);
  }

  #request(file: FileEntry, cache: RequestCache): Promise<Response> {
    return request(this.#address(file), { cache });
  }

  #address(file: FileEntry): string {
    return addressOf(file.name, this.#addresses);
  }

  #notice(notice: "quota" | "damaged", file: FileEntry, message: string): void {
    this.#listen({ kind: "notice", notice, file: file.name, message });
  }
}

/** Checks a stored file, by its checksum if it has one. */
async function checkStored(file: FileEntry, stored: string | undefined, buffer: FileBuffer): Promise<void> {
  const actual = stored === undefined ? undefined : buffer.checksum?.();
  if (actual === undefined) {
    await check(file, file.name, buffer);
  } else if (actual !== stored) {
    throw new PocketTTSError("Digest", `${file.name} has checksum ${actual} where it was stored with ${stored}`);
  }
}

async function check(file: FileEntry, url: string, buffer: FileBuffer): Promise<void> {
  const actual = await sha256(buffer.view());
  if (actual !== file.sha256) {
    throw new PocketTTSError("Digest", `${url} has SHA-256 ${actual} where the manifest says ${file.sha256}`);
  }
}

/** Whether the content is damaged, so that fetching it again may help. */
function isDamage(error: unknown): error is PocketTTSError {
  return error instanceof PocketTTSError && (error.kind === "Size" || error.kind === "Digest");
}
