/** What messages come to a worker by, and go from it. */

export interface Scope<In, Out> {
  onmessage: ((event: { data: In }) => void) | null;
  postMessage(message: Out, transfer: Transferable[]): void;
}
