"""The search for a likely translation, word by word: greedy, and with a beam.

The decoder comes as a function `next_word(token, state, memory)`. Given y_{i-1} `(rows,)`, its
state and what it remembers of the source, it returns the logits of y_i `(rows, vocabulary)`, the
next state and the attention weights `(rows, k)`, or None for a decoder that has none. State and
memory are tensors, or any nest of them, whose first axis is that of the sentences. Nothing else is
kept between two words: `Beam` is all that a search knows, and `extend_beam` takes it one word on.

No search writes PAD or START, whatever their logits: the one would be taken for the end, the other
for a beginning. What is left keeps its log-probability. Logits must not be NaN, and one of what is
left must be above -inf: else what is written means nothing.

All of it works eagerly, in `tf.function` and under XLA. A search reserves room for as many words as
the largest limit allows, so a limit should be one that a translation may reach.

Axes: `b` sentences, `w` places of the beam, `k` source position, `q` target position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ._calls import as_rows, as_step
from ._scan import swap_batch_and_time
from ._tensorflow import tf
from ._tensors import finite_scalar, integers_from, show, tensors
from .text import END_ID, PAD_ID, START_ID

__all__ = ["Beam", "BeamSearchResult", "beam_search", "extend_beam", "greedy_search", "start_beam"]

NextWord: TypeAlias = Callable[[tf.Tensor, Any, Any], tuple[tf.Tensor, Any, tf.Tensor | None]]


class Beam(NamedTuple):
    """The hypotheses that a search holds of each sentence, as one value.

    `token` `(b, w)` is the last word of each, `score` `(b, w)` the log-probability of its words,
    -inf where a place is empty, `length` `(b, w)` their number, END included, and `ended` `(b, w)`
    whether END or the limit came, so that it takes no more of them. `state` is the state of the
    decoder, with `b * w` rows.

    Example:
        >>> beam = start_beam(tf.zeros([2, 8]), sentences=2, beam_width=3)
        >>> beam.token.shape.as_list(), beam.state.shape.as_list()
        ([2, 3], [6, 8])
    """

    token: tf.Tensor
    score: tf.Tensor
    length: tf.Tensor
    ended: tf.Tensor
    state: Any


class BeamSearchResult(NamedTuple):
    """What a search found for each sentence.

    `tokens` `(b, q)` are ids, END included, padded after it; `weights` `(b, q, k)` their rows of
    attention, zeros for padding, or None if the decoder gives none; `length` `(b,)` is the number
    of ids, and `score` `(b,)` their log-probability, not normalised. `beam_search` has an example.
    """

    tokens: tf.Tensor
    weights: tf.Tensor | None
    length: tf.Tensor
    score: tf.Tensor


def greedy_search(
    next_word: NextWord, state: Any, memory: Any, limit: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Takes the likeliest word each time, until every sentence has ended.

    Args:
        next_word: the decoder, as above.
        state, memory: tensors or nests of them, with `b` rows.
        limit: integer `(b,)`: after how many words a sentence ends, if END did not come.

    Returns:
        Ids `(b, q)`, padded after END or the limit, and weights `(b, q, k)`, zeros for padding, or
        None if the decoder gives none.

    Raises:
        ValueError: the limit is not of integers `(b,)` from 1, the state or the memory has not a
            row for each of them, or `next_word` returns something else than it should.

    Example:
        >>> logits = tf.constant([[0.0, 0.0, 1.0, 0.0, 2.0]])  # PAD, START, END, UNKNOWN, a word
        >>> def next_word(token, state, memory):
        ...     return logits + 3.0 * tf.one_hot([2], 5) * state, state + 1, memory
        >>> start, memory = tf.zeros([1, 1]), tf.ones([1, 1])
        >>> greedy_search(next_word, start, memory, tf.constant([9]))[0].numpy().tolist()
        [[4, 2]]
    """
    limit = counts("limit", limit, rank=1)
    state, memory = as_rows("state", state, limit.shape), as_rows("memory", memory, limit.shape)

    def step(position: tf.Tensor, value: Any) -> tuple[Any, Any]:
        token, state, ended = value
        given = next_word(token, state, memory)
        logits, state, weights = as_step(given, state, tf.size(limit))
        token = tf.argmax(only_words(logits), axis=-1, output_type=tf.int32)
        token = tf.where(ended, PAD_ID, token)
        rows = [tf.where(ended[:, None], tf.zeros_like(each), each) for each in weights]
        ended |= (token == END_ID) | (position + 1 >= limit)
        return (token, state, ended), (token, rows)

    def goes_on(value: Any) -> tf.Tensor:
        return ~tf.reduce_all(value[-1])

    start = tf.fill(tf.shape(limit), START_ID), state, limit < 1
    _, count, (tokens, rows) = collect(step, goes_on, start, tf.reduce_max(limit))
    tokens, *weights = (swap_batch_and_time(each)[:, :count] for each in (tokens, *rows))
    return tokens, (weights[0] if weights else None)


