"""The search for a likely translation, word by word: greedy, and with a beam.

The decoder comes as a function `next_word(token, state, memory)`. Given y_{i-1} `(rows,)`, its
state and what it remembers of the source, it returns the logits of y_i `(rows, vocabulary)`, the
next state and the attention weights `(rows, k)`. State and memory are tensors, or any nest of them,
whose first axis is that of the sentences. Nothing else is kept between two words: `Beam` is all
that a search knows, and `extend_beam` takes it one word on.

Axes: `b` sentences, `w` places of the beam, `k` source position, `q` target position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ._tensorflow import tf
from ._tensors import finite_scalar, integers, show, tensors
from .text import END_ID, PAD_ID, START_ID

__all__ = ["Beam", "Found", "beam_search", "extend_beam", "greedy_search", "start_beam"]

NextWord = Callable[[tf.Tensor, Any, Any], tuple[tf.Tensor, Any, tf.Tensor]]


class Beam(NamedTuple):
    """The hypotheses that a search holds of each sentence, as one value.

    `token` `(b, w)` is the last word of each, `score` `(b, w)` the log-probability of its words,
    -inf where a place is empty, `length` `(b, w)` their number, END included, and `ended` `(b, w)`
    whether END or the limit came, so that it takes no more of them. `state` is the state of the
    decoder, with `b * w` rows.

    Example:
        >>> beam = start_beam(tf.zeros([2, 8]), sentences=2, width=3)
        >>> beam.token.shape.as_list(), beam.state.shape.as_list()
        ([2, 3], [6, 8])
    """

    token: tf.Tensor
    score: tf.Tensor
    length: tf.Tensor
    ended: tf.Tensor
    state: Any


class Found(NamedTuple):
    """What a search found for each sentence.

    `tokens` `(b, q)` are ids, END included, padded after it; `weights` `(b, q, k)` their rows of
    attention, zeros for padding; `length` `(b,)` is the number of ids, and `score` `(b,)` their
    log-probability, not normalised. `beam_search` has an example.
    """

    tokens: tf.Tensor
    weights: tf.Tensor
    length: tf.Tensor
    score: tf.Tensor


def greedy_search(
    next_word: NextWord, state: Any, memory: Any, limit: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes the likeliest word each time, until every sentence has ended.

    Args:
        next_word: the decoder, as above.
        state, memory: tensors or nests of them, with `b` rows.
        limit: integer `(b,)`: after how many words a sentence ends, if END did not come.

    Returns:
        Ids `(b, q)`, padded after END or the limit, and weights `(b, q, k)`.

    Raises:
        ValueError: the limit is not of integers `(b,)` from 1.

    Example:
        >>> logits = tf.constant([[0.0, 0.0, 1.0, 0.0, 2.0]])  # PAD, START, END, UNKNOWN, a word
        >>> def next_word(token, state, memory):
        ...     return logits + 3.0 * tf.one_hot([2], 5) * state, state + 1, memory
        >>> start, memory = tf.zeros([1, 1]), tf.ones([1, 1])
        >>> greedy_search(next_word, start, memory, tf.constant([9]))[0].numpy().tolist()
        [[4, 2]]
    """
    state, memory = tf.nest.map_structure(tf.convert_to_tensor, (state, memory))
    limit = least_one("limit", limit, rank=1)
    check_rows("limit", limit.shape, state)

    def body(
        position: tf.Tensor, previous: Any, tokens: tf.TensorArray, rows: tf.TensorArray
    ) -> tuple[Any, ...]:
        token, state, ended = previous
        logits, state, weights = next_word(token, state, memory)
        token = tf.where(ended, PAD_ID, tf.argmax(logits, axis=-1, output_type=tf.int32))
        ended |= (token == END_ID) | (position + 1 >= limit)
        tokens, rows = tokens.write(position, token), rows.write(position, weights)
        return position + 1, shaped_as(previous, (token, state, ended)), tokens, rows

    def goes_on(position: tf.Tensor, previous: Any, *_: Any) -> tf.Tensor:
        return ~tf.reduce_all(previous[-1])

    start = tf.fill(tf.shape(limit), START_ID), state, limit < 1
    loop = 0, start, growing(tf.int32, 1), growing(floating((state, memory)), 2)
    *_, tokens, rows = tf.while_loop(goes_on, body, loop)
    return swap_batch_and_time(tokens.stack()), swap_batch_and_time(rows.stack())


