"""A run of training: what it has done, and the file from which it goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ._tensorflow import keras

Arrays: TypeAlias = list[npt.NDArray[Any]]

START = "initial weights"  # the setting that is compared with some tolerance

# What reading a file of another kind ends in.
NOT_OURS = AttributeError, EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile


class Saved(NamedTuple):
    """What a file holds: the history, all variables, and the weights that were best so far."""

    history: dict[str, Any]
    variables: Arrays
    best: Arrays


class Checkpoint:
    """A file that holds a run, and the settings by which it is known again.

    The file is whole at any time: it is written beside its place, and then put there.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Mapping[str, Any]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"checkpoint: expected a path, got {path!r} ({type(path).__name__})")
        self.path, self.settings = Path(path), dict(settings)
        if self.path.is_dir():
            raise ValueError(f"checkpoint: expected a file, got the folder {self.path}")
        if not self.path.parent.is_dir():
            raise ValueError(
                f"checkpoint: expected a file in a folder that exists, got {self.path}"
            )
        self.part = self.path.with_name(f"{self.path.name}.part")

    def read(self, shapes: Sequence[tuple[int, ...]]) -> Saved | None:
        """What the file holds, or None if there is none.

        Raises:
            ValueError: it is no checkpoint, or that of a run with other settings or variables.
        """
        self.part.unlink(missing_ok=True)  # of a process that was killed while it wrote
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                variables = [file[f"variable.{n}"] for n in range(about["variables"])]
                best = [file[f"best.{n}"] for n in range(about["best"])]
                settings, history = about["settings"], about["history"]
        except NOT_OURS as error:
            # What NumPy says of a file that is not its own is advice to trust it; what the system
            # says, as of a file that may not be read, is why.
            reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
            message = f"checkpoint: expected a checkpoint of train, got {self.path}{reason}"
            raise ValueError(message) from None
        start = settings.pop(START, None)
        self._check_settings(settings)
        if [array.shape for array in variables] != list(shapes):
            raise ValueError(
                f"model: expected variables of the shapes that {self.path} holds, got others"
            )
        if not is_close(start, self.settings.get(START)):
            raise ValueError(
                f"checkpoint: {self.path} holds a run of a model with other initial weights "
                "(another seed?); to go on with it, make a new model, with the seed it had"
            )
        return Saved(history, variables, best)

    def write(self, history: Mapping[str, Any], variables: Arrays, best: Arrays) -> None:
        """Puts the run into the file, which until then holds what it held."""
        about = {
            "settings": self.settings,
            "history": history,
            "variables": len(variables),
            "best": len(best),
        }
        arrays: dict[str, Any] = {"about": np.array(json.dumps(about))}
        arrays |= {f"variable.{n}": storable(array) for n, array in enumerate(variables)}
        arrays |= {f"best.{n}": storable(array) for n, array in enumerate(best)}
        try:
            with self.part.open("wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(self.part, self.path)
        except BaseException:
            self.part.unlink(missing_ok=True)
            raise

    def _check_settings(self, saved: Mapping[str, Any]) -> None:
        given = json.loads(json.dumps(self.settings))  # tuples as the lists that they became
        given.pop(START, None)
        for name in [*given, *(name for name in saved if name not in given)]:
            one, other = saved.get(name), given.get(name)
            if one != other:
                raise ValueError(
                    f"{name}: expected {one!r}, as in the run that {self.path} holds, got {other!r}"
                )


def storable(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """NumPy's files know no bfloat16, which float32 holds unchanged."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


class Run:
    """A run of `train`: its history, the weights that were best, and the file that keeps it all."""

    def __init__(
        self,
        model: Any,
        optimizer: keras.optimizers.Optimizer,
        measure: Callable[[], float] | None,
        patience: int | None,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.measure, self.patience = measure, patience
        # All that a step changes; the random state of dropout is among the model's.
        self.variables = [*model.variables, *optimizer.variables]
        self.checkpoint: Checkpoint | None = None
        self.best: Arrays = []  # weights
        self.is_over = False  # for patience has run out
        self.history: dict[str, Any] = {"loss": [], "seconds": 0.0, "compile_seconds": 0.0}
        if measure is not None:
            self.history |= {"validation_loss": [], "validation_steps": [], "best_step": None}

    @property
    def done(self) -> int:
        """How many steps have been taken."""
        return len(self.history["loss"])

    def keep_in(self, checkpoint: Checkpoint) -> None:
        """Goes on from what the file holds, if there is one, and writes it from now on."""
        self.checkpoint = checkpoint
        saved = checkpoint.read([tuple(variable.shape) for variable in self.variables])
        if saved is None:
            return
        for variable, array in zip(self.variables, saved.variables, strict=True):
            variable.assign(array)
        self.history, self.best = saved.history, saved.best
        self.lose_patience()

    def pause(self, step: int) -> None:
        """Measures the loss, keeps the weights if they are the best yet, and writes the file."""
        if self.measure is not None:
            with self.averaged():
                self.judge(step, self.measure())
            self.lose_patience()
        if self.checkpoint is not None:
            values = [keras.ops.convert_to_numpy(variable) for variable in self.variables]
            self.checkpoint.write(self.history, values, self.best)

    def judge(self, step: int, loss: float) -> None:
        """Puts a loss down, and keeps the weights if it is the lowest yet."""
        history = self.history
        if loss < np.fmin.reduce([np.inf, *history["validation_loss"]]):  # of those not NaN
            history["best_step"], self.best = step, self.model.get_weights()
        history["validation_loss"].append(loss)
        history["validation_steps"].append(step)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model has the averages of its weights meanwhile, if the optimizer keeps any."""
        if not self.optimizer.use_ema:
            yield
            return
        weights = self.model.get_weights()
        self.optimizer.finalize_variable_values(self.model.trainable_variables)
        try:
            yield
        finally:
            self.model.set_weights(weights)

    def lose_patience(self) -> None:
        """Ends the run if too many measurements in a row were no better."""
        if self.patience is not None:
            best = self.history["best_step"] or 0
            worse = sum(step > best for step in self.history["validation_steps"])
            self.is_over = worse >= self.patience

    def give_weights(self) -> None:
        """Gives the model the weights of the lowest loss, if one was measured; else the averages."""
        if self.best:
            self.model.set_weights(self.best)
        elif self.optimizer.use_ema:
            self.optimizer.finalize_variable_values(self.model.trainable_variables)


def describe_sentences(*columns: Iterable[Sequence[int]]) -> str:
    """How many sentences there are, and a number that changes with any word of them.

    Example:
        >>> describe_sentences([[4, 5], [6]], [[1, 7, 2], [1, 2]])
        '2 with the checksum fb639435'
    """
    digest, count = hashlib.sha256(), 0
    for sentences in columns:
        count = 0
        for ids in sentences:
            digest.update(np.array([len(ids), *ids], "<i4").tobytes())
            count += 1
    return f"{count} with the checksum {digest.hexdigest()[:8]}"


def describe_weights(model: Any) -> list[float]:
    """A number for each weight of a model, which changes with its values, and with their order.

    A checksum would change with the last bit too, in which other processors differ: a run could
    not go on on another machine.
    """
    flat = [np.ravel(weight).astype(np.float64) for weight in model.get_weights()]
    return [float(np.cos(np.arange(len(each))) @ each) for each in flat]


def is_close(start: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    """Whether two descriptions of weights differ by no more than roundings."""
    if start is None or other is None:
        return start is other
    return len(start) == len(other) and np.allclose(start, other, rtol=1e-4, atol=1e-4)


def describe_model(model: Any) -> dict[str, Any]:
    """The configuration of a model: short values as they are, long ones by a checksum."""
    short: dict[str, Any] = {"model": type(model).__name__}
    for name, value in model.get_config().items():
        text = json.dumps(value, sort_keys=True, default=str)
        if len(text) > 60:
            text = f"with the checksum {hashlib.sha256(text.encode()).hexdigest()[:8]}"
        if name != "name":  # Keras numbers the models of a process
            short[f"model.{name}"] = text
    return short
