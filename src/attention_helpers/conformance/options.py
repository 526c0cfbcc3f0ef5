"""What is declared of an attention, checked once; and the formula that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import choice, integer, number, seed

Array: TypeAlias = npt.NDArray[Any]
Scores: TypeAlias = Callable[[Array, Array], Array]

KINDS = ("scaled_dot_product", "dot_product", "additive", None)
CAUSAL = (False, True, "first", "last")
WEIGHTS = ("returned", "none")
MASKS = ("any", "full", "keys", "none")
EMPTY_ROWS = ("zeros", "mean", "nan", None)
HEADS = (False, True, "only")
DTYPES = ("float16", "float32", "float64")
FRAMEWORKS = (None, "tensorflow", "torch", "jax")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keywords of `check_attention`, which explains them."""

    kind: str | Scores | None
    causal: bool | str
    window: int | None
    positions: bool
    weights: str
    masks: str
    integer_masks: bool
    empty_row: str | None
    heads: bool | str
    projected: bool
    depth: int
    value_depth: int | None
    dtypes: Iterable[str]
    framework: str | None
    gradients: bool | Callable[..., Any]
    step: Callable[..., Any] | None
    tolerance: float
    seed: int

    def __post_init__(self) -> None:
        if not callable(self.kind):
            choice("kind", self.kind, KINDS)
        choice("causal", self.causal, CAUSAL)
        if self.window is not None:
            integer("window", self.window, least=1)
        choice("weights", self.weights, WEIGHTS)
        choice("masks", self.masks, MASKS)
        choice("empty_row", self.empty_row, EMPTY_ROWS)
        choice("heads", self.heads, HEADS)
        for name in ("positions", "integer_masks", "projected"):
            choice(name, getattr(self, name), (False, True))
        if self.projected and self.kind is not None:
            raise ValueError(
                f"projected: expected False where the scores are known, got True and {self.kind=}"
            )
        if self.positions and isinstance(self.kind, str):
            raise ValueError(
                "positions: expected False where the scores have no places, "
                f"got True and kind={self.kind!r}; kind may be None or a function"
            )
        integer("depth", self.depth, least=1)
        if self.value_depth is not None:
            integer("value_depth", self.value_depth, least=1)
        object.__setattr__(self, "dtypes", _dtypes(self.dtypes))
        choice("framework", self.framework, FRAMEWORKS)
        if not callable(self.gradients):
            choice("gradients", self.gradients, (False, True))
        if self.step is not None and not callable(self.step):
            raise TypeError(f"step: expected a function or None, got {type(self.step).__name__}")
        number("tolerance", self.tolerance, above=0, most=0.1)
        if seed("seed", self.seed) is None:
            raise TypeError("seed: expected an integer, got None")

    @property
    def ordered(self) -> bool:
        """Whether the places of queries and keys count."""
        return self.causal is not False or self.window is not None or self.positions

    @property
    def free_value_depth(self) -> bool:
        """Whether the values may have any depth."""
        return self.kind is not None and self.value_depth is not None

    def allowed(self, mask: Array | None, queries: int, keys: int) -> Array:
        """The mask `(..., q, k)`, combined with what the attention forbids by itself."""
        allowed = np.ones((queries, keys), bool)
        first = 0 if self.causal == "first" else keys - queries
        ahead = np.arange(keys)[None, :] - (first + np.arange(queries))[:, None]
        if self.causal is not False:
            allowed &= ahead <= 0
        if self.window is not None:
            allowed &= abs(ahead) <= self.window
        return allowed if mask is None else allowed & np.asarray(mask, bool)

    def scores(self, query: Array, key: Array) -> Array:
        """The scores `(..., q, k)` in float64, where the kind says what they are."""
        query, key = query.astype(float), key.astype(float)
        if callable(self.kind):
            return np.asarray(self.kind(query, key), float)
        if self.kind == "additive":
            return np.asarray(np.tanh(query[..., :, None, :] + key[..., None, :, :]).sum(-1))
        scale = key.shape[-1] ** -0.5 if self.kind == "scaled_dot_product" else 1.0
        return np.asarray(scale * np.einsum("...qd,...kd->...qk", query, key))

    def formula(
        self, query: Array, key: Array, value: Array, mask: Array | None
    ) -> tuple[Array, Array]:
        """The context and the weights in float64; an empty row as it is declared."""
        scores = self.scores(query, key)
        allowed = np.broadcast_to(self.allowed(mask, *scores.shape[-2:]), scores.shape)
        empty = ~allowed.any(-1, keepdims=True)
        scores = np.where(allowed | empty, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        of_empty = {"zeros": 0.0, "mean": 1 / scores.shape[-1]}.get(self.empty_row or "", np.nan)
        weights = np.where(empty, of_empty, weights)
        return np.einsum("...qk,...kv->...qv", weights, value.astype(float)), weights


def _dtypes(dtypes: Iterable[str]) -> tuple[str, ...]:
    if isinstance(dtypes, str):
        raise TypeError(f"dtypes: expected several names, such as ({dtypes!r},), got {dtypes!r}")
    return tuple(choice("dtypes", dtype, DTYPES) for dtype in dtypes)