def beam_search(
    next_word: NextWord,
    state: Any,
    memory: Any,
    limit: tf.Tensor,
    *,
    width: int | tf.Tensor,
    length_penalty: float | tf.Tensor = 1.0,
) -> Found:
    """Keeps the `width` likeliest beginnings of each sentence, until none can become the best.

    A hypothesis that ended keeps its place, and leaves one less to the others. The best one is that
    of the highest log-probability divided by its length to the power of `length_penalty`, among
    those that ended with END; if there is none, among those that the limit cut off. So a width of 1
    is greedy search, and one that has room for every sequence of words is exhaustive.

    Args:
        next_word: the decoder, as above; it is called with `b * w` rows.
        state, memory: tensors or nests of them, with `b` rows.
        limit: integer `(b,)`: after how many words a sentence ends, if END did not come.
        width: how many hypotheses to hold.
        length_penalty: 0 compares plain log-probabilities, which prefers short translations; 1
            compares their means over the words.

    Returns:
        `Found`.

    Raises:
        ValueError: the limit is not of integers `(b,)` from 1, the width not an integer from 1, or
            the length penalty below 0.

    Example:
        A word that is likelier now, and one that is likelier with what follows it:

        >>> table = tf.math.log([[0.0, 0.0, 0.0, 0.0, 0.6, 0.4],  # after START: word 4, or 5
        ...                      [0.0, 0.0, 0.5, 0.5, 0.0, 0.0],  # after word 4
        ...                      [0.0, 0.0, 0.9, 0.1, 0.0, 0.0]])  # after word 5
        >>> def next_word(token, state, memory):
        ...     return tf.gather(table, tf.maximum(token - 3, 0)), state, memory
        >>> for width in (1, 2):
        ...     found = beam_search(next_word, tf.zeros([1, 1]), tf.ones([1, 1]),
        ...                         tf.constant([2]), width=width)
        ...     print(found.tokens.numpy().tolist(), tf.exp(found.score).numpy().round(2))
        [[4, 2]] [0.3]
        [[5, 2]] [0.36]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    state, memory = tf.nest.map_structure(tf.convert_to_tensor, (state, memory))
    limit = least_one("limit", limit, rank=1)
    check_rows("limit", limit.shape, state)
    width = least_one("width", width, rank=0)
    length_penalty = finite_scalar("length_penalty", length_penalty, tf.float32)
    known = tf.get_static_value(length_penalty)
    if known is not None and known < 0:
        raise ValueError(f"length_penalty: expected a finite number from 0, got {known}")
    memory = repeated(memory, width)
    beam = start_beam(state, tf.shape(limit)[0], width)

    def body(
        position: tf.Tensor,
        beam: Beam,
        tokens: tf.TensorArray,
        parents: tf.TensorArray,
        rows: tf.TensorArray,
    ) -> tuple[Any, ...]:
        logits, state, weights = next_word(tf.reshape(beam.token, [-1]), beam.state, memory)
        extended, parent = extend_beam(beam, logits, state, limit)
        history = tokens.write(position, extended.token), parents.write(position, parent)
        return position + 1, shaped_as(beam, extended), *history, rows.write(position, weights)

    def goes_on(position: tf.Tensor, beam: Beam, *_: Any) -> tf.Tensor:
        return tf.reduce_any(can_improve(beam, limit, length_penalty))

    loop = (
        0,
        beam,
        growing(tf.int32, 2),
        growing(tf.int32, 2),
        growing(floating((state, memory)), 2),
    )
    _, beam, tokens, parents, rows = tf.while_loop(goes_on, body, loop)
    best = tf.argmax(normalised(beam, length_penalty), axis=1, output_type=tf.int32)
    return trace_back(beam, best, tokens.stack(), parents.stack(), rows.stack())


def start_beam(state: Any, sentences: int | tf.Tensor, width: int | tf.Tensor) -> Beam:
    """The beam before the first word: one hypothesis, without words, and empty places.

    Args:
        state: of the decoder, a tensor or a nest of them, with `b` rows.
        sentences: their number b, an integer or a scalar integer tensor.
        width: how many hypotheses to hold, the same.

    Returns:
        A `Beam`, which `extend_beam` takes on.

    Raises:
        ValueError: the number or the width is not an integer from 1.

    Example:
        >>> start_beam(tf.zeros([1, 4]), sentences=1, width=3).score.numpy().tolist()
        [[0.0, -inf, -inf]]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    state = tf.nest.map_structure(tf.convert_to_tensor, state)
    width = least_one("width", width, rank=0)
    sentences = least_one("sentences", sentences, rank=0)
    check_rows("sentences", tf.TensorShape([tf.get_static_value(sentences)]), state)
    shape = [sentences, width]
    first = tf.broadcast_to(tf.range(width) == 0, shape)
    return Beam(
        token=tf.fill(shape, START_ID),
        score=tf.where(first, 0.0, -float("inf")),
        length=tf.zeros(shape, tf.int32),
        ended=tf.zeros(shape, tf.bool),
        state=repeated(state, width),
    )


