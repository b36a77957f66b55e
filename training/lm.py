"""Step `lm`: FlowLM, which says the latents of a text one frame after the other.

The flow net learns by an energy loss over a few samples of each frame, so that one step of it is
enough; beside it the phone at each frame is predicted and two attention heads are guided.
"""

import copy
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from . import checkpoint, latents, loop, model, tokenizer
from .codec import PHONES_A_FRAME, cross_entropy
from .compat import attention_kernel, autocast
from .errors import TrainingError
from .guide import Guide
from .lm_batch import Batch, Batches
from .utterances import PHONES, Utterances
from .work import Work

#: Samples of each frame that the energy loss compares.
SAMPLES = 4
LEARNING_RATE = 1.5e-3
WARM_UP = 500
FLOOR = 0.03
#: Of the average of weights that is exported.
DECAY = 0.999
#: Weight of a frame where speech has ended; there are few.
ENDED_WEIGHT = 4.0


@dataclass(frozen=True)
class Options:
    config: Path
    start: Path | None
    steps: int
    #: Positions of a batch, all rows together.
    positions: int
    #: Weight of the phones' and the guided heads' losses.
    auxiliary: float
    device: torch.device


def energy(samples: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Energy score of `samples` [samples, frames, width] for `truth` [frames, width]: how far they
    are from it, less half of how far they are from one another."""

    def distance(difference: torch.Tensor) -> torch.Tensor:
        return difference.square().sum(-1).add(1e-6).sqrt().mean()

    pairs = list(itertools.combinations(range(len(samples)), 2))
    apart = sum(distance(samples[i] - samples[j]) for i, j in pairs) / len(pairs)
    return (distance(samples - truth) - 0.5 * apart) / math.sqrt(truth.shape[-1])


def attention_mask(padding: torch.Tensor, length: int) -> torch.Tensor:
    """[B] positions of padding in front to [B, 1, length, length]: causal, without the padding.

    A padded position sees itself, so that no row of the mask is empty.
    """
    at = torch.arange(length, device=padding.device)
    causal = at[:, None] >= at[None, :]
    content = at[None, None, :] >= padding[:, None, None]
    itself = at[:, None] == at[None, :]
    return ((causal & content) | itself)[:, None]


class Training:
    def __init__(self, work: Work, options: Options) -> None:
        self._work, self._options = work, options
        config = model.read_config(options.config)
        utterances = Utterances(work.utterances)
        print(utterances)
        known = latents.read(work, utterances)
        texts = [utterances[i].text for i in utterances.to_train]
        pieces = config["flow_lm"]["lookup_table"]["n_bins"]
        processor = tokenizer.prepare(work, options.start, texts, pieces)
        codec = model.build_codec(config)
        self._batches = Batches(
            utterances, known, processor, codec.frame_size, PHONES_A_FRAME, options.positions
        )
        self._lm = model.build_lm(config)
        self._phone = nn.Linear(self._lm.dim, PHONES_A_FRAME * PHONES)
        self.first = self._since = 0
        saved = self._restore(known)
        self._lm.to(options.device).train()
        self._phone.to(options.device)
        self._average = copy.deepcopy(self._lm).requires_grad_(False)
        if "ema" in saved:
            model.load(self._average, saved["ema"], work.lm)
        self._guide = Guide(self._lm)
        matrices = [p for p in self._lm.parameters() if p.dim() > 1]
        others = [p for p in self._lm.parameters() if p.dim() <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": 0.02},
                {"params": [*others, *self._phone.parameters()], "weight_decay": 0.0},
            ],
            lr=LEARNING_RATE,
            betas=(0.9, 0.98),
        )
        if "optimizer" in saved:
            self._optimizer.load_state_dict(saved["optimizer"])
        self._rng = loop.seed(self.first)

    def _restore(self, known: latents.Latents) -> dict:
        """Takes weights from the work folder or `--from`, or the latents' mean and deviation."""
        options, path = self._options, self._work.lm
        if path.exists():
            saved = checkpoint.load(path)
            model.load(self._lm, saved["model"], path)
            if "aux" not in saved:
                raise TrainingError(f"{path} is no checkpoint of a language model")
            model.load(self._phone, saved["aux"], path)
            self.first = saved["step"]
            # A checkpoint without an optimizer's state warms up again.
            self._since = saved.get("since", self.first)
            print(f"goes on at step {self.first}")
            return saved
        if options.start is not None:
            model.load(self._lm, model.published(options.start, "flow_lm"), options.start)
            print(f"begins with the weights of {options.start}")
        else:
            values = torch.from_numpy(known.values).float()
            self._lm.emb_mean.copy_(values.mean(0))
            self._lm.emb_std.copy_(values.std(0) + 1e-4)
        return {}

    def _hidden(self, batch: Batch, inputs: torch.Tensor) -> tuple[torch.Tensor, int]:
        """The backbone's outputs at the frames [B, F, width], and where these begin.

        `inputs`: the frame before each frame, [B, F, latent width].
        """
        lm = self._lm
        rows, prompt, _ = batch.prompts.shape
        begin = lm.bos_before_voice.expand(rows, -1, -1)
        voice = F.linear(batch.prompts, lm.speaker_proj_weight)
        text = lm.conditioner(batch.tokens)
        # Texts are padded in front, and the prompt has to touch its text: each row is moved.
        head = torch.cat([begin, voice], 1)
        prefix = head.shape[1] + text.shape[1]
        at = torch.arange(prefix, device=text.device)[None] - batch.padding[:, None]
        in_head = (at >= 0) & (at < head.shape[1])
        index = at.clamp(0, head.shape[1] - 1)[..., None].expand(-1, -1, head.shape[2])
        padded_text = F.pad(text, (0, 0, head.shape[1], 0))
        start = torch.where(in_head[..., None], head.gather(1, index), padded_text)
        x = torch.cat([start, lm.input_linear(inputs)], 1)
        mask = attention_mask(batch.padding, x.shape[1])
        with attention_kernel(x.device):
            for layer in lm.transformer.layers:
                x = layer(x, None, attn_mask=mask)
        return lm.out_norm(x[:, prefix:]), prefix

    def step(self, number: int) -> dict[str, float]:
        options, lm = self._options, self._lm
        rate = loop.cosine(number, self._since, options.steps, WARM_UP, FLOOR) * LEARNING_RATE
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batch = self._batches.draw(self._rng).to(options.device)
        truth = (batch.latents - lm.emb_mean) / lm.emb_std
        rows = len(truth)
        # Frames of its own will never be perfect: it learns to go on from worse ones.
        spread = torch.rand(rows, 1, 1, device=truth.device) * 0.5
        past = (truth + torch.randn_like(truth) * spread)[:, :-1]
        inputs = torch.cat([lm.bos_emb.expand(rows, 1, -1), past], 1)
        with autocast(options.device):
            hidden, prefix = self._hidden(batch, inputs)
            ended = lm.out_eos(hidden)[..., 0].float()
            phones = self._phone(hidden).float()
            present = batch.present > 0
            condition, target = hidden[present], truth[present]
            noise = torch.randn(SAMPLES, *target.shape, device=target.device)
            samples = noise + lm.flow_net(condition.expand(SAMPLES, -1, -1), noise)
        flow = energy(samples.float(), target)
        weight = torch.tensor(ENDED_WEIGHT, device=target.device)
        end = F.binary_cross_entropy_with_logits(
            ended, batch.ended, reduction="none", pos_weight=weight
        )
        end = (end * batch.present).sum() / batch.present.sum()
        known = cross_entropy(phones, batch.phones)
        guide = self._guide.loss(batch, prefix)
        loss = flow + 0.1 * end + options.auxiliary * 0.2 * (known + guide)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(lm.parameters(), 1.0)
        self._optimizer.step()
        self._follow(number + 1)
        return {
            "energy": flow.item(),
            "end": end.item(),
            "phones": known.item(),
            "guide": guide.item(),
            "rows": rows,
        }

    @torch.no_grad()
    def _follow(self, done: int) -> None:
        """Moves the average of the weights, which is faster in the beginning."""
        share = 1 - min(DECAY, done / (done + 10))
        for average, current in zip(self._average.parameters(), self._lm.parameters(), strict=True):
            average.lerp_(current, share)

    def save(self, done: int) -> None:
        checkpoint.save(
            self._work.lm,
            {
                "model": self._lm.state_dict(),
                "ema": self._average.state_dict(),
                "aux": self._phone.state_dict(),
                "step": done,
                "since": self._since,
                "optimizer": self._optimizer.state_dict(),
            },
        )


def run(work: Work, options: Options) -> None:
    training = Training(work, options)
    if not work.lm.exists():
        training.save(0)
    if training.first >= options.steps:
        print(f"{work.lm} has its {options.steps} steps")
        return
    loop.run(training.first, options.steps, training.step, training.save)