def beam_search(
    next_word: NextWord,
    state: Any,
    memory: Any,
    limit: tf.Tensor,
    *,
    beam_width: int | tf.Tensor,
    length_penalty: float | tf.Tensor = 1.0,
) -> BeamSearchResult:
    """Keeps the `beam_width` likeliest beginnings of each sentence, until none can become the best.

    A hypothesis that ended keeps its place, and leaves one less to the others. The best one is that
    of the highest log-probability divided by its length to the power of `length_penalty`, among
    those that ended with END; if there is none, among those that the limit cut off. So a width of 1
    is greedy search, and one that has room for every sequence of words is exhaustive.

    Args:
        next_word: the decoder, as above; it is called with `b * w` rows.
        state, memory: tensors or nests of them, with `b` rows.
        limit: integer `(b,)`: after how many words a sentence ends, if END did not come.
        beam_width: w, how many hypotheses to hold.
        length_penalty: 0 compares plain log-probabilities, which prefers short translations; 1
            compares their means over the words.

    Returns:
        `BeamSearchResult`.

    Raises:
        ValueError: the limit is not of integers `(b,)` from 1, the width not an integer from 1, the
            length penalty below 0, the state or the memory has not a row for each sentence, or
            `next_word` returns something else than it should.

    Example:
        A word that is likelier now, and one that is likelier with what follows it:

        >>> table = tf.math.log([[0.0, 0.0, 0.0, 0.0, 0.6, 0.4],  # after START: word 4, or 5
        ...                      [0.0, 0.0, 0.5, 0.5, 0.0, 0.0],  # after word 4
        ...                      [0.0, 0.0, 0.9, 0.1, 0.0, 0.0]])  # after word 5
        >>> def next_word(token, state, memory):
        ...     return tf.gather(table, tf.maximum(token - 3, 0)), state, memory
        >>> for beam_width in (1, 2):
        ...     found = beam_search(next_word, tf.zeros([1, 1]), tf.ones([1, 1]),
        ...                         tf.constant([2]), beam_width=beam_width)
        ...     print(found.tokens.numpy().tolist(), tf.exp(found.score).numpy().round(2))
        [[4, 2]] [0.3]
        [[5, 2]] [0.36]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    limit = counts("limit", limit, rank=1)
    state, memory = as_rows("state", state, limit.shape), as_rows("memory", memory, limit.shape)
    beam_width = counts("beam_width", beam_width, rank=0)
    length_penalty = finite_scalar("length_penalty", length_penalty, tf.float32)
    known = tf.get_static_value(length_penalty)
    if known is not None and known < 0:
        raise ValueError(f"length_penalty: expected a finite number from 0, got {known}")
    memory = repeat_rows(memory, beam_width)

    def step(position: tf.Tensor, beam: Beam) -> tuple[Beam, Any]:
        given = next_word(tf.reshape(beam.token, [-1]), beam.state, memory)
        logits, state, weights = as_step(given, beam.state, tf.size(beam.token))
        extended, parent = _extend(beam, logits, state, limit)
        return extended, (extended.token, parent, weights)

    def goes_on(beam: Beam) -> tf.Tensor:
        return tf.reduce_any(can_improve(beam, limit, length_penalty))

    start = start_beam(state, tf.shape(limit)[0], beam_width)
    beam, count, history = collect(step, goes_on, start, tf.reduce_max(limit))
    best = tf.argmax(normalised(beam, length_penalty), axis=1, output_type=tf.int32)
    tokens, weights = trace_back(best, count, *history)
    length = tf.gather(beam.length, best, batch_dims=1)
    written = tf.sequence_mask(length, tf.shape(tokens)[1])
    tokens = tf.where(written, tokens, PAD_ID)
    weights = [tf.where(written[..., None], rows, tf.zeros_like(rows)) for rows in weights]
    return BeamSearchResult(
        tokens=tokens[:, :count],
        weights=weights[0][:, :count] if weights else None,
        length=length,
        score=tf.gather(beam.score, best, batch_dims=1),
    )


def start_beam(state: Any, sentences: int | tf.Tensor, beam_width: int | tf.Tensor) -> Beam:
    """The beam before the first word: one hypothesis, without words, and empty places.

    Args:
        state: of the decoder, a tensor or a nest of them, with `b` rows.
        sentences: their number b, an integer or a scalar integer tensor.
        beam_width: w, how many hypotheses to hold, the same.

    Returns:
        A `Beam`, which `extend_beam` takes on.

    Raises:
        ValueError: the number or the width is not an integer from 1, or the state has not a row for
            each sentence.

    Example:
        >>> start_beam(tf.zeros([1, 4]), sentences=1, beam_width=3).score.numpy().tolist()
        [[0.0, -inf, -inf]]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    beam_width = counts("beam_width", beam_width, rank=0)
    sentences = counts("sentences", sentences, rank=0)
    state = as_rows("state", state, tf.TensorShape([tf.get_static_value(sentences)]))
    shape = [sentences, beam_width]
    first = tf.broadcast_to(tf.range(beam_width) == 0, shape)
    return Beam(
        token=tf.fill(shape, START_ID),
        score=tf.where(first, 0.0, -float("inf")),
        length=tf.zeros(shape, tf.int32),
        ended=tf.zeros(shape, tf.bool),
        state=repeat_rows(state, beam_width),
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
        ValueError: the logits are not floating `(b * w, vocabulary)`, the state has not as many
            rows, or the limit is not of integers `(b,)` from 1.

    Example:
        One sentence, two places, and words of the probabilities 0.1, 0, 0.2, 0 and 0.7:

        >>> beam = start_beam(tf.zeros([1, 4]), sentences=1, beam_width=2)
        >>> logits = tf.math.log([[0.1, 0.0, 0.2, 0.0, 0.7]] * 2)
        >>> beam, place = extend_beam(beam, logits, beam.state, limit=tf.constant([9]))
        >>> print(beam.token.numpy(), tf.exp(beam.score).numpy().round(2), beam.ended.numpy())
        [[4 2]] [[0.7 0.2]] [[False  True]]

    Source: Sutskever, Vinyals and Le 2014 (arXiv 1409.3215), section 3.2.
    """
    limit = counts("limit", limit, rank=1)
    if not limit.shape.is_compatible_with(beam.token.shape[:1]):
        raise ValueError(
            f"limit: expected one for each sentence, {show(beam.token.shape[:1])}, "
            f"got shape {show(limit.shape)}"
        )
    state = as_rows("state", state, tf.TensorShape([beam.token.shape.num_elements()]))
    return _extend(beam, logits, state, limit)


def _extend(beam: Beam, logits: tf.Tensor, state: Any, limit: tf.Tensor) -> tuple[Beam, tf.Tensor]:
    """`extend_beam` with its checks made, but for that of the logits, which are new each time."""
    log_p = tf.cast(only_words(logits, tf.nn.log_softmax), tf.float32)
    if not log_p.shape[:1].is_compatible_with([beam.token.shape.num_elements()]):
        raise ValueError(
            f"logits: expected (b * w, vocabulary) for a beam of shape {show(beam.token.shape)}, "
            f"got shape {show(log_p.shape)}"
        )
    shape = tf.shape(beam.token)
    size = tf.shape(log_p)[-1]
    scores = beam.score[..., None] + tf.reshape(log_p, tf.concat([shape, [size]], axis=0))
    # What has ended goes on once, before all others, so that it keeps its place.
    stays = tf.where(tf.range(size) == PAD_ID, float("inf"), -float("inf"))
    scores = tf.where(beam.ended[..., None], stays, scores)
    score, chosen = tf.math.top_k(tf.reshape(scores, [shape[0], -1]), shape[1])
    parent, token = chosen // size, chosen % size
    kept = score == float("inf")

    def of_parent(each: tf.Tensor) -> tf.Tensor:
        return tf.gather(each, parent, batch_dims=1)

    token = tf.where(kept, of_parent(beam.token), token)
    score = tf.where(kept, of_parent(beam.score), score)
    length = of_parent(beam.length) + tf.where(kept, 0, 1)
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
    best: tf.Tensor, count: tf.Tensor, tokens: tf.Tensor, parents: tf.Tensor, weights: Any
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The words of hypotheses and their weights, if any, from the last word to the first.

    Args:
        best: the places `(b,)` of the hypotheses in the last beam.
        count: how many words the search took.
        tokens: the last words `(limit, b, w)` of the beams after each of them, then zeros.
        parents: their places `(limit, b, w)` in the beams before it, then zeros.
        weights: the weights `(limit, b * w, k)` by which those beams were continued, if any.

    Returns:
        The words `(b, limit)` and the weights `(b, limit, k)`; what comes after `count` means
        nothing, and is there because under XLA a shape cannot depend on how long a search took.
    """

    def back(position: tf.Tensor, place: tf.Tensor, places: tf.TensorArray) -> tuple[Any, ...]:
        before = tf.gather(parents[position], place, batch_dims=1)
        return position - 1, before, places.write(position, place)

    places = tf.TensorArray(tf.int32, tf.shape(parents)[0]).unstack(parents[..., 0])
    *_, places = tf.while_loop(lambda position, *_: position >= 0, back, (count - 1, best, places))
    place = places.stack()
    parent = tf.gather(parents, place, batch_dims=2)
    beams = tf.shape(tokens)
    rows = [tf.reshape(each, tf.concat([beams, tf.shape(each)[-1:]], axis=0)) for each in weights]
    return (
        swap_batch_and_time(tf.gather(tokens, place, batch_dims=2)),
        [swap_batch_and_time(tf.gather(each, parent, batch_dims=2)) for each in rows],
    )


def collect(
    step: Callable[[Any, Any], tuple[Any, Any]],
    goes_on: Callable[[Any], tf.Tensor],
    value: Any,
    most: tf.Tensor,
) -> tuple[Any, tf.Tensor, Any]:
    """Takes steps, from 1 to `most` of them, and collects what each gives.

    The first is taken before the loop: it tells of which shape and dtype that is, so that all room
    can be reserved, for under XLA no array can grow.

    Args:
        step: from the position, counted from 0, and a value to the next value and what it gives.
        goes_on: whether a value needs another step.
        value: the first one.
        most: how many steps there are at most, an integer scalar.

    Returns:
        The last value, the number of steps, and what they gave, stacked: `(most, ...)`, with zeros
        for the steps that were not taken.
    """
    after, word = step(tf.constant(0), value)
    value = shaped_as(value, after)
    arrays = tf.nest.map_structure(
        lambda each: tf.TensorArray(each.dtype, most, element_shape=each.shape).write(0, each), word
    )

    def body(position: tf.Tensor, value: Any, arrays: Any) -> tuple[Any, ...]:
        after, word = step(position, value)
        arrays = tf.nest.map_structure(lambda a, each: a.write(position, each), arrays, word)
        return position + 1, shaped_as(value, after), arrays

    count, value, arrays = tf.while_loop(
        lambda position, value, _: goes_on(value) & (position < most),
        body,
        (tf.constant(1), value, arrays),
    )
    return value, count, tf.nest.map_structure(lambda array: array.stack(), arrays)


def only_words(logits: Any, normalise: Callable[[tf.Tensor], tf.Tensor] = tf.identity) -> tf.Tensor:
    """The logits, normalised, and then -inf for PAD and START, which no search writes."""
    (logits,) = tensors("bo", logits=logits)
    if logits.dtype.size < 4:  # or their logarithms would be rounded to 16 bits
        logits = tf.cast(logits, tf.float32)
    ids = tf.range(tf.shape(logits)[-1])
    never = tf.constant(-float("inf"), logits.dtype)
    return tf.where((ids == PAD_ID) | (ids == START_ID), never, normalise(logits))


def repeat_rows(nest: Any, times: int | tf.Tensor) -> Any:
    """Each row so many times, one after the other."""
    return tf.nest.map_structure(lambda each: tf.repeat(each, times, axis=0), nest)


def shaped_as(before: Any, after: Any) -> Any:
    """What a step gives, with all that was known of the shapes before it: loops insist on it."""
    return tf.nest.map_structure(lambda old, new: tf.ensure_shape(new, old.shape), before, after)


def counts(name: str, value: Any, rank: int | None = None) -> tf.Tensor:
    """Integers from 1, in the dtype in which a search counts."""
    tensor = integers_from(name, value, least=1, rank=rank)
    known = tf.get_static_value(tensor)
    if known is not None and (known > tf.int32.max).any():
        raise ValueError(f"{name}: expected at most {tf.int32.max}, got {known.max()}")
    return tf.cast(tensor, tf.int32)
