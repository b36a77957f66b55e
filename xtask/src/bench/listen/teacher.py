"""Speaks for `cargo xtask bench listen` with the teacher of starling: `teacher.py DIR` reads lines of
`NAME<tab>VOICE<tab>SEED<tab>TEXT`, writes DIR/NAME.wav for each and prints one line of JSON."""

import json
import sys
import wave
from pathlib import Path

import numpy as np
from hibari import Hibari, dsp

#: What is done to the teacher's one speaker: factors of the pitch and of the formants, and the gain.
VOICES = {"robin": (1.0, 1.0, 1.6), "heron": (0.56, 1.16, 1.1)}
RATE = 24_000
FRAME = 1920
#: Loudest that the model was taught with.
LOUDEST = 0.95
#: Log of a level that cannot be heard, for frequencies that formants were moved from.
NOTHING = -9


def warp(bins: np.ndarray, factor: float, above: float | None) -> np.ndarray:
    """Moves what lies along the first axis, frequencies, by a factor."""
    at = np.arange(len(bins)) * factor
    if above is None:
        return bins[np.clip(at.astype(int), 0, len(bins) - 2)]
    low = np.clip(at.astype(int), 0, len(bins) - 2)
    part = (at - low).clip(0, 1)[:, None].astype(np.float32)
    moved = bins[low] * (1 - part) + bins[low + 1] * part
    moved[at > len(bins) - 1] = above
    return moved.astype(np.float32)


def speak(teacher: Hibari, text: str, voice: str, seed: int) -> np.ndarray:
    pitch, formants, gain = VOICES[voice]
    rng = np.random.default_rng(seed)
    parts = []
    for phonemes in teacher.phonemize(text):
        inputs = {
            "ids": np.asarray([teacher.ids(phonemes)], np.int64),
            "speed": np.ones(1, np.float32),
        }
        spectra = [output[0] for output in teacher.sess.run(None, inputs)]
        harmonic, theta, noise, rest, phi, f0 = spectra
        if formants != 1:
            levels = (warp(it, formants, NOTHING) for it in (harmonic, noise, rest))
            harmonic, noise, rest = levels
            theta, phi = (warp(it, formants, None) for it in (theta, phi))
        f0 = (f0 * pitch).astype(np.float32)
        parts.append(dsp.synth(harmonic, theta, noise, rest, phi, f0, rng))
    sound = np.concatenate(parts) * gain
    return sound * min(1, LOUDEST / abs(sound).max())


def main() -> None:
    folder, teacher = Path(sys.argv[1]), Hibari(threads=1)
    for line in sys.stdin:
        name, voice, seed, text = line.rstrip("\n").split("\t")
        sound = speak(teacher, text, voice, int(seed))
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((sound * 32767).astype("<i2").tobytes())
        answer = {"name": name, "frames": len(sound) // FRAME, "clipped": 0}
        print(json.dumps(answer | {"peak": float(abs(sound).max())}), flush=True)


if __name__ == "__main__":
    main()
