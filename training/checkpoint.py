"""Checkpoints that are never half written."""

import os
from pathlib import Path
from typing import Any

import torch

from .errors import TrainingError

#: Names in the checkpoints of starling's first training.
FIRST_NAMES = {"m": "model"}


def save(path: Path, state: dict[str, Any]) -> None:
    """Replaces `path` once everything is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote; tensors on the CPU."""
    try:
        # Optimizers' states and the first training's hold more than tensors. A work folder is
        # its owner's: nothing in it comes from strangers.
        state = torch.load(path, map_location="cpu", weights_only=False)
        state = {FIRST_NAMES.get(name, name): value for name, value in state.items()}
    except Exception as error:
        raise TrainingError(f"{path} is no checkpoint of this recipe: {error!r}") from error
    if "model" not in state or "step" not in state:
        raise TrainingError(f"{path} is no checkpoint of this recipe: it has {', '.join(state)}")
    return state
