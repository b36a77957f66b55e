"""Recordings with their texts, as the steps share them.

`NAME.i16` holds the sound of many utterances, one behind the other: mono, 24 kHz, 16 bits.
`NAME.jsonl` has a line for each, in the same order. A writer that was interrupted goes on behind
the last utterance that both files hold whole.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .errors import TrainingError
from .held_out import is_held_out

#: Samples per second.
RATE = 24_000
#: Numbers of the teacher's phones lie below this.
PHONES = 180
#: The class of a moment whose phone is not known.
UNKNOWN = -1


@dataclass(frozen=True)
class Utterance:
    """One line of a `.jsonl`. Times are samples from the utterance's beginning."""

    #: What its writer knows it by.
    item: str
    text: str
    voice: str
    samples: int
    #: Number of each phone, and where it ends. Empty where nobody knows.
    phones: list[int]
    ends: list[int]
    #: Beginning and end of each word of the text (split at white space), or None.
    words: list[list[int]] | None


class Writer:
    """Appends to `NAME.i16` and `NAME.jsonl`."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sound, lines = folder / f"{name}.i16", folder / f"{name}.jsonl"
        written = _whole(sound, lines)
        self._lines_file = lines
        self._texts = {utterance.item: utterance.text for utterance in written}
        self._sound = sound.open("ab")
        self._sound.truncate(sum(u.samples for u in written) * 2)
        text = "".join(_line(utterance) for utterance in written)
        self._lines = lines.open("a", encoding="utf-8")
        self._lines.truncate(len(text.encode()))

    def has(self, item: str, text: str) -> bool:
        """Whether `item` is written; an error where it was written with another text."""
        if item not in self._texts:
            return False
        if self._texts[item] != text:
            raise TrainingError(
                f"{self._lines_file} has another text for {item} ({self._texts[item]!r}, now "
                f"{text!r}): delete it and its .i16 to begin again"
            )
        return True

    def append(self, sound: np.ndarray, utterance: Utterance) -> None:
        """`sound`: float, [samples]."""
        (np.clip(sound, -1, 1) * 32767).astype("<i2").tofile(self._sound)
        self._sound.flush()
        self._lines.write(_line(utterance))
        self._lines.flush()

    def close(self) -> None:
        self._sound.close()
        self._lines.close()


def _line(utterance: Utterance) -> str:
    return json.dumps(asdict(utterance), ensure_ascii=False) + "\n"


def _whole(sound: Path, lines: Path) -> list[Utterance]:
    """The utterances that both files hold whole."""
    if not sound.exists() or not lines.exists():
        return []
    there = sound.stat().st_size // 2
    utterances = []
    with lines.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith("\n"):
                break
            try:
                utterance = Utterance(**json.loads(line))
            except (TypeError, ValueError) as error:
                raise TrainingError(
                    f"{lines}:{number} is no utterance ({error}): delete {lines}"
                ) from error
            there -= utterance.samples
            if there < 0:
                break
            utterances.append(utterance)
    return utterances


class Utterances(Sequence[Utterance]):
    """All utterances of a folder, in the order of the files' names."""

    def __init__(self, folder: Path) -> None:
        self._all: list[Utterance] = []
        self._places: list[tuple[np.ndarray, int]] = []
        for lines in sorted(folder.glob("*.jsonl")):
            sound = lines.with_suffix(".i16")
            at = 0
            for utterance in _whole(sound, lines):
                if at == 0:
                    samples = np.memmap(sound, "<i2", "r")
                self._places.append((samples, at))
                self._all.append(utterance)
                at += utterance.samples
        if not self._all:
            raise TrainingError(
                f"{folder} holds no utterances: `python -m training teach` or "
                "`python -m training recordings` makes them"
            )

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, index: int) -> Utterance:
        return self._all[index]

    def __str__(self) -> str:
        hours = sum(u.samples for u in self._all) / RATE / 3600
        return f"{len(self)} utterances, {hours:.2f} hours, voices {', '.join(self.voices)}"

    @functools.cached_property
    def voices(self) -> list[str]:
        return sorted({u.voice for u in self._all})

    @functools.cached_property
    def held_out(self) -> frozenset[int]:
        """Indices of what no training step may use; at least one a voice."""
        chosen = {i for i, u in enumerate(self._all) if is_held_out(u.text)}
        for voice in self.voices:
            own = [i for i, u in enumerate(self._all) if u.voice == voice]
            if len(own) < 2:
                raise TrainingError(f"the voice {voice} has {len(own)} utterance: 2 is the least")
            if not chosen.intersection(own):
                chosen.add(own[0])
        return frozenset(chosen)

    @functools.cached_property
    def to_train(self) -> list[int]:
        """Indices of what is not held out."""
        return [i for i in range(len(self)) if i not in self.held_out]

    def sound(self, index: int, start: int = 0, length: int | None = None) -> np.ndarray:
        """Float32 samples from `start` on, [length] or fewer at the end."""
        samples, at = self._places[index]
        end = self._all[index].samples
        if length is not None:
            end = min(end, start + length)
        return samples[at + start : at + end].astype(np.float32) / 32768

    def phones(self, index: int, step: int) -> np.ndarray:
        """The phone in the middle of every `step` samples, [samples // step]."""
        utterance = self._all[index]
        count = utterance.samples // step
        if not utterance.phones:
            return np.full(count, UNKNOWN)
        middles = np.arange(count) * step + step // 2
        # Behind the last phone there is silence, whose number is 0.
        return np.array([*utterance.phones, 0])[
            np.searchsorted(utterance.ends, middles, side="right")
        ]
