"""Two attention heads that are taught to look at the word that sounds."""

import torch
import torch.nn.functional as F
from torch import nn

from .lm_batch import Batch
from .model import FlowLMModel

# isort: split
from pocket_tts.modules.rope import apply_rope

#: The head that is taught, in each layer that `_layers` names.
HEAD = 0


def _layers(count: int) -> list[int]:
    """Of 8 layers the fourth and the sixth."""
    return sorted({3 * count // 8, 5 * count // 8})


class Guide:
    """Keeps what goes into the guided layers' attention, from one forward pass to its loss."""

    def __init__(self, lm: FlowLMModel) -> None:
        layers = lm.transformer.layers
        self._attentions: list[nn.Module] = [layers[i].self_attn for i in _layers(len(layers))]
        self._inputs: dict[nn.Module, torch.Tensor] = {}
        for attention in self._attentions:
            attention.register_forward_pre_hook(self._keep)

    def _keep(self, attention: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._inputs[attention] = inputs[0]

    def loss(self, batch: Batch, prefix: int) -> torch.Tensor:
        """Minus the log of the attention on the tokens of the word that sounds, among all tokens
        of the text. Frames begin at position `prefix`, and the text ends there."""
        text = slice(prefix - batch.tokens.shape[1], prefix)
        words, sounding = batch.token_words[:, None], batch.frame_words[..., None]
        same = words == sounding
        counted = batch.frame_words >= 0
        total = torch.zeros((), device=words.device)
        for attention in self._attentions:
            inputs = self._inputs.pop(attention)
            rows, time, _ = inputs.shape
            width = attention.dim_per_head
            projected = F.linear(inputs, attention.in_proj.weight.to(inputs.dtype))
            q = projected[..., : attention.attn_dim].view(rows, time, -1, width)
            kv = projected[..., attention.attn_dim :].view(rows, time, 2, -1, width)
            q, k = apply_rope(q[:, :, HEAD : HEAD + 1], kv[:, :, 0, HEAD : HEAD + 1])
            q, k = q[:, prefix:, 0].float(), k[:, text, 0].float()
            scores = torch.einsum("bqd,bkd->bqk", q, k) / width**0.5
            logs = scores.masked_fill(words < 0, -1e4).log_softmax(-1)
            on_word = torch.logsumexp(logs.masked_fill(~same, -1e4), -1)
            total = total - (on_word * counted).sum() / counted.sum().clamp(min=1)
        return total / len(self._attentions)
