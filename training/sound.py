"""Sound files, and the ends of recordings."""

from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from .utterances import RATE


class Unusable(Exception):
    """Why a recording cannot be trained with."""


def read(path: Path) -> np.ndarray:
    """A file that libsndfile knows (WAV, FLAC, Ogg, MP3), as mono at 24 kHz, float32 [samples]."""
    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise Unusable(f"cannot be read: {error}") from error
    mono = sound.mean(axis=1)
    if rate != RATE:
        common = gcd(rate, RATE)
        mono = resample_poly(mono, RATE // common, rate // common).astype(np.float32)
    return mono


def write(path: Path, sound: np.ndarray) -> None:
    """A WAV file of 16 bits at 24 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(sound, -1, 1), RATE, subtype="PCM_16")


def speech(sound: np.ndarray, floor: float) -> tuple[int, int]:
    """Where speech begins and ends, in samples, with 40 ms before it and 60 ms behind it.

    `floor` is the power, over 10 ms, that silence stays below. Empty where all is silence.
    """
    if len(sound) == 0:
        return 0, 0
    width = RATE // 100
    power = np.convolve(sound * sound, np.ones(width) / width, "same")[: len(sound)]
    loud = np.nonzero(power > floor)[0]
    if len(loud) == 0:
        return 0, 0
    return max(0, int(loud[0]) - 960), min(len(sound), int(loud[-1]) + 1440)
