"""Step `teach`: `hibari-tts` says the sentences, and tells where every phone is.

Its own voice is `robin`. `heron` is the same speaker with another pitch and other formants.
"""

import multiprocessing
import sys
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from hibari import Hibari, dsp

from . import sound
from .errors import TrainingError
from .utterances import Utterance, Writer
from .work import Work


@dataclass(frozen=True)
class Speaker:
    #: Factors of the pitch, and of the frequencies that the formants are read from.
    pitch: float
    formants: float
    gain: float


SPEAKERS = {
    "robin": Speaker(pitch=1.0, formants=1.0, gain=1.6),
    "heron": Speaker(pitch=0.56, formants=1.16, gain=1.1),
}
#: The teacher's durations have this output's name in its graph; it is not one of the graph's own.
DURATIONS = "/Clip_output_0"
#: Samples of one unit of duration.
UNIT = 600
#: Power of silence: the teacher's is nearly digital.
SILENCE = 1e-5


@dataclass(frozen=True)
class Spoken:
    """What the teacher said: sound [samples], and each phone's number and end in samples."""

    sound: np.ndarray
    phones: np.ndarray
    ends: np.ndarray
    words: list[list[int]] | None


class Teacher:
    def __init__(self) -> None:
        self._hibari = Hibari(threads=1)
        graph = onnx.load(self._hibari.model_path)
        graph.graph.output.append(
            onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._space = self._hibari.vocab[" "]

    def say(self, text: str, voice: str, speed: float, rng: np.random.Generator) -> Spoken | None:
        """None where the text has nothing to say."""
        speaker = SPEAKERS[voice]
        sounds, phones, durations = [], [], []
        for sentence in self._hibari.phonemize(text):
            ids = self._hibari.ids(sentence)
            wave, duration = self._sentence(ids, speaker, speed, rng)
            sounds.append(wave)
            phones += ids
            durations += duration.astype(int).tolist()
        if not sounds:
            return None
        wave = np.concatenate(sounds) * speaker.gain
        wave *= min(1, 0.95 / max(np.abs(wave).max(), 1e-9))
        start, end = sound.speech(wave, SILENCE)
        if end == start:
            return None
        ends = np.cumsum(durations) * UNIT - start
        return Spoken(wave[start:end], np.array(phones), ends, self._words(text, phones, ends))

    def _sentence(
        self, ids: list[int], speaker: Speaker, speed: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        *parts, durations = self._session.run(None, inputs)
        harmonic, theta, noise, free, phase, pitch = (part[0] for part in parts)
        if speaker.formants != 1.0:
            # The spectra have 601 bins; bin k is read from bin k * formants.
            source = np.arange(601) * speaker.formants
            low = np.clip(source.astype(int), 0, 599)
            weight = (source - low).clip(0, 1)[:, None].astype(np.float32)
            beyond = (source > 600)[:, None]

            def warp(logs: np.ndarray) -> np.ndarray:
                moved = logs[low] * (1 - weight) + logs[low + 1] * weight
                return np.where(beyond, -9, moved).astype(np.float32)

            harmonic, noise, free = warp(harmonic), warp(noise), warp(free)
            theta, phase = theta[low], phase[low]
        pitch = (pitch * speaker.pitch).astype(np.float32)
        return dsp.synth(harmonic, theta, noise, free, phase, pitch, rng), durations.reshape(-1)

    def _words(self, text: str, phones: list[int], ends: np.ndarray) -> list[list[int]] | None:
        """Beginning and end of every word; None where phones and text disagree on their number."""
        starts = np.concatenate([[ends[0]], ends[:-1]])
        words: list[list[int]] = []
        inside = False
        for phone, start, end in zip(phones, starts, ends, strict=True):
            if phone in (0, self._space):
                inside = False
            elif inside:
                words[-1][1] = int(end)
            else:
                words.append([int(start), int(end)])
                inside = True
        return words if len(words) == len(text.split()) else None


def _part(work: Work, items: list[tuple[str, str]], part: int, parts: int) -> None:
    """Says every `parts`-th item, from `part` on."""
    own = items[part::parts]
    writer = Writer(work.utterances, f"teacher-{part}-of-{parts}")
    teacher = Teacher()
    try:
        for number, (voice, text) in enumerate(own):
            if writer.has(str(number), text):
                continue
            rng = np.random.default_rng([part, number])
            speed = float(rng.uniform(0.95, 1.08))
            spoken = teacher.say(text, voice, speed, rng)
            if spoken is None:
                print(f"nothing to say: {text}")
                continue
            writer.append(
                spoken.sound,
                Utterance(
                    item=str(number),
                    text=text,
                    voice=voice,
                    samples=len(spoken.sound),
                    phones=spoken.phones.tolist(),
                    ends=spoken.ends.tolist(),
                    words=spoken.words,
                ),
            )
            if number % 2000 == 0:
                print(f"part {part}: {number} of {len(own)}", flush=True)
    except KeyboardInterrupt:
        print(f"part {part}: interrupted")
    except TrainingError as error:
        sys.exit(f"error: {error}")
    finally:
        writer.close()


def run(work: Work, jobs: int) -> None:
    """Says what is not said yet, in `jobs` processes."""
    lines = work.need(work.sentences, "text").read_text(encoding="utf-8").splitlines()
    items = []
    for number, line in enumerate(lines, 1):
        voice, tab, text = line.partition("\t")
        if not tab or voice not in SPEAKERS:
            raise TrainingError(
                f"{work.sentences}:{number} is not VOICE<tab>TEXT with a voice of "
                f"{', '.join(SPEAKERS)}"
            )
        items.append((voice, text))
    others = [
        file.name
        for file in work.utterances.glob("teacher-*.jsonl")
        if not file.name.endswith(f"-of-{jobs}.jsonl")
    ]
    if others:
        raise TrainingError(
            f"{work.utterances / others[0]} was begun with another number of --jobs: "
            "give the same, or delete it"
        )
    processes = [
        multiprocessing.Process(target=_part, args=(work, items, part, jobs))
        for part in range(jobs)
    ]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join()
    except KeyboardInterrupt:
        for process in processes:
            process.join()
        raise
    if any(process.exitcode for process in processes):
        raise TrainingError("a process of the teacher failed, see above")
