"""Chapters 1 and 2: masks and means of a padded batch, the state of a GRU."""

import numpy as np

from .cases import Floats, Ids, Mask, case, exercise, floats, ids, numbers


@exercise(
    case(
        "True where there is a token, not 0, with an axis of size 1 for the queries: (b, 1, k)",
        tokens=ids([[7, 0]]),
    ),
    case(
        "each sentence of the batch has a mask of its own",
        tokens=ids([[4, 5, 6], [7, 0, 0]]),
    ),
    case(
        "a single sentence has no batch axis; `...` stands for any leading axes",
        tokens=ids([3, 9, 0, 0]),
    ),
)
def padding_mask(tokens: Ids) -> Mask:
    is_token: Mask = tokens != 0
    return is_token[..., None, :]


@exercise(
    case("without padding it is the mean", losses=numbers(1, 2), mask=np.array([[True, True]])),
    case(
        "divide by the number of tokens, not by the number of places",
        losses=numbers(1, 3),
        mask=np.array([[True, False, False]]),
    ),
    case(
        "every token counts the same, whatever the length of its sentence",
        losses=numbers(2, 3),
        mask=np.array([[True, True, True], [True, False, False]]),
    ),
)
def masked_mean(losses: Floats, mask: Mask) -> float:
    return float((losses * mask).sum() / mask.sum())


@exercise(
    case(
        "where the update gate is 1, the new state is the candidate",
        state=floats([2.0, 4.0]),
        candidate=floats([-1.0, 1.0]),
        update=floats([1.0, 0.0]),
    ),
    case(
        "between 0 and 1 the gate mixes the two, in shares that sum to one",
        state=floats([[2.0, 4.0]]),
        candidate=floats([[-1.0, 1.0]]),
        update=floats([[0.25, 0.5]]),
    ),
)
def gru_state(state: Floats, candidate: Floats, update: Floats) -> Floats:
    return (1 - update) * state + update * candidate


@exercise(
    case(
        "without padding it is the mean over the words, axis 1",
        states=numbers(1, 3, 2),
        mask=np.ones((1, 3), bool),
    ),
    case(
        "padding counts for nothing: divide by the number of words",
        states=numbers(1, 3, 2),
        mask=np.array([[True, True, False]]),
    ),
    case(
        "each has its own number of words: keep an axis of size 1",
        states=numbers(2, 3, 2),
        mask=np.array([[True, False, False], [True, True, True]]),
    ),
)
def mean_state(states: Floats, mask: Mask) -> Floats:
    mean: Floats = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean
