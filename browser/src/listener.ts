/** Listeners of the page's. */

/** Calls one: what it throws is reported as any listener's, and changes nothing here. */
export function call(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    reportError(error);
  }
}
