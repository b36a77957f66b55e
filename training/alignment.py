"""Where the phones of a recording are, told by a teacher's reading of the same text.

Dynamic time warping of mel cepstra: each moment of the teacher's reading, whose phones are known,
is laid upon a moment of the recording.
"""

import numpy as np
from scipy.fft import dct
from scipy.signal import stft

from .spectra import mel_filters
from .utterances import RATE

#: Samples between two moments, and of the window.
HOP = 240
WINDOW = 1024
BANDS = 40
CEPSTRA = 13


def _features(sound: np.ndarray) -> np.ndarray:
    """Cepstra and their slopes, of mean 0 and deviation 1, [moments, 2 * CEPSTRA]."""
    _, _, spectrum = stft(sound, RATE, nperseg=WINDOW, noverlap=WINDOW - HOP, padded=False)
    mel = np.log(mel_filters(WINDOW, BANDS) @ np.abs(spectrum) + 1e-5)
    cepstra = dct(mel, axis=0, norm="ortho")[:CEPSTRA].T
    both = np.concatenate([cepstra, np.gradient(cepstra, axis=0) * 2], axis=1)
    return (both - both.mean(axis=0)) / (both.std(axis=0) + 1e-6)


def _path(cost: np.ndarray) -> np.ndarray:
    """For each row the column of the cheapest way from corner to corner, [rows]."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    # By antidiagonals, whose cells do not depend on one another.
    for diagonal in range(2, rows + columns + 1):
        row = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        column = diagonal - row
        best = np.minimum(total[row - 1, column - 1], total[row - 1, column])
        best = np.minimum(best, total[row, column - 1])
        total[row, column] = best + cost[row - 1, column - 1]
    way = [[] for _ in range(rows)]
    row, column = rows, columns
    while row > 0 and column > 0:
        way[row - 1].append(column - 1)
        before = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        step = int(np.argmin(before))
        row -= step != 2
        column -= step != 1
    return np.array([np.mean(columns) for columns in way])


def transfer(teacher: np.ndarray, recording: np.ndarray, times: np.ndarray) -> np.ndarray:
    """`times` in the teacher's reading, as times in the recording; all in samples."""
    own, other = _features(teacher), _features(recording)
    cost = np.sqrt(((own[:, None] - other[None]) ** 2).sum(axis=-1))
    way = np.maximum.accumulate(_path(cost)) * HOP
    moments = np.arange(len(way)) * HOP
    return np.interp(times, moments, way).clip(0, len(recording)).round().astype(int)
