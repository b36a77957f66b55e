/** The loaded components of a bundle. */

import { PocketTTSError } from "../errors.js";
import { componentsOf, ENCODER } from "../loading/needed.js";
import type { Manifest } from "../manifest.js";
import type { Role } from "./messages.js";
import type { Runtime, Stream } from "./runtime.js";

export class Components {
  readonly #manifest: Manifest;
  readonly #runtime: Runtime;
  readonly #streams = new Map<string, Stream>();

  private constructor(manifest: Manifest, runtime: Runtime) {
    this.#manifest = manifest;
    this.#runtime = runtime;
  }

  /** Loads what `role` needs, at the same time. */
  static async load(manifest: Manifest, runtime: Runtime, role: Role): Promise<Components> {
    const components = new Components(manifest, runtime);
    const names = componentsOf(role);
    await Promise.all(names.map((name) => components.need(name)));
    return components;
  }

  /** Whether a component is loaded. */
  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** A loaded component, at the beginning of its stream. */
  stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (stream === undefined) {
      throw new PocketTTSError("NoComponent", `${name} is not loaded here`);
    }
    return stream;
  }

  /** A component, loaded the first time it is needed. */
  async need(name: string): Promise<Stream> {
    const loaded = this.#streams.get(name);
    if (loaded !== undefined) {
      return loaded;
    }
    const component = this.#manifest.components[name];
    if (component === undefined) {
      throw new PocketTTSError("NoComponent", `the bundle has no ${name}: convert it again with all components`);
    }
    const stream = await this.#runtime.load(name, component, name === ENCODER ? "encoder" : "model");
    this.#streams.set(name, stream);
    return stream;
  }
}
