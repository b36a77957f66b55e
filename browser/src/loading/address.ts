/** The address of a bundle. */

import { description } from "../checks/check.js";
import { PocketTTSError } from "../errors.js";
import { platform } from "../platform/platform.js";
import { type Addresses, folder, included, manifestText } from "./bundle.js";

/** Where a bundle's files are, and the text of its manifest. */
export interface Bundle {
  addresses: Addresses;
  manifest: string;
}

/** Longest address, in UTF-16 units: browsers' limits differ, and some fail silently above theirs. */
const LONGEST_ADDRESS = 1 << 20;

/** The addresses of a bundle, by default the included one, and the text of its manifest. */
export async function findBundle(address: string | undefined, signal: AbortSignal | undefined): Promise<Bundle> {
  const addresses = address ?? (await included());
  return { addresses, manifest: await manifestText(addresses, signal) };
}

/** The folder of the bundle at an address, as an absolute address. */
export function folderOf(address: string): string {
  let found: string;
  try {
    found = folder(platform().absolute(address));
  } catch (cause) {
    throw new PocketTTSError("Value", `${description(address)} is not the address of a bundle's folder`, { cause });
  }
  const { username, password } = new URL(found);
  if (username !== "" || password !== "") {
    const why = "contains a user name or a password, and browsers refuse to fetch such addresses: leave them out";
    throw new PocketTTSError("Value", `the address of a bundle ${why}`);
  }
  if (found.length > LONGEST_ADDRESS) {
    const length = `${found.length} characters`;
    throw new PocketTTSError("Value", `${description(address)} is too long for browsers to fetch: ${length}`);
  }
  return found;
}