def extend_beam(
    beam: Beam, logits: tf.Tensor, state: Any, limit: tf.Tensor
) -> tuple[Beam, tf.Tensor]:
    """One word on: the likeliest continuations of all hypotheses of a sentence.

    Args:
        beam: the hypotheses.
        logits: of their next words, `(b * w, vocabulary)`.
        state: of the decoder after their last words, with `b * w` rows.
        limit: integer `(b,)`: after how many words a sentence ends, if END did not come.

    Returns:
        The next `Beam`, and the place `(b, w)` in this one that each hypothesis continues.

    Raises:
        ValueError: the logits are not floating `(b * w, vocabulary)`, or the limit is not of
            integers `(b,)` from 1.

    Example:
        One sentence, two places, and words of the probabilities 0.1, 0, 0.2, 0 and 0.7:

        >>> beam = start_beam(tf.zeros([1, 4]), sentences=1, width=2)
        >>> logits = tf.math.log([[0.1, 0.0, 0.2, 0.0, 0.7]] * 2)
        >>> beam, place = extend_beam(beam, logits, beam.state, limit=tf.constant([9]))
        >>> print(beam.token.numpy(), tf.exp(beam.score).numpy().round(2), beam.ended.numpy())
        [[4 2]] [[0.7 0.2]] [[False  True]]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    (logits,) = tensors("nv", logits=logits)
    limit = least_one("limit", limit, rank=1)
    if not logits.shape[:1].is_compatible_with([beam.token.shape.num_elements()]):
        raise ValueError(
            f"logits: expected (b * w, vocabulary) for a beam of shape {show(beam.token.shape)}, "
            f"got shape {show(logits.shape)}"
        )
    check_rows("limit", limit.shape, beam.token)
    check_rows("logits", logits.shape[:1], state)
    shape = tf.shape(beam.token)
    size = tf.shape(logits)[-1]
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    scores = beam.score[..., None] + tf.reshape(log_p, tf.concat([shape, [size]], axis=0))
    # What has ended goes on once, before all others, so that it keeps its place.
    stays = tf.where(tf.range(size) == PAD_ID, float("inf"), -float("inf"))
    scores = tf.where(beam.ended[..., None], stays, scores)
    score, chosen = tf.math.top_k(tf.reshape(scores, [shape[0], -1]), shape[1])
    parent, token = chosen // size, chosen % size
    kept = score == float("inf")
    before = tf.nest.map_structure(lambda each: tf.gather(each, parent, batch_dims=1), beam[:4])
    token = tf.where(kept, before[0], token)
    score = tf.where(kept, before[1], score)
    length = before[2] + tf.where(kept, 0, 1)
    ended = kept | ((token == END_ID) | (length >= limit[:, None])) & (score > -float("inf"))
    rows = tf.reshape(parent + shape[1] * tf.range(shape[0])[:, None], [-1])
    state = tf.nest.map_structure(lambda each: tf.gather(each, rows), state)
    return Beam(token, score, length, ended, state), parent


def normalised(beam: Beam, length_penalty: float | tf.Tensor) -> tf.Tensor:
    """What hypotheses are compared by `(b, w)`: -inf for one that is cut off beside whole ones."""
    whole = beam.ended & (beam.token == END_ID)
    admitted = whole | ~tf.reduce_any(whole, axis=1, keepdims=True)
    value = beam.score / tf.cast(tf.maximum(beam.length, 1), beam.score.dtype) ** length_penalty
    return tf.where(admitted, value, -float("inf"))


def can_improve(beam: Beam, limit: tf.Tensor, length_penalty: float | tf.Tensor) -> tf.Tensor:
    """Whether a sentence `(b,)` has a hypothesis that may still become its best one.

    A log-probability only falls, and is divided by at most the limit: what cannot reach the best
    whole hypothesis so far, even at no further loss, need not be pursued.
    """
    whole = beam.ended & (beam.token == END_ID)
    best = tf.reduce_max(
        tf.where(whole, normalised(beam, length_penalty), -float("inf")), axis=1, keepdims=True
    )
    reach = beam.score / tf.cast(limit, beam.score.dtype)[:, None] ** length_penalty
    return tf.reduce_any(~beam.ended & (reach > best), axis=1)


def trace_back(
    beam: Beam, best: tf.Tensor, tokens: tf.Tensor, parents: tf.Tensor, rows: tf.Tensor
) -> Found:
    """The words and the weights of the best hypotheses, from the last word to the first.

    Args:
        beam: the last one.
        best: the place `(b,)` of the best hypothesis in it.
        tokens: the last words `(q, b, w)` of the beams after each step.
        parents: their places `(q, b, w)` in the beams before it.
        rows: the weights `(q, b * w, k)` by which those beams were continued.
    """
    before = tf.scan(
        lambda place, parent: tf.gather(parent, place, batch_dims=1), parents, best, reverse=True
    )
    after = tf.concat([before[1:], best[None]], axis=0)
    length = tf.gather(beam.length, best, batch_dims=1)
    written = tf.sequence_mask(length, tf.shape(tokens)[0])
    ids = swap_batch_and_time(tf.gather(tokens, after, batch_dims=2))
    rows = tf.reshape(rows, tf.concat([tf.shape(tokens), tf.shape(rows)[-1:]], axis=0))
    weights = swap_batch_and_time(tf.gather(rows, before, batch_dims=2))
    return Found(
        tokens=tf.where(written, ids, PAD_ID),
        weights=tf.where(written[..., None], weights, tf.zeros([], weights.dtype)),
        length=length,
        score=tf.gather(beam.score, best, batch_dims=1),
    )


def repeated(nest: Any, width: int | tf.Tensor) -> Any:
    """Each row so many times, one after the other."""
    return tf.nest.map_structure(lambda each: tf.repeat(each, width, axis=0), nest)


def shaped_as(before: Any, after: Any) -> Any:
    """What a step gives, with all that was known of the shapes before it: loops insist on it."""
    return tf.nest.map_structure(lambda old, new: tf.ensure_shape(new, old.shape), before, after)


def growing(dtype: tf.DType, rank: int) -> tf.TensorArray:
    """An array for what each step gives, a tensor of so many axes."""
    return tf.TensorArray(dtype, 0, dynamic_size=True, element_shape=[None] * rank)


def floating(nest: Any) -> tf.DType:
    """The floating dtype of a decoder, by its state or what it remembers."""
    for each in tf.nest.flatten(nest):
        if each.dtype.is_floating:
            return each.dtype
    raise ValueError("state: expected a floating tensor in it or in memory, got none")


def swap_batch_and_time(tensor: tf.Tensor) -> tf.Tensor:
    """`(b, t, ...)` to `(t, b, ...)` and back: loops run along the first axis."""
    return tf.transpose(tensor, [1, 0, *range(2, tensor.shape.rank)])


def check_rows(name: str, rows: tf.TensorShape, nest: Any) -> None:
    """Raises a ValueError if a tensor of the nest is known to have other rows."""
    for each in tf.nest.flatten(nest):
        if not each.shape[:1].is_compatible_with(rows):
            raise ValueError(
                f"{name}: expected one for each row of the state, {show(each.shape[:1])}, "
                f"got {show(rows)}"
            )


def least_one(name: str, value: Any, rank: int | None = None) -> tf.Tensor:
    """Converts integers that must be 1 or more, which is checked where they are known."""
    tensor = integers(name, value)
    if rank is not None and tensor.shape.rank not in (rank, None):
        expected = "a scalar" if rank == 0 else "one for each sentence, (b,)"
        raise ValueError(f"{name}: expected {expected}, got shape {show(tensor.shape)}")
    known = tf.get_static_value(tensor)
    if known is not None and (known < 1).any():
        raise ValueError(f"{name}: expected 1 or more, got {known.min()}")
    if known is not None and (known > tf.int32.max).any():
        raise ValueError(f"{name}: expected at most {tf.int32.max}, got {known.max()}")
    return tf.cast(tensor, tf.int32)
