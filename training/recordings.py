"""Step `recordings`: a folder of recordings with transcripts, in place of the teacher.

The folder has the form of LJSpeech: `metadata.csv` with `NAME|text` or `NAME|text|text in words`
a line, and `wavs/NAME.wav` (or .flac, .ogg, .mp3).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import sound
from .alignment import transfer
from .errors import TrainingError
from .sound import Unusable
from .utterances import RATE, Utterance, Writer
from .work import Work

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
#: Seconds of speech that an utterance may have.
SHORTEST, LONGEST = 0.3, 25.0
#: Root of the mean square that all recordings are brought to, near the teacher's.
LOUDNESS = 0.085
#: Power of silence, of that of the loudest 10 ms.
SILENCE = 1e-4


@dataclass(frozen=True)
class Transcript:
    path: Path
    text: str


def _audio(folder: Path, name: str) -> Path | None:
    for place in (folder / "wavs", folder):
        named = place / name
        if named.suffix.lower() in ENDINGS and named.is_file():
            return named
        for ending in ENDINGS:
            if (file := place / (name + ending)).is_file():
                return file
    return None


def transcripts(folder: Path) -> list[Transcript]:
    """What `metadata.csv` lists; an error tells all that is wrong with it at once."""
    if not folder.is_dir():
        raise TrainingError(f"{folder} is no folder")
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise TrainingError(
            f"{metadata} is missing: it has to hold `NAME|text` a line, for each wavs/NAME.wav"
        )
    found, faults = [], []
    for number, line in enumerate(metadata.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        name, *texts = (part.strip() for part in line.split("|"))
        # The last column is the text in words, where there is one.
        text = next((text for text in reversed(texts) if text), "")
        path = _audio(folder, name)
        if not name:
            faults.append(f"line {number} has no name (`NAME|text` is the form): {line[:60]}")
        elif not text:
            faults.append(f"line {number} has no text (`NAME|text` is the form): {line[:60]}")
        elif path is None:
            faults.append(
                f"line {number}: there is no wavs/{name}.wav (or {', '.join(ENDINGS[1:])})"
            )
        else:
            found.append(Transcript(path, text))
    if faults:
        more = f"\n... and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise TrainingError(f"{metadata}:\n" + "\n".join(faults[:10]) + more)
    if not found:
        raise TrainingError(f"{metadata} lists no recording")
    listed = {transcript.path for transcript in found}
    files = [file for place in (folder / "wavs", folder) for file in sorted(place.glob("*"))]
    unlisted = [f for f in files if f.suffix.lower() in ENDINGS and f not in listed]
    if unlisted:
        print(f"{len(unlisted)} recordings have no line in {metadata}, such as {unlisted[0].name}")
    return found


def as_written(text: str, replacements: dict[str, str]) -> str:
    """The text as pocket-tts gives it to the model: one space, a capital, an end."""
    for character, replacement in replacements.items():
        text = text.replace(character, replacement)
    text = re.sub(r"\s+", " ", text).strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?,;:" else text + "."


def prepared(path: Path) -> np.ndarray:
    """The speech of a recording, without the silence around it, at the common loudness."""
    recording = sound.read(path)
    if len(recording) == 0:
        raise Unusable("has no samples")
    width = RATE // 100
    loudest = np.convolve(recording**2, np.ones(width) / width, "same").max()
    if loudest < 1e-8:
        raise Unusable("is silence")
    start, end = sound.speech(recording, SILENCE * loudest)
    seconds = (end - start) / RATE
    if not SHORTEST <= seconds <= LONGEST:
        raise Unusable(f"has {seconds:.1f} s of speech, not {SHORTEST} to {LONGEST:.0f} s")
    speech = recording[start:end]
    gain = LOUDNESS / np.sqrt((speech**2).mean())
    return speech * min(gain, 0.95 / np.abs(speech).max())


class Aligner:
    """Times of phones and words by the teacher, who speaks English."""

    def __init__(self) -> None:
        # Who brings recordings in another language does not need the teacher.
        from .teacher import Teacher

        self._teacher = Teacher()

    def align(
        self, recording: np.ndarray, text: str
    ) -> tuple[list[int], list[int], list[list[int]] | None]:
        """Phones, their ends and the words, as in `Utterance`."""
        spoken = self._teacher.say(text, "robin", 1.0, np.random.default_rng(0))
        if spoken is None:
            return [], [], None
        ends = transfer(spoken.sound, recording, spoken.ends)
        words = None
        if spoken.words is not None:
            words = transfer(spoken.sound, recording, np.array(spoken.words)).tolist()
        return spoken.phones.tolist(), ends.tolist(), words


def run(work: Work, folder: Path, voice: str, english: bool, replacements: dict[str, str]) -> None:
    """Takes in what is not taken in yet; recordings that are of no use are named and skipped."""
    if not re.fullmatch(r"[a-z0-9_-]+", voice):
        raise TrainingError(f"--voice {voice}: small letters, digits, - and _ make a voice's name")
    listed = transcripts(folder)
    writer = Writer(work.utterances, f"recordings-{voice}")
    aligner = Aligner() if english else None
    new = before = skipped = 0
    try:
        for transcript in listed:
            name, text = transcript.path.name, as_written(transcript.text, replacements)
            if writer.has(name, text):
                before += 1
                continue
            try:
                if not any(character.isalnum() for character in text):
                    raise Unusable("has a text without letters")
                speech = prepared(transcript.path)
            except Unusable as reason:
                skipped += 1
                print(f"skipped: {transcript.path} {reason}")
                continue
            phones, ends, words = aligner.align(speech, text) if aligner else ([], [], None)
            writer.append(
                speech,
                Utterance(
                    item=name,
                    text=text,
                    voice=voice,
                    samples=len(speech),
                    phones=phones,
                    ends=ends,
                    words=words,
                ),
            )
            new += 1
    finally:
        writer.close()
    if skipped == len(listed):
        raise TrainingError(f"no recording of {folder} can be used, see above")
    print(f"{len(listed)} recordings: {new} taken in, {before} before, {skipped} skipped")
