"""Training: the loss, a loop compiled by XLA, and a line that shows how far it is.

`train` trains any model that translates. `masked_crossentropy` is its loss, and one for `fit()`.

Axes: `b` batch, `k` source position, `q` target position.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._arguments import integer, number
from ._tensorflow import keras, tf
from ._tensors import check_ids, show, tensors, whole_numbers
from .text import PAD_ID, SentencePair, batches_by_length, encode_all

__all__ = ["masked_crossentropy", "train"]

ArrayLike: TypeAlias = Any  # a tensor, an array or nested lists; TensorFlow ships no types
serializable = keras.saving.register_keras_serializable(package="attention_helpers")


@serializable
def masked_crossentropy(target_out: ArrayLike, logits: ArrayLike) -> tf.Tensor:
    """The mean of -log p(y_i) over the tokens of a batch; padding is not counted.

    It is a loss for `compile()` and `fit()` too. In a replica of a `tf.distribute.Strategy` it is
    the replica's share of the mean over the tokens of all replicas: the shares add up to it, and
    so do their gradients, however many tokens each replica has. (Before Keras 3.8 the loss that
    `fit()` prints is one replica's share.)

    Args:
        target_out: the ids to predict, integer `(b, q)`; or the same numbers as float32 or float64,
            as `fit()` passes them on.
        logits: floating `(b, q, vocabulary)`; 16 bits are counted in float32.

    Returns:
        A scalar, in nats per token; NaN if there is no token.

    Raises:
        ValueError: a wrong dtype, or shapes that do not belong together.

    Example:
        >>> float(masked_crossentropy([[1, 0]], [[[0.0, 0.0], [9.0, 0.0]]]))  # log 2
        0.6931...

    Source: Cho et al. 2014 (arXiv 1406.1078), the log-likelihood that training maximises.
    """
    target_out = whole_numbers("target_out", target_out)
    (logits,) = tensors("bqv", logits=logits)
    if not target_out.shape.is_compatible_with(logits.shape[:2]):
        raise ValueError(
            f"target_out: expected (b, q) as in logits of shape {show(logits.shape)}, "
            f"got shape {show(target_out.shape)}"
        )
    check_ids("target_out", target_out, logits.shape[-1])
    if logits.dtype.size < 4:  # or a sum over many tokens would overflow
        logits = tf.cast(logits, tf.float32)
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        return share_of_crossentropy(target_out, logits, replica)
    is_token = tf.cast(target_out != PAD_ID, logits.dtype)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    return tf.reduce_sum(losses * is_token) / tf.reduce_sum(is_token)


def share_of_crossentropy(
    target_out: tf.Tensor, logits: tf.Tensor, replica: tf.distribute.ReplicaContext
) -> tf.Tensor:
    """What the tokens of one replica add to the mean over those of all."""
    is_token = tf.cast(target_out != PAD_ID, logits.dtype)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(target_out, logits)
    tokens = replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.reduce_sum(is_token))
    return tf.reduce_sum(losses * is_token) / tokens


def train(
    model: Any,
    pairs: Iterable[SentencePair],
    *,
    steps: int,
    batch_size: int = 32,
    learning_rate: float = 5e-3,
    bins: int = 4,
    seed: int = 0,
    verbose: bool = True,
) -> dict[str, Any]:
    """Train a `Seq2Seq` with Adam, a warm-up and a decay to zero; gradients are clipped to norm 1.

    A model made in the scope of a `tf.distribute.Strategy` is trained by all its replicas, which
    share each batch; where there are several workers, each calls `train` with the same arguments.

    Args:
        model: a `Seq2Seq`.
        pairs: `text.SentencePair`s, or any objects with `source` and `target` tokens.
        steps: how many batches.
        batch_size: sentences a batch; a batch holds sentences of similar length.
        learning_rate: the highest one, after the warm-up.
        bins: how many shapes of batches there are to compile: fewer need less memory, but pad more.
        seed: of the order of the batches.
        verbose: whether to show the step, the loss and the time left.

    Returns:
        A dict: `loss` of each step (nats per token), `seconds` (compilation included),
        `tokens_per_second` (target tokens, END included, padding not).

    Raises:
        TypeError: `model` does not translate, a sentence is a string instead of tokens, or a number
            is of another kind.
        ValueError: there are no pairs, a sentence is empty or has a word that is not in the
            vocabulary; a number is out of range; `batch_size` is below the number of replicas.

    Example:
        >>> from attention_helpers.seq2seq import Seq2Seq
        >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=4, embedding_dim=4, seed=0)
        >>> pairs = [SentencePair(("a", "cat"), ("un", "chat"), frozenset(), frozenset())]
        >>> history = train(model, pairs, steps=2, verbose=False)
        >>> len(history["loss"]), sorted(history)
        (2, ['loss', 'seconds', 'tokens_per_second'])
    """
    if not (isinstance(model, keras.Model) and hasattr(model, "target_vocabulary")):
        raise TypeError(f"model: expected a Translator, got {type(model).__name__}")
    for name, value in {"steps": steps, "batch_size": batch_size, "bins": bins}.items():
        integer(name, value, 1)
    number("learning_rate", learning_rate, above=0)
    integer("seed", seed)
    replicas = model.distribute_strategy.num_replicas_in_sync
    if batch_size < replicas:
        raise ValueError(
            f"batch_size: expected a row for each of {replicas} replicas, got {batch_size}"
        )
    if not isinstance(pairs, Iterable):
        raise TypeError(f"pairs: expected a list of sentence pairs, got {pairs!r}")
    pairs = list(pairs)
    for place, pair in enumerate(pairs):
        if not (hasattr(pair, "source") and hasattr(pair, "target")):
            raise TypeError(
                f"pairs[{place}]: expected source and target, as a text.SentencePair has them, "
                f"got {type(pair).__name__}"
            )
    if not pairs:
        raise ValueError("pairs: expected at least one pair of sentences, got none")
    sources = encode_all("pairs.source", [p.source for p in pairs], model.source_vocabulary)
    targets = encode_all(
        "pairs.target", [p.target for p in pairs], model.target_vocabulary, start=True, end=True
    )
    warmup = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )
    with model.distribute_strategy.scope():
        optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    train_step = training_step(model, optimizer)
    progress = Progress(steps) if verbose else None
    losses, tokens, start = [], 0, time.perf_counter()
    batches = batches_by_length(sources, targets, batch_size, steps=steps, bins=bins, seed=seed)
    for batch in batches:
        losses.append(float(train_step(*batch)))
        tokens += int(np.count_nonzero(batch[-1]))
        if progress:
            progress.update(losses)
    seconds = time.perf_counter() - start
    return {"loss": losses, "seconds": seconds, "tokens_per_second": tokens / seconds}


def training_step(model: Any, optimizer: keras.optimizers.Optimizer) -> Any:
    """A compiled function of one batch: it takes a step and returns the loss before it.

    It is compiled once for each shape, that is for each bin of lengths. The weights are read once
    and handed to the model: a loop that reads a variable keeps a copy of it for every round, since
    it might have changed, and the gradient reads all of them again.
    """
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return distributed_step(model, optimizer)
    trained, other = model.trainable_variables, model.non_trainable_variables
    optimizer.build(trained)

    @tf.function(jit_compile=True)
    def train_step(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        weights = [tf.convert_to_tensor(variable) for variable in trained]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, changed = model.stateless_call(
                weights, other, (source, target_in), training=True
            )
            loss = masked_crossentropy(target_out, logits)
        optimizer.apply(tape.gradient(loss, weights), trained)
        for variable, value in zip(other, changed, strict=True):  # the random state of dropout
            variable.assign(value)
        return loss

    return train_step


def distributed_step(model: Any, optimizer: keras.optimizers.Optimizer) -> Any:
    """A training step of all replicas of the strategy in whose scope the model was made.

    Every worker calls it with the same batch, of which each replica takes its own rows. The
    gradients are added up and then clipped, as on one device; `fit()` would clip each replica's.
    """
    strategy, trained = model.distribute_strategy, model.trainable_variables
    with strategy.scope():
        optimizer.build(trained)

    def replica_step(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        replica = tf.distribute.get_replica_context()
        with tf.GradientTape() as tape:
            logits = model((source, target_in), training=True)
            loss = masked_crossentropy(target_out, logits)
        shares = [tf.convert_to_tensor(each) for each in tape.gradient(loss, trained)]
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, shares)
        # Keras adds up once more, after it has clipped: so one replica hands in the whole sum.
        is_first = tf.cast(tf.equal(replica.replica_id_in_sync_group, 0), loss.dtype)
        optimizer.apply([is_first * each for each in gradients], trained)
        return loss

    @tf.function(autograph=False)
    def train_step(*batch: tf.Tensor) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(replica_step, args=batch), axis=None)

    return lambda *batch: train_step(*[rows_of_replicas(strategy, array) for array in batch])


def rows_of_replicas(strategy: tf.distribute.Strategy, array: npt.NDArray[Any]) -> Any:
    """The rows of a batch, dealt out in turn."""

    def rows(context: Any) -> tf.Tensor:
        return tf.constant(array[context.replica_id_in_sync_group :: strategy.num_replicas_in_sync])

    return strategy.experimental_distribute_values_from_function(rows)


class Progress:
    """One line, rewritten in place: step, loss, time left. It wipes itself out at the end."""

    def __init__(self, steps: int) -> None:
        self.steps, self.start, self.shown = steps, time.perf_counter(), 0.0

    def update(self, losses: Sequence[float]) -> None:
        now, done = time.perf_counter(), len(losses)
        if done < self.steps and now - self.shown < 0.5:
            return
        self.shown = now
        left = (now - self.start) / done * (self.steps - done)
        text = f"step {done}/{self.steps}, loss {np.mean(losses[-20:]):.3f}, {left:.0f} s left"
        if done == self.steps:
            text = ""
        sys.stdout.write(f"\r{text:<60}" + ("\r" if not text else ""))
        sys.stdout.flush()
