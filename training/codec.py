"""Step `codec`: Mimi, the encoder and decoder of sound.

First stage: encoder and decoder, by distances of spectra; the phones are predicted from the
latents, so that these hold what the language model has to say. Second stage, `--gan`: the decoder
alone, against discriminators; the encoder rests, so latents and language model stay good.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import checkpoint, loop, model, spectra
from .compat import autocast
from .discriminator import Discriminators
from .errors import TrainingError
from .utterances import PHONES, RATE, UNKNOWN, Utterances
from .work import Work

# isort: split
from pocket_tts.models.mimi import MimiModel
from pocket_tts.modules.conv import StreamingConv1d, StreamingConvTranspose1d
from pocket_tts.modules.seanet import SEANetResnetBlock
from pocket_tts.modules.stateful_module import init_states

#: Phones that are predicted for each frame.
PHONES_A_FRAME = 4
#: Layers of the decoder that run at the rate of samples, where bf16 would be heard as noise.
EXACT_LAYERS = 4
LEARNING_RATE = 1e-3
WARM_UP = 300
FLOOR = 0.05


@dataclass(frozen=True)
class Options:
    config: Path
    start: Path | None
    gan: bool
    steps: int
    batch: int
    #: Frames of a training excerpt.
    frames: int
    device: torch.device


class Excerpts:
    """Batches of pieces of the utterances that are not held out."""

    def __init__(self, utterances: Utterances, frame: int, options: Options) -> None:
        self._utterances = utterances
        self._usable = np.array(
            [i for i in utterances.to_train if utterances[i].samples > RATE // 2]
        )
        if len(self._usable) == 0:
            raise TrainingError("no utterance has more than half a second: nothing to train with")
        self._phone = frame // PHONES_A_FRAME
        self._shape = (options.batch, options.frames)
        self._device = options.device

    def batch(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Sounds [batch, samples], and the phones in them [batch, frames * PHONES_A_FRAME]."""
        count, frames = self._shape
        step = self._phone
        length = frames * PHONES_A_FRAME * step
        sounds = np.zeros((count, length), np.float32)
        phones = np.full((count, frames * PHONES_A_FRAME), UNKNOWN)
        for row in range(count):
            index = int(self._usable[rng.integers(len(self._usable))])
            # Some begin so late that silence follows.
            latest = max(1, self._utterances[index].samples - length + RATE // 5)
            first = int(rng.integers(0, latest)) // step
            sound = self._utterances.sound(index, first * step, length)
            sounds[row, : len(sound)] = sound * rng.uniform(0.7, 1.2)
            known = self._utterances.phones(index, step)[first : first + phones.shape[1]]
            phones[row, : len(known)] = known
        return torch.from_numpy(sounds).to(self._device), torch.from_numpy(phones).to(self._device)


def decode(codec: MimiModel, latents: torch.Tensor) -> torch.Tensor:
    """`codec.decode_from_latent` with the last layers in f32: [batch, frames, width] to
    [batch, samples]."""
    batch, frames, _ = latents.shape
    positions = frames * codec.frame_size // codec.encoder.hop_length
    state = init_states(codec, batch, positions)

    def apply(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        stateful = (StreamingConv1d, StreamingConvTranspose1d, SEANetResnetBlock)
        return layer(x, state) if isinstance(layer, stateful) else layer(x)

    layers = list(codec.decoder.model)
    with autocast(latents.device):
        x = codec._to_encoder_framerate(codec.quantizer(latents.transpose(-1, -2)), state)
        (x,) = codec.decoder_transformer(x, state)
        for layer in layers[:-EXACT_LAYERS]:
            x = apply(layer, x)
    x = x.float()
    for layer in layers[-EXACT_LAYERS:]:
        x = apply(layer, x)
    return x[:, 0]


def encode(codec: MimiModel, sounds: torch.Tensor) -> torch.Tensor:
    """[batch, samples] to [batch, frames, width]."""
    with autocast(sounds.device):
        return codec.encode_to_latent(sounds[:, None]).float()


def cross_entropy(scores: torch.Tensor, phones: torch.Tensor) -> torch.Tensor:
    """Mean over the known phones, 0 where there are none. [..., PHONES] and [...]."""
    known = (phones != UNKNOWN).sum().clamp(min=1)
    total = F.cross_entropy(
        scores.reshape(-1, PHONES), phones.reshape(-1), ignore_index=UNKNOWN, reduction="sum"
    )
    return total / known


class Training:
    """The networks, their optimizers and one step."""

    def __init__(self, work: Work, options: Options) -> None:
        self._work = work
        self._options = options
        config = model.read_config(options.config)
        self._codec = model.build_codec(config)
        self._phone = nn.Linear(model.latent_width(config), PHONES_A_FRAME * PHONES)
        self._discriminators = Discriminators() if options.gan else None
        self.first = self._since = 0
        saved = self._restore()
        for module in (self._codec, self._phone, self._discriminators):
            if module is not None:
                module.to(options.device).train()
        if options.gan:
            for name, parameter in self._codec.named_parameters():
                parameter.requires_grad_(not name.startswith(model.ENCODER))
        learned = [p for p in self._codec.parameters() if p.requires_grad]
        if not options.gan:
            learned += self._phone.parameters()
        self._learned = learned
        self._optimizer = torch.optim.AdamW(
            learned, lr=LEARNING_RATE, betas=(0.8, 0.99), weight_decay=1e-3
        )
        self._judges_optimizer = None
        if self._discriminators is not None:
            self._judges_optimizer = torch.optim.AdamW(
                self._discriminators.parameters(), lr=4e-4, betas=(0.8, 0.99)
            )
        if "optimizer" in saved:
            self._optimizer.load_state_dict(saved["optimizer"])
            if self._judges_optimizer is not None:
                self._judges_optimizer.load_state_dict(saved["judges_optimizer"])
        utterances = Utterances(work.utterances)
        print(utterances)
        self._excerpts = Excerpts(utterances, self._codec.frame_size, options)
        self._rng = loop.seed(self.first)

    def _restore(self) -> dict:
        """Takes weights from the work folder or `--from`; returns what belongs to this stage."""
        options, path = self._options, self._work.codec
        if not path.exists():
            if options.start is not None:
                weights = model.published(options.start, "mimi")
                model.load(self._codec, weights, options.start)
                print(f"begins with the weights of {options.start}")
            elif options.gan:
                raise TrainingError(
                    f"{path} is missing: train the first stage, or give --from models/starling"
                )
            return {}
        saved = checkpoint.load(path)
        model.load(self._codec, saved["model"], path)
        model.load(self._phone, saved["phone"], path)
        stage = saved.get("stage", "spectra")
        if stage == "gan" and not options.gan:
            raise TrainingError(f"{path} is in its second stage: give --gan, or another --work")
        if stage == "spectra" and options.gan:
            print(f"second stage, after {saved['step']} steps of the first")
            return {}
        self.first = saved["step"]
        # A checkpoint without an optimizer's state warms up again.
        self._since = saved.get("since", self.first)
        if self._discriminators is not None:
            model.load(self._discriminators, saved["discriminators"], path)
        print(f"goes on at step {self.first}")
        return saved

    def step(self, number: int) -> dict[str, float]:
        options, codec = self._options, self._codec
        rate = loop.cosine(number, self._since, options.steps, WARM_UP, FLOOR) * LEARNING_RATE
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        sounds, phones = self._excerpts.batch(self._rng)
        with torch.set_grad_enabled(not options.gan):
            latents = encode(codec, sounds)
        spread = torch.rand(len(latents), 1, 1, device=latents.device) * 0.2
        made = decode(codec, latents + torch.randn_like(latents) * spread)
        spectral = spectra.distance(made, sounds)
        values = {"spectra": spectral.item()}
        if self._discriminators is None:
            # [batch, frames, PHONES_A_FRAME * PHONES] in the order of `phones`.
            scores = self._phone(latents).reshape(-1, PHONES)
            known = cross_entropy(scores, phones.reshape(-1))
            # Latents of mean 0 and variance 1 in every dimension are easy to sample.
            normal = (latents.square().mean((0, 1)) - 1).square().mean()
            normal = 0.05 * (normal + latents.mean((0, 1)).square().mean())
            loss = spectral + 0.1 * known + normal
            values |= {"phones": known.item(), "deviation": latents.std().item()}
        else:
            loss, adversarial = self._against(spectral, sounds, made)
            values |= adversarial
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._learned, 5.0)
        self._optimizer.step()
        return values

    def _against(
        self, spectral: torch.Tensor, sounds: torch.Tensor, made: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """A step of the discriminators, then the decoder's loss against them."""
        judges = self._discriminators
        with autocast(sounds.device):
            own = judges.own_loss(sounds, made)
        self._judges_optimizer.zero_grad(set_to_none=True)
        own.backward()
        self._judges_optimizer.step()
        judges.requires_grad_(False)
        with autocast(sounds.device):
            seen, features = judges.decoder_losses(sounds, made)
        judges.requires_grad_(True)
        values = {"seen": seen.item(), "features": features.item(), "judges": own.item()}
        return spectral + 0.3 * seen + features, values

    def save(self, done: int) -> None:
        state = {
            "model": self._codec.state_dict(),
            "phone": self._phone.state_dict(),
            "stage": "gan" if self._options.gan else "spectra",
            "step": done,
            "since": self._since,
            "optimizer": self._optimizer.state_dict(),
        }
        if self._discriminators is not None:
            state["discriminators"] = self._discriminators.state_dict()
            state["judges_optimizer"] = self._judges_optimizer.state_dict()
        checkpoint.save(self._work.codec, state)


def run(work: Work, options: Options) -> None:
    training = Training(work, options)
    if not work.codec.exists():
        # With `--from` and no steps the given codec is taken as it is.
        training.save(0)
    if training.first >= options.steps:
        print(f"{work.codec} has its {options.steps} steps")
        return
    loop.run(training.first, options.steps, training.step, training.save)
