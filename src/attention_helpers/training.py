"""Training: the loss, and a loop compiled by XLA that measures, keeps what was best, and resumes.

`train` trains any model that translates. `masked_crossentropy` is its loss, and one for `fit()`.

Axes: `b` batch, `k` source position, `q` target position, `v` word of the vocabulary.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ._arguments import choice, integer, number
from ._pairs import Encoded, encode_pairs, print_left_out, warn_of_a_long_pair
from ._progress import Progress
from ._run import START, Checkpoint, Run, describe_model, describe_weights
from ._tensorflow import keras, serializable, tf
from ._tensors import check_ids, show, tensors, whole_numbers
from .text import PAD_ID, SentencePair, batches_by_length, pad
from .translator import ArrayLike, Translator

__all__ = ["masked_crossentropy", "train"]

BATCH = [tf.TensorSpec((None, None), tf.int32)] * 3  # source, target_in, target_out
Batch: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


@serializable
def masked_crossentropy(
    target_out: ArrayLike, logits: ArrayLike, smoothing: float = 0.0
) -> tf.Tensor:
    """The mean of -log p(y_i) over the tokens of a batch; padding counts for nothing.

    Whatever the logits of padding are, infinite or NaN, the loss is that of the tokens, and the
    gradient of padding is zero. It is a loss for `compile()` and `fit()` too. In a replica of a
    `tf.distribute.Strategy` it is the replica's share of the mean over the tokens of all replicas:
    the shares add up to it, and so do their gradients, however many tokens each replica has.
    (Before Keras 3.8 the loss that `fit()` prints is one replica's share.)

    Args:
        target_out: the ids to predict, integer `(b, q)`; or the same numbers as float32 or float64,
            as `fit()` passes them on.
        logits: floating `(b, q, o)`, o words; 16 bits are counted in float32.
        smoothing: label smoothing: so much of the right word's share of 1 is dealt out to all o
            words alike. Above 0, a logit of minus infinity costs infinitely much.

    Returns:
        A scalar, in nats per token; 0 if there is no token.

    Raises:
        TypeError: `smoothing` is no number.
        ValueError: a wrong dtype, shapes that do not belong together, or `smoothing` below 0, or 1
            or more.

    Example:
        >>> float(masked_crossentropy([[1, 0]], [[[0.0, 0.0], [9.0, 0.0]]]))  # log 2
        0.6931...

    Source: Cho et al. 2014 (arXiv 1406.1078), the log-likelihood that training maximises; label
    smoothing as in Szegedy et al. 2015 (arXiv 1512.00567), section 7.
    """
    smoothing = number("smoothing", smoothing, least=0, below=1)
    target_out = whole_numbers("target_out", target_out)
    (logits,) = tensors("bqo", logits=logits)
    if not target_out.shape.is_compatible_with(logits.shape[:2]):
        raise ValueError(
            f"target_out: expected (b, q) as in logits of shape {show(logits.shape)}, "
            f"got shape {show(target_out.shape)}"
        )
    check_ids("target_out", target_out, logits.shape[-1])
    if logits.dtype.size < 4:  # or a sum over many tokens would overflow
        logits = tf.cast(logits, tf.float32)
    is_token = target_out != PAD_ID
    # Zeros for the logits of padding: an infinite loss times zero is NaN, and so is its gradient.
    logits = tf.where(is_token[..., None], logits, tf.zeros_like(logits))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(target_out, tf.int64), logits)
    if smoothing:  # -log p differs from word to word as the logits do
        right = tf.gather(logits, tf.cast(target_out, tf.int64), axis=-1, batch_dims=2)
        losses += smoothing * (right - tf.reduce_mean(logits, axis=-1))
    weights = tf.cast(is_token, logits.dtype)
    tokens = tf.reduce_sum(weights)
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        tokens = replica.all_reduce(tf.distribute.ReduceOp.SUM, tokens)
    return tf.math.divide_no_nan(tf.reduce_sum(losses * weights), tokens)


def train(
    model: Translator,
    pairs: Iterable[SentencePair],
    *,
    steps: int,
    batch_size: int = 32,
    learning_rate: float = 5e-3,
    bins: int = 4,
    max_length: int | None = None,
    unknown: str = "error",
    smoothing: float = 0.0,
    average: float | None = None,
    validation: Iterable[SentencePair] | None = None,
    every: int = 100,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    seed: int = 0,
    jit_compile: bool = True,
    verbose: bool = True,
) -> dict[str, Any]:
    """Train a model that translates, with Adam, a warm-up and a decay to zero.

    Gradients are clipped to norm 1. A model made in the scope of a `tf.distribute.Strategy` is
    trained by all its replicas, which share each batch; where there are several workers, each calls
    `train` with the same arguments.

    With a `checkpoint`, a run that was interrupted goes on when `train` is called again with the
    same arguments, and ends as if it had not been; one that has ended is read from the file. The
    model must be a new one of the same seed: a run is known by the weights it starts from too.

    Weights of 16 bits are refused: Adam's steps would be rounded away. The policies "mixed_bfloat16"
    and "mixed_float16" compute in 16 bits and keep weights of 32. The loss is not scaled, so
    "mixed_float16" loses gradients below 6e-8, which "mixed_bfloat16" can hold.

    Args:
        model: a `Translator`, such as a `Seq2Seq`.
        pairs: `text.SentencePair`s, or any objects with `source` and `target` tokens.
        steps: how many batches.
        batch_size: sentences a batch; a batch holds sentences of similar length.
        learning_rate: the highest one, after the warm-up.
        bins: how many shapes of batches there are: fewer pad more, but XLA compiles each of them.
        max_length: pairs with a side of more tokens are left out; None leaves out none.
        unknown: "error", or "replace" to take words that are not in the vocabulary as UNKNOWN.
        smoothing: label smoothing of the loss that is trained, see `masked_crossentropy`; the loss
            of `validation` is measured without.
        average: the momentum a of a moving average of the weights, a · average + (1 - a) · weights
            after each step. Training goes on from the weights, but those that are measured, and
            that the model has at the end, are the averages. None averages nothing.
        validation: pairs by whose loss training is judged: it ends with the weights of the lowest.
        every: after how many steps to measure that loss, and to write the checkpoint.
        patience: after how many measurements without a lower loss to stop; None never stops.
        checkpoint: a file for the run, of one worker.
        seed: of the order of the batches.
        jit_compile: whether XLA compiles the step, once a shape, which takes seconds and memory;
            else it is traced once for all shapes, and more `bins` cost nothing.
        verbose: whether to show the step, the loss and the time left.

    Returns:
        A dict: `loss` of each step (nats per token), `seconds` (compilation included),
        `compile_seconds` (of the first step of each shape), `tokens_per_second` (target tokens, END
        included, padding not), `left_out` (how many pairs are too long). With `validation` also
        `validation_loss` (nats per token) after each of `validation_steps`, `best_step`, after
        which the weights were those that the model has now, and `validation_left_out`. Where no
        validation loss was a number, `best_step` is None, and the weights are the last ones. If a
        loss of a step is not a number, a warning says since when.

    Raises:
        TypeError: `model` does not translate, a sentence is a string instead of tokens, or an
            argument is of another kind.
        ValueError: there are no pairs, or none short enough; a sentence is empty or has a word that
            is not in the vocabulary; a number is out of range; weights have 16 bits; `batch_size`
            is below the number of replicas; the checkpoint holds a run with other arguments, which
            are named, or of a model with other initial weights, or there are several workers.

    Example:
        >>> from attention_helpers.seq2seq import Seq2Seq
        >>> model = Seq2Seq(["a", "cat"], ["un", "chat"], units=4, embedding_dim=4, seed=0)
        >>> pairs = [SentencePair(("a", "cat"), ("un", "chat"))]
        >>> history = train(model, pairs, steps=2, validation=pairs, every=1, verbose=False)
        >>> len(history["loss"]), history["validation_steps"], history["best_step"]
        (2, [1, 2], 2)
    """
    settings = check_settings(
        model,
        steps=steps,
        batch_size=batch_size,
        bins=bins,
        every=every,
        learning_rate=learning_rate,
        patience=patience,
        seed=seed,
        jit_compile=jit_compile,
    )
    settings |= check_others(smoothing, average)
    if patience is not None and validation is None:
        raise ValueError(f"patience: expected None where there is no validation, got {patience}")
    data = encode_pairs("pairs", pairs, model, max_length, unknown)
    left_out = {"left_out": data.left_out}
    held_out = None
    if validation is not None:
        held_out = encode_pairs("validation", validation, model, max_length, unknown)
        left_out |= {"validation_left_out": held_out.left_out}
    warn_of_a_long_pair(data)
    if verbose:
        print_left_out(left_out, max_length)
    build_weights(model, data)
    optimizer = make_optimizer(model, steps, learning_rate, average)
    train_step = training_step(model, optimizer, settings["jit_compile"], smoothing)
    measure = None if held_out is None else loss_of_all(model, held_out, batch_size)
    run = Run(model, optimizer, measure, patience)
    if checkpoint is not None:
        check_one_worker(model.distribute_strategy)
        how = {**settings, "max_length": max_length, "unknown": unknown}
        run.keep_in(Checkpoint(checkpoint, identity(how, model, data, held_out)))
    batches = batches_by_length(
        data.sources, data.targets, batch_size, steps=steps, bins=bins, seed=seed
    )
    progress = Progress(steps, run.done) if verbose else None
    tokens = take_steps(run, train_step, batches, settings, progress)
    run.give_weights()
    warn_of_no_number(run.history["loss"])
    speed = tokens / run.history["seconds"]
    return run.history | {"tokens_per_second": speed, **left_out}


def take_steps(
    run: Run,
    train_step: Callable[..., Any],
    batches: Iterable[Batch],
    settings: Mapping[str, Any],
    progress: Progress | None,
) -> int:
    """The steps of `train`, without those that an earlier call has taken. Returns the tokens.

    The batches are the same in every call: those of the earlier one are drawn and passed over.
    """
    history, done, tokens = run.history, run.done, 0
    start, compiled = time.perf_counter() - history["seconds"], set()
    steps, every = settings["steps"], settings["every"]
    for step, batch in enumerate(batches, start=1):
        if step > done and run.is_over:
            break
        tokens += int(np.count_nonzero(batch[-1]))
        if step <= done:
            continue
        begin = time.perf_counter()
        shape = (batch[0].shape, batch[1].shape) if settings["jit_compile"] else None
        is_new = shape not in compiled
        if is_new and progress:
            progress.compiling(step, batch[0].shape[1], batch[1].shape[1])
        history["loss"].append(float(train_step(*batch)))
        now = time.perf_counter()
        if is_new:
            compiled.add(shape)
            history["compile_seconds"] += now - begin
        history["seconds"] = now - start
        if step % every == 0 or step == steps:
            run.pause(step)
            history["seconds"] = time.perf_counter() - start
        if progress:
            progress.update(history, now - begin if is_new else 0.0)
    if progress:
        progress.wipe()
    return tokens


def warn_of_no_number(losses: list[float]) -> None:
    """What such a run has learnt from then on is nothing, and its weights are no numbers either."""
    places = np.flatnonzero(np.isnan(losses))
    if len(places):
        warnings.warn(
            f"loss: not a number from step {places[0] + 1} on ({len(places)} of {len(losses)} "
            "steps): try a lower learning_rate, and see that all logits are finite",
            stacklevel=3,
        )


def loss_of_all(model: Translator, data: Encoded, batch_size: int) -> Callable[[], float]:
    """A function that measures the loss, in nats per token, of all pairs as the model is then.

    It is traced once, for all lengths, and not by XLA, which would compile each.
    """
    lengths = data.lengths()
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    batches: list[Batch] = []
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size]
        target = pad([data.targets[row] for row in rows])
        batches.append((pad([data.sources[row] for row in rows]), target[:, :-1], target[:, 1:]))
    tokens = [np.count_nonzero(target_out) for _, _, target_out in batches]

    @tf.function(input_signature=BATCH)
    def loss_of(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        return masked_crossentropy(target_out, model((source, target_in), training=False))

    return lambda: float(np.average([float(loss_of(*batch)) for batch in batches], weights=tokens))


def check_settings(
    model: Translator,
    *,
    learning_rate: float,
    patience: int | None,
    seed: int,
    jit_compile: bool,
    **sizes: int,
) -> dict[str, Any]:
    """The settings as plain numbers."""
    if not isinstance(model, Translator):
        raise TypeError(f"model: expected a Translator, got {type(model).__name__}")
    settings: dict[str, Any] = {name: integer(name, size, 1) for name, size in sizes.items()}
    replicas = model.distribute_strategy.num_replicas_in_sync
    if settings["batch_size"] < replicas:
        raise ValueError(
            f"batch_size: expected a row for each of {replicas} replicas, got {sizes['batch_size']}"
        )
    return {
        **settings,
        "learning_rate": number("learning_rate", learning_rate, above=0),
        "patience": None if patience is None else integer("patience", patience, 1),
        "seed": integer("seed", seed),
        "jit_compile": choice("jit_compile", jit_compile, [True, False]),
    }


def check_others(smoothing: float, average: float | None) -> dict[str, float]:
    """The settings that are not at their defaults: checkpoints from before there were any lack them."""
    given = {"smoothing": number("smoothing", smoothing, least=0, below=1)}
    if average is not None:
        given["average"] = number("average", average, above=0, below=1)
    return {name: value for name, value in given.items() if value}


def check_one_worker(strategy: tf.distribute.Strategy) -> None:
    """Workers that start again at different times would not go on from the same step."""
    resolver = strategy.cluster_resolver
    workers = resolver.cluster_spec().as_dict().get("worker", []) if resolver else []
    if len(workers) > 1:
        raise ValueError(f"checkpoint: expected one worker with it, got {len(workers)}")


def identity(
    settings: Mapping[str, Any], model: Translator, data: Encoded, held_out: Encoded | None
) -> dict[str, Any]:
    """What a run is known by: if any of it were another, the run would be."""
    return {
        **settings,
        **describe_model(model),
        "pairs": data.description(),
        "validation": None if held_out is None else held_out.description(),
        START: describe_weights(model),
    }


def build_weights(model: Translator, data: Encoded) -> None:
    """Layers that make their weights when they are first called have them now, where the model is.

    Raises:
        ValueError: they have 16 bits, in which a weight and a small step give the weight again.
    """
    with model.distribute_strategy.scope():
        model.teacher_force(np.array([data.sources[0][:1]]), np.array([data.targets[0][:1]]))
    for dtype in (variable.dtype for variable in model.trainable_variables):
        if dtype in ("float16", "bfloat16"):
            raise ValueError(
                f"model: expected weights of 32 bits or more, got {dtype}, in which it does not "
                f'learn; make it with dtype="mixed_{dtype}", which computes in 16 bits'
            )


def make_optimizer(
    model: Translator, steps: int, learning_rate: float, average: float | None = None
) -> keras.optimizers.Optimizer:
    """Adam with a warm-up of a twentieth of the steps; made where the model was."""
    averages = {} if average is None else {"use_ema": True, "ema_momentum": average}
    warmup = steps // 20
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warmup, warmup_target=learning_rate, warmup_steps=warmup
    )
    with model.distribute_strategy.scope():
        return keras.optimizers.Adam(schedule, global_clipnorm=1.0, **averages)


def training_step(
    model: Translator,
    optimizer: keras.optimizers.Optimizer,
    jit_compile: bool = True,
    smoothing: float = 0.0,
) -> Any:
    """A compiled function of one batch: it takes a step and returns the loss before it.

    By XLA it is compiled once for each shape, that is for each bin of lengths. The weights are read once
    and handed to the model: a loop that reads a variable keeps a copy of it for every round, since
    it might have changed, and the gradient reads all of them again.
    """
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return distributed_step(model, optimizer, smoothing)
    trained, other = model.trainable_variables, model.non_trainable_variables
    optimizer.build(trained)

    @tf.function(jit_compile=jit_compile, input_signature=None if jit_compile else BATCH)
    def train_step(source: tf.Tensor, target_in: tf.Tensor, target_out: tf.Tensor) -> tf.Tensor:
        weights = [tf.convert_to_tensor(variable) for variable in trained]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, changed = model.stateless_call(
                weights, other, (source, target_in), training=True
            )
            loss = masked_crossentropy(target_out, logits, smoothing)
        optimizer.apply(tape.gradient(loss, weights), trained)
        for variable, value in zip(other, changed, strict=True):  # the random state of dropout
            variable.assign(value)
        return loss

    return train_step


def distributed_step(
    model: Translator, optimizer: keras.optimizers.Optimizer, smoothing: float = 0.0
) -> Any:
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
            loss = masked_crossentropy(target_out, logits, smoothing)
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
    """The rows of a batch, dealt out in turn; padding for whom there is none, which counts nothing."""

    def rows(context: Any) -> tf.Tensor:
        own = array[context.replica_id_in_sync_group :: strategy.num_replicas_in_sync]
        return tf.constant(own if len(own) else np.zeros_like(array[:1]))

    return strategy.experimental_distribute_values_from_function(rows)
