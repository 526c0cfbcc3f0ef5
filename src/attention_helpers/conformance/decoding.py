"""Decoding with a cache equals the whole pass."""

from __future__ import annotations

import numpy as np

from .frameworks import to_numpy
from .options import Array
from .order import future_hidden
from .registry import WrongResultError, must_hold
from .subject import Case, Subject, changed, unequal

CACHE = "tensorflow/tensorflow#38248, #26990 (a state that is not carried over)"


def decoded(attention: Subject, case: Case, pieces: list[int]) -> Array:
    """The contexts of a sentence that comes in pieces of so many words."""
    step, cache, contexts, start = attention.options.step, None, [], 0
    assert step is not None
    for piece in pieces:
        words = slice(start, start + piece)
        arrays = (array[:, words].copy() for array in case.arrays)
        returned = step(*(attention.to_tensor(array) for array in arrays), cache)
        if not isinstance(returned, tuple | list) or len(returned) != 2:
            raise WrongResultError(
                f"step: expected (context, cache), got {type(returned).__name__}"
            )
        context, cache = returned
        contexts.append(to_numpy(context))
        if contexts[-1].shape[:2] != (case.sizes[0], piece):
            raise WrongResultError(
                f"step: expected a context for {piece} of {case.sizes[0]} sentences, "
                f"got the shape {contexts[-1].shape}"
            )
        start += piece
    return np.concatenate(contexts, axis=1)


def whole(attention: Subject, case: Case) -> Array:
    return attention(case, future_hidden(attention, case.sizes[2])).context


@must_hold(
    why="A position that is off by one, or a state that is not carried on, spoils every later word.",
    source=CACHE,
    needs="step past_only",
)
def step_by_step(attention: Subject, case: Case) -> str | None:
    length = case.sizes[2] if case.sizes[0] == 1 else 20  # at last more than a short memory holds
    case = attention.case(case.sizes[0], length, length)
    return unequal(
        "word by word, the context",
        decoded(attention, case, [1] * length),
        whole(attention, case),
        10 * attention.tolerance,
    )


@must_hold(
    why="A prompt comes in one piece: its words must not see each other's future, nor lose their places.",
    source=CACHE,
    needs="step past_only",
)
def several_at_a_step(attention: Subject, case: Case) -> str | None:
    pieces = [2, 1, 3] if case.sizes[0] == 1 else [60, 1, 3]
    case = attention.case(case.sizes[0], sum(pieces), sum(pieces))
    return unequal(
        f"in pieces of {pieces[0]}, 1 and 3 words, the context",
        decoded(attention, case, pieces),
        whole(attention, case),
        10 * attention.tolerance,
    )


@must_hold(
    why="The newest word belongs to what its own step looks at.",
    source=CACHE,
    needs="step past_only",
)
def step_sees_itself(attention: Subject, case: Case) -> str | None:
    length = case.sizes[2]
    case = attention.case(case.sizes[0], length, length)
    context = decoded(attention, case, [1] * length)
    moved = decoded(attention, changed(case, keys=[-1]), [1] * length)
    if attention.stays(moved[:, -1], context[:, -1]):
        return "another key and value at the last step, and its context stays the same"
    return None
