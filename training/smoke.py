"""Step `smoke`: every step in a tiny size, as a user calls them, and whether they fit together.

The tiny model learns nothing. What a step is worth shows where `starling` goes on: the steps have
to find it trained, and to leave it speaking.
"""

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from . import sound
from .errors import TrainingError
from .utterances import RATE, Utterances
from .work import STARLING, Work

ROOT = Path(__file__).resolve().parent.parent
TINY = ("--config", str(Path(__file__).resolve().parent / "smoke.yaml"))
TINY_CODEC = ("--batch", "2", "--frames", "4")
TINY_LM = ("--positions", "300")
#: Milliseconds that the words of a recording may lie from where they are, in the mean.
WORD_ERROR = 60
#: Part of a new model's energy loss and guide that a trained one may have.
TRAINED = 0.6
#: What `starling` is sure of.
VOICE, SENTENCE = "robin", "The quick brown fox jumps over the lazy dog."


class Steps:
    """Calls steps as a user does, in one work folder."""

    def __init__(self, work: Path) -> None:
        self.work = Work(work)

    def run(self, step: str, *options: str) -> str:
        """What the step printed."""
        command = [sys.executable, "-m", "training", step, "--work", str(self.work.root), *options]
        return _run(command)

    def interrupted(self, step: str, *options: str) -> str:
        """Stops an endless training, and has it make two steps more; what it printed then."""
        command = [sys.executable, "-m", "training", step, "--work", str(self.work.root), *options]
        endless = [*command, "--steps", "1000000"]
        process = subprocess.Popen(
            endless, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # The first step is reported at once.
        for line in process.stdout:
            if re.match(r"\d+  ", line):
                break
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
        stopped = re.search(r"stopped at step (\d+)", errors)
        if stopped is None:
            raise TrainingError(f"{step} did not stop where it was told to:\n{output}{errors}")
        at = int(stopped[1])
        printed = self.run(step, *options, "--steps", str(at + 2))
        _expect(f"goes on at step {at}" in printed, f"{step}: interrupted and resumed at step {at}")
        return printed


def _run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TrainingError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def _expect(holds: bool, what: str) -> None:
    print(f"{'ok' if holds else 'FAILED'}: {what}", flush=True)
    if not holds:
        raise TrainingError(what)


def _value(printed: str, name: str) -> float:
    """The last mean that a training step reported under `name`."""
    found = re.findall(rf"{name} ([\d.e+-]+)", printed)
    if not found:
        raise TrainingError(f"no {name} in:\n{printed}")
    return float(found[-1])


def _recorded(steps: Steps, folder: Path) -> None:
    """Takes in what the teacher said as if a visitor had recorded it; the words' times are known
    then."""
    said = Utterances(steps.work.utterances)
    own = [i for i in range(len(said)) if said[i].voice == "robin"]
    lines = []
    for index in own:
        sound.write(folder / "wavs" / f"{index}.wav", said.sound(index))
        lines.append(f"{index}|{said[index].text}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    steps.run("recordings", str(folder), "--voice", "visitor")
    taken = [u for u in Utterances(steps.work.utterances) if u.voice == "visitor"]
    _expect(len(taken) == len(own), f"{len(own)} recordings are taken in")
    errors = [
        np.abs(np.array(utterance.words) - said[index].words).ravel()
        for utterance, index in zip(taken, own, strict=True)
        if utterance.words is not None and said[index].words is not None
    ]
    error = float(np.concatenate(errors).mean()) / RATE * 1000
    _expect(error < WORD_ERROR, f"their words are found, {error:.0f} ms beside the true times")


def _tiny(scratch: Path) -> tuple[Steps, str]:
    """All steps with the tiny model; what `lm` printed."""
    steps = Steps(scratch / "tiny")
    steps.run("text", "--no-wordnet", "--templates", "14")
    steps.run("teach")
    _recorded(steps, scratch / "recordings")
    steps.interrupted("codec", *TINY, *TINY_CODEC)
    steps.run("codec", *TINY, *TINY_CODEC, "--gan", "--steps", "1")
    steps.interrupted("codec", *TINY, *TINY_CODEC, "--gan")
    steps.run("latents", *TINY)
    new = steps.run("lm", *TINY, *TINY_LM, "--steps", "1")
    steps.interrupted("lm", *TINY, *TINY_LM)
    steps.run("export", *TINY)
    steps.run("samples", "--sentences", "1")
    _expect((steps.work.samples / "codec" / "robin-000.wav").is_file(), "every step of the recipe")
    return steps, new


def _starling(scratch: Path, tiny: Steps, new: str) -> Steps:
    """Goes on from `starling` with the tiny model's utterances; `new` is what a language model
    without training printed."""
    steps = Steps(scratch / "starling")
    steps.work.root.mkdir()
    tiny.work.utterances.rename(steps.work.utterances)
    start = ("--from", str(STARLING))
    steps.run("codec", *start, "--steps", "0")
    steps.run("latents")
    steps.run("lm", *start, "--steps", "0")
    steps.run("export")
    before, after = (load_file(f / "model.safetensors") for f in (STARLING, steps.work.voice))
    same = before.keys() == after.keys() and all(before[n].equal(after[n]) for n in before)
    _expect(same, "starling comes out of no steps as it went in")
    codec = steps.run("codec", "--gan", "--steps", "1", "--batch", "2")
    lm = steps.run("lm", "--steps", "1", "--positions", "600")
    for name in ("energy", "guide"):
        trained, untrained = _value(lm, name), _value(new, name)
        _expect(
            trained < TRAINED * untrained,
            f"starling's {name} loss is {trained:.2f}, a new model's {untrained:.2f}",
        )
    _expect(_value(codec, "spectra") < 10, f"its codec's is {_value(codec, 'spectra'):.1f}")
    steps.run("export")
    return steps


def _speak(command: Path, voice: Path, scratch: Path, file: Path) -> None:
    """Converts a finished voice and has it say `SENTENCE`, as README.md tells the user to."""
    prompts = sorted(voice.glob("*.wav"))
    bundle = scratch / f"bundle-{voice.parent.name}"
    convert = [str(command), "convert", "--config", str(voice / "config.yaml")]
    convert += ["--weights", str(voice / "model.safetensors")]
    convert += ["--tokenizer", str(voice / "tokenizer.model")]
    convert += ["--voices", *map(str, prompts), "--output-dir", str(bundle)]
    _run(convert)
    speak = [str(command), "speak", SENTENCE, "--bundle", str(bundle), "--voice", VOICE]
    _run([*speak, "--seed", "1", "--quiet", "--output", str(file)])
    seconds = len(sound.read(file)) / RATE
    _expect(
        seconds > 0.2, f"{voice.parent.name}: pocket-onnx converts it and speaks {seconds:.1f} s"
    )


def run(pocket_onnx: Path | None, spoken: Path | None) -> None:
    """`pocket_onnx` converts and speaks what comes out; `spoken` gets what has to be intelligible,
    `NAME.wav` and `NAME.txt`."""
    if pocket_onnx is not None:
        pocket_onnx = pocket_onnx.resolve()
        if not pocket_onnx.is_file():
            raise TrainingError(f"{pocket_onnx} is missing: --pocket-onnx names the command")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        tiny, untrained = _tiny(scratch)
        starling = _starling(scratch, tiny, untrained)
        if pocket_onnx is None:
            print("not tried: whether pocket-onnx converts the voices (no --pocket-onnx)")
            return
        _speak(pocket_onnx, tiny.work.voice, scratch, scratch / "tiny.wav")
        file = scratch / "starling.wav"
        _speak(pocket_onnx, starling.work.voice, scratch, file)
        if spoken is not None:
            sound.write(spoken / "training-starling.wav", sound.read(file))
            (spoken / "training-starling.txt").write_text(SENTENCE + "\n", encoding="utf-8")
