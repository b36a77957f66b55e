"""Step `latents`: what the codec's encoder makes of every utterance, with 5 frames of silence
behind it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, codec, model
from .errors import TrainingError
from .utterances import Utterances
from .work import Work

#: Frames of silence behind an utterance.
SILENCE = 5
#: Utterances of one file, and of one batch.
SHARD, BATCH = 2048, 24


def _file(folder: Path, first: int) -> Path:
    return folder / f"{first:07d}.npz"


def _samples(utterances: Utterances, first: int) -> np.ndarray:
    last = min(first + SHARD, len(utterances))
    return np.array([utterances[i].samples for i in range(first, last)])


def _is_current(file: Path, samples: np.ndarray, fingerprint: str) -> bool:
    if not file.exists():
        return False
    with np.load(file) as shard:
        return str(shard["encoder"]) == fingerprint and np.array_equal(shard["samples"], samples)


def run(work: Work, config: Path, device: torch.device) -> None:
    """Makes the shards that are missing, or that another encoder or other utterances made."""
    utterances = Utterances(work.utterances)
    weights = checkpoint.load(work.need(work.codec, "codec"))["model"]
    network = model.build_codec(model.read_config(config))
    model.load(network, weights, work.codec)
    network.to(device).eval()
    fingerprint = model.encoder_fingerprint(network.state_dict())
    work.latents.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(utterances), SHARD):
        samples = _samples(utterances, first)
        file = _file(work.latents, first)
        if _is_current(file, samples, fingerprint):
            continue
        made = _encode(network, utterances, first, samples, device)
        new = file.with_suffix(".new")
        with new.open("wb") as out:
            np.savez(
                out,
                latents=np.concatenate(made),
                frames=np.array([len(one) for one in made]),
                samples=samples,
                encoder=fingerprint,
            )
        new.replace(file)
        print(f"latents of {first + len(samples)} of {len(utterances)}", flush=True)


@torch.no_grad()
def _encode(
    network: torch.nn.Module,
    utterances: Utterances,
    first: int,
    samples: np.ndarray,
    device: torch.device,
) -> list[np.ndarray]:
    """Latents of each utterance of a shard, f16 [frames, width]."""
    frame = network.frame_size
    frames = -(-samples // frame) + SILENCE
    made: list[np.ndarray] = [np.empty(0)] * len(samples)
    # Utterances of like lengths share a batch, so that little is padded.
    order = np.argsort(samples, kind="stable")
    for at in range(0, len(order), BATCH):
        rows = order[at : at + BATCH]
        sounds = np.zeros((len(rows), frames[rows].max() * frame), np.float32)
        for row, index in enumerate(rows):
            sounds[row, : samples[index]] = utterances.sound(first + int(index))
        latents = codec.encode(network, torch.from_numpy(sounds).to(device)).cpu().numpy()
        for row, index in enumerate(rows):
            made[index] = latents[row, : frames[index]].astype(np.float16)
    return made


@dataclass(frozen=True)
class Latents:
    """All latents, one utterance behind the other."""

    #: f16 [all frames, width].
    values: np.ndarray
    #: Frames of each utterance, the silence too, and where they begin in `values`.
    frames: np.ndarray
    starts: np.ndarray

    def of(self, index: int, start: int = 0, frames: int | None = None) -> np.ndarray:
        """Float32 [frames, width] of an utterance, from its frame `start` on."""
        begin, end = self.starts[index] + start, self.starts[index] + self.frames[index]
        if frames is not None:
            end = min(end, begin + frames)
        return self.values[begin:end].astype(np.float32)


def read(work: Work, utterances: Utterances) -> Latents:
    """Those of the codec and utterances that are in the work folder now."""
    weights = checkpoint.load(work.need(work.codec, "codec"))["model"]
    fingerprint = model.encoder_fingerprint(weights)
    values, frames = [], []
    for first in range(0, len(utterances), SHARD):
        file = _file(work.latents, first)
        if not _is_current(file, _samples(utterances, first), fingerprint):
            raise TrainingError(
                f"{file} is missing, or of another codec or other utterances: "
                "`python -m training latents` makes it"
            )
        with np.load(file) as shard:
            values.append(shard["latents"])
            frames.append(shard["frames"])
    counts = np.concatenate(frames)
    return Latents(np.concatenate(values), counts, np.cumsum(counts) - counts)
