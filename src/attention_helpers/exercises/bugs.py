"""Chapter 11, the bug museum: labels that are moved, means that padding and small batches spoil."""

import numpy as np

from .cases import Floats, Ids, Mask, case, exercise, floats, ids


@exercise(
    case(
        "the label is the word at a place, the input the word before it: at the first place, start",
        target=ids([[5, 6, 7]]),
        start=1,
    ),
    case(
        "start is an argument, and stands before every sentence",
        target=ids([[5, 6, 7, 2], [8, 9, 3, 2]]),
        start=4,
    ),
    case(
        "a label counts where it is not padding, whatever the input beside it is",
        target=ids([[5, 2, 0, 0], [6, 7, 8, 2]]),
        start=1,
    ),
    results=("inputs", "labels", "mask"),
)
def inputs_and_labels(target: Ids, start: int) -> tuple[Ids, Ids, Mask]:
    return np.insert(target[:, :-1], 0, start, axis=1), target, target != 0


@exercise(
    case(
        "the mean is over the losses that count, not over all places",
        losses=floats([[1.0, 2.0], [3.0, 100.0]]),
        mask=np.array([[True, True], [True, False]]),
    ),
    case(
        "0 times NaN is NaN: choose the losses that count before you sum",
        losses=floats([[1.0, np.nan], [5.0, np.inf]]),
        mask=np.array([[True, False], [True, False]]),
    ),
    case(
        "where nothing counts the mean is 0, not 0/0",
        losses=floats([[np.nan, 2.0]]),
        mask=np.array([[False, False]]),
    ),
)
def mean_of_kept(losses: Floats, mask: Mask) -> Floats:
    kept = np.where(mask, losses, 0)
    return np.asarray(kept.sum() / max(mask.sum(), 1))


@exercise(
    case(
        "batches of one size: the plain mean",
        means=floats([1.0, 2.0, 6.0]),
        sizes=ids([8, 8, 8]),
    ),
    case(
        "a batch weighs as much as it has rows",
        means=floats([1.0, 1.0, 1.0, 3.0]),
        sizes=ids([32, 32, 32, 4]),
    ),
)
def epoch_loss(means: Floats, sizes: Ids) -> Floats:
    return np.asarray((means * sizes).sum() / sizes.sum())
