"""What the decoder has to deceive in its second stage."""

import torch
import torch.nn.functional as F
from torch import nn

from .compat import weight_norm
from .spectra import magnitudes

WINDOWS = (1024, 512, 256)


class Discriminator(nn.Module):
    """Convolutions over log magnitudes at one resolution; true sounds are 1, made ones 0."""

    def __init__(self, window: int, channels: int = 12) -> None:
        super().__init__()
        self.window = window
        shapes = [
            (1, (7, 3), (1, 1)),
            *[(channels, (7, 3), (2, 1))] * 3,
            (channels, (3, 3), (1, 1)),
        ]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(inputs, channels, kernel, stride, padding=(kernel[0] // 2, 1)))
            for inputs, kernel, stride in shapes
        )
        self.verdict = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=1))

    def forward(self, sound: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """[batch, samples] to the verdicts, [batch, 1, bins, moments], and every layer's output."""
        x = torch.log(magnitudes(sound, self.window) + 1e-3)[:, None]
        outputs = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            outputs.append(x)
        return self.verdict(x), outputs


class Discriminators(nn.ModuleList):
    """One a resolution."""

    def __init__(self) -> None:
        super().__init__(Discriminator(window) for window in WINDOWS)

    def own_loss(self, true: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        """How badly they tell `true` from `made`, both [batch, samples]."""
        total = torch.zeros((), device=true.device)
        for one in self:
            total = total + (one(true)[0].float() - 1).square().mean()
            total = total + one(made.detach())[0].float().square().mean()
        return total

    def decoder_losses(
        self, true: torch.Tensor, made: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """How well they see through `made`, and how far its features are from those of `true`."""
        seen = torch.zeros((), device=true.device)
        features = torch.zeros((), device=true.device)
        for one in self:
            with torch.no_grad():
                true_outputs = one(true)[1]
            verdict, outputs = one(made)
            seen = seen + (verdict.float() - 1).square().mean()
            distances = [
                (a.float() - b.float()).abs().mean() / (b.float().abs().mean() + 1e-3)
                for a, b in zip(outputs, true_outputs, strict=True)
            ]
            features = features + sum(distances) / len(distances)
        return seen, features
