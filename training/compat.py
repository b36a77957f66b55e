"""Lets pocket-tts's modules run on PyTorch 1.13, Debian's, which has no CUDA and installs quickly.

That is enough to try every step (`python -m training smoke`). With PyTorch 2.5 or newer, which
pocket-tts asks for, nothing here does anything.
"""

import contextlib
import importlib.util
import sys
import types

import torch
import torch.nn.functional as F

#: Whether pocket-tts runs as it is, so that it can speak too.
CURRENT = hasattr(F, "scaled_dot_product_attention")


def _attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor, dropout_p: float
) -> torch.Tensor:
    """q, k, v: [batch, heads, time, width]; `mask` is true where a query may look."""
    assert dropout_p == 0
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.masked_fill(~mask, float("-inf")).softmax(-1) @ v


if not CURRENT:
    F.scaled_dot_product_attention = _attention
    torch.compiler = types.SimpleNamespace(disable=lambda function: function)
    # The package's own beginning loads what speaks, which needs newer decorators.
    package = types.ModuleType("pocket_tts")
    spec = importlib.util.find_spec("pocket_tts")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["pocket_tts"] = package


def autocast(device: torch.device) -> torch.autocast:
    """bf16 for what takes it; PyTorch 1.13 cannot normalise layers in it."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=CURRENT)


def attention_kernel(device: torch.device) -> contextlib.AbstractContextManager[None]:
    """On CPUs a step takes a fifth longer by the kernel that PyTorch chooses for itself."""
    if device.type != "cpu" or not CURRENT:
        return contextlib.nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel(SDPBackend.MATH)


try:
    from torch.nn.utils.parametrizations import weight_norm
except ImportError:
    from torch.nn.utils import weight_norm

__all__ = ["CURRENT", "attention_kernel", "autocast", "weight_norm"]
