/** Records the microphone. */

/** Recordings end after this many seconds: more is not used. */
export const LONGEST = 30;

export class Microphone {
  #recorder: MediaRecorder | undefined;

  get recording(): boolean {
    return this.#recorder !== undefined;
  }

  /**
   * Records until `stop()`, or for 30 s. `tick` is called with the seconds so far. Rejects if there is no
   * microphone, or if it may not be used.
   */
  async record(tick: (seconds: number) => void): Promise<Blob> {
    // Echo cancellation and the like would be cloned along with the voice.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      const recorder = new MediaRecorder(stream);
      this.#recorder = recorder;
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const stopped = new Promise<void>((resolve, reject) => {
        recorder.onstop = () => resolve();
        recorder.onerror = () => reject(new Error("the recording was interrupted"));
      });
      const began = performance.now();
      const timer = setInterval(() => {
        const seconds = (performance.now() - began) / 1000;
        tick(seconds);
        if (seconds >= LONGEST) this.stop();
      }, 200);
      recorder.start();
      await stopped.finally(() => clearInterval(timer));
      return new Blob(parts, { type: recorder.mimeType });
    } finally {
      this.#recorder = undefined;
      for (const track of stream.getTracks()) track.stop();
    }
  }

  stop(): void {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
  }
}
