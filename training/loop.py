"""What the training steps share: steps, reports, checkpoints, and a way to stop."""

import math
import signal
import time
from collections.abc import Callable
from types import FrameType

import numpy as np
import torch

from .errors import TrainingError

#: Seconds between two checkpoints.
SAVE_EVERY = 120.0
#: Steps that a line of the report is the mean of; the first step has a line of its own.
REPORT_EVERY = 100


def seed(step: int) -> np.random.Generator:
    """Random numbers from `step` on: a resumed training does not see the same ones again."""
    torch.manual_seed(step)
    return np.random.default_rng(step)


def cosine(step: int, since: int, total: int, warm_up: int, floor: float) -> float:
    """Factor of the learning rate: up over `warm_up` steps, down to `floor` at step `total`."""
    done = min(1.0, step / total)
    up = min(1.0, (step - since + 1) / warm_up)
    return up * ((1 - floor) * 0.5 * (1 + math.cos(math.pi * done)) + floor)


def run(
    first: int,
    total: int,
    step: Callable[[int], dict[str, float]],
    save: Callable[[int], None],
) -> None:
    """Calls `step` with each number of `first` to `total`, and `save` with the count now done.

    SIGINT and SIGTERM end it after the step that runs, with a checkpoint.
    """
    stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    began = saved = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    done = first
    try:
        while done < total and not stopped:
            values = step(done)
            if not all(math.isfinite(value) for value in values.values()):
                raise TrainingError(f"step {done}: {values}; the last checkpoint is kept")
            done += 1
            counted += 1
            for name, value in values.items():
                sums[name] = sums.get(name, 0.0) + value
            now = time.monotonic()
            if done % REPORT_EVERY == 0 or done in (first + 1, total):
                means = "  ".join(f"{name} {value / counted:.4g}" for name, value in sums.items())
                print(f"{done}  {means}  {(now - began) / (done - first):.3f} s/step", flush=True)
                sums, counted = {}, 0
            if now - saved > SAVE_EVERY:
                save(done)
                saved = now
        if done > first:
            save(done)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if stopped:
        raise TrainingError(f"stopped at step {done} of {total}; the same command goes on")
