"""Spectra, and how far two sounds are apart in them."""

import functools

import numpy as np
import torch

from .utterances import RATE

#: Windows in samples, and the mel bands that each is compared in beside its bins.
BANDS = {2048: 128, 1024: 100, 512: 64, 256: 32, 128: 0}


def mel_filters(window: int, bands: int) -> np.ndarray:
    """Triangles from 40 Hz to 12 kHz, each of sum 1, [bands, window / 2 + 1]."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (40, RATE / 2))
    corners = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    bins = np.linspace(0, RATE / 2, window // 2 + 1)
    left, middle, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    filters = np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle))
    filters = np.maximum(0, filters)
    return filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-6)


@functools.cache
def _mel(window: int, bands: int, device: torch.device) -> torch.Tensor:
    return torch.tensor(mel_filters(window, bands), dtype=torch.float32, device=device)


@functools.cache
def _hann(window: int, device: torch.device) -> torch.Tensor:
    return torch.hann_window(window, device=device)


def magnitudes(sound: torch.Tensor, window: int) -> torch.Tensor:
    """[batch, samples] to [batch, window / 2 + 1, moments], a quarter of the window apart."""
    spectrum = torch.stft(
        sound, window, window // 4, window=_hann(window, sound.device), return_complex=True
    )
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-9).sqrt()


def distance(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Of two batches of sounds, [batch, samples]: a number that grows with what is audible."""
    total = torch.zeros((), device=made.device)
    for window, bands in BANDS.items():
        a, b = magnitudes(made, window), magnitudes(true, window)
        total = total + 0.5 * (a - b).norm() / (b.norm() + 1e-3)
        total = total + 0.5 * (torch.log(a + 2e-3) - torch.log(b + 2e-3)).abs().mean()
        if bands:
            filters = _mel(window, bands, made.device)
            a, b = filters @ a, filters @ b
            total = total + 2 * (torch.log(a + 5e-4) - torch.log(b + 5e-4)).abs().mean()
    return total
