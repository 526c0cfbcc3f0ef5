"""How far training is, on one line."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np


class Progress:
    """One line, rewritten in place: step, loss, time left. `wipe` takes it away.

    The time left is that of steps like those done, of which those that compiled are not counted.
    """

    def __init__(self, steps: int, done: int = 0) -> None:
        self.steps, self.shown = steps, 0.0
        self.start, self.counted = time.perf_counter(), -done

    def compiling(self, step: int, source_length: int, target_length: int) -> None:
        """Says that this step will take longer."""
        self._show(
            f"step {step}/{self.steps}, compiling for sentences of {source_length} and "
            f"{target_length} tokens"
        )

    def update(self, history: Mapping[str, Any], compile_seconds: float = 0.0) -> None:
        """Shows the last step, whose `compile_seconds` are those of a step that compiled."""
        losses, now = history["loss"], time.perf_counter()
        if compile_seconds:
            self.start, self.counted = self.start + compile_seconds, self.counted - 1
        if now - self.shown < 0.5:
            return
        self.shown, counted = now, len(losses) + self.counted
        text = f"step {len(losses)}/{self.steps}, loss {np.mean(losses[-20:]):.3f}"
        if history.get("validation_loss"):
            text += f", validation {history['validation_loss'][-1]:.3f}"
        if counted > 0:
            left = (now - self.start) / counted * (self.steps - len(losses))
            text += f", {left:.0f} s left"
        self._show(text)

    def wipe(self) -> None:
        """Takes the line away."""
        self._show("")
        sys.stdout.write("\r")
        sys.stdout.flush()

    def _show(self, text: str) -> None:
        sys.stdout.write(f"\r{text:<76}")
        sys.stdout.flush()
