/** Event listeners of the page. */

/** Calls a listener. What it throws is reported like an error of any listener, and has no effect here. */
export function call(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    reportError(error);
  }
}
