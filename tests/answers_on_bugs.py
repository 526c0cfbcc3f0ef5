"""Right and wrong answers to the exercises of chapter 11, for test_exercises.py."""

import numpy as np
import tensorflow as tf


def moved(target, start, steps=1):
    return np.concatenate([np.full((len(target), steps), start), target[:, :-steps]], axis=1)


def loop_over_kept(losses, mask):
    kept = [loss for loss, counts in zip(losses.ravel(), mask.ravel(), strict=True) if counts]
    return sum(kept) / len(kept) if kept else 0.0


RIGHT_ON_BUGS = {
    "inputs_and_labels": lambda target, start: (
        tf.where(np.arange(target.shape[1]) == 0, start, tf.roll(target, 1, axis=1)),
        target,
        tf.not_equal(target, 0),
    ),
    "mean_of_kept": loop_over_kept,
    "epoch_loss": lambda means, sizes: np.repeat(means, sizes).mean(),
}
WRONG_ON_BUGS = [
    ("inputs_and_labels", lambda t, start: (moved(t, start), moved(t, start), t != 0), "the label"),
    ("inputs_and_labels", lambda t, start: (t, moved(t, start), t != 0), "the input the word"),
    ("inputs_and_labels", lambda t, start: (moved(t, start, 2), t, t != 0), "the input the word"),
    ("inputs_and_labels", lambda t, start: (moved(t, 1), t, t != 0), "is an argument"),
    (
        "inputs_and_labels",
        lambda t, start: (moved(t, start), t, moved(t, start) != 0),
        "where it is not padding",
    ),
    ("mean_of_kept", lambda losses, mask: np.where(mask, losses, 0).mean(), "not over all"),
    ("mean_of_kept", lambda losses, mask: (losses * mask).sum() / mask.sum(), "0 times NaN"),
    (
        "mean_of_kept",
        lambda losses, mask: tf.reduce_mean(tf.boolean_mask(losses, mask)),
        "not 0/0",
    ),
    ("epoch_loss", lambda means, sizes: means.sum(), "of one size"),
    ("epoch_loss", lambda means, sizes: means.mean(), "as much as it has rows"),
]
