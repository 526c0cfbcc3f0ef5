"""Attention that never holds the whole matrix of scores, neither forward nor backward.

The scores are computed block by block: some rows of the flattened leading axes, `chunk_size`
queries, `chunk_size` keys. Along the keys the softmax is a running one: the maximum so far, the sum
and the weighted sum of the values relative to it. The backward pass computes each block again from
query and key and from two numbers a query, its largest score and the softmax's denominator.

The letters are those of `functional`; `n` is the one axis into which the leading axes are flattened.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ._arguments import integer
from ._doors import additive_arguments, dot_product_arguments
from ._tensorflow import tf
from ._tensors import (
    TensorLike,
    at_least_float32,
    axis_size,
    widen,
)
from .functional import attend, forbid_infinite, merge_groups, project, scaled, split_groups

__all__ = ["chunked_additive_attention", "chunked_attention"]

# So many numbers make a block, that it may stay in a processor's cache: rows of the leading axes
# are taken together, if one alone has fewer. Measured: benchmarks/attention.py.
_SCORES = 2**18
_HIDDEN_UNITS = 2**20

Carry: TypeAlias = "list[tf.Tensor]"
Result: TypeAlias = "tuple[Carry, list[tf.Tensor]]"
Size: TypeAlias = "int | tf.Tensor"
# Of query (n, q, d), key (n, k, d) and its own weights: the scores (n, q, k), and a function from
# their gradient to those of the arguments.
Score: TypeAlias = Callable[..., "tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]"]


def chunked_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    mask: TensorLike | None = None,
    *,
    bias: TensorLike | None = None,
    causal: bool = False,
    scale: TensorLike | None = None,
    chunk_size: int = 1024,
    grouped: bool = False,
) -> tf.Tensor:
    """The context of `scaled_dot_product_attention`, without ever holding all the scores.

    There are no weights in the result: they are what is not held. Beyond its arguments, its result
    and their gradients it needs memory for a few blocks of at most 2¹⁸ or chunk_size² scores,
    whatever the lengths are. A gradient of a gradient is right too, and so is forward mode
    (`tf.autodiff.ForwardAccumulator`) outside of compiled functions, but both hold all the scores.

    Args:
        query: floating `(..., q, d)`.
        key: of the same dtype, `(..., k, d)`.
        value: of the same dtype, `(..., k, v)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all. A mask
            without its largest axes, such as `padding_mask`, is never widened.
        bias: what is added to the scores, such as relative positions: of the same dtype,
            broadcastable to `(..., q, k)`; −∞ forbids as a mask does; None adds nothing.
        causal: whether no query may attend to a later key, as `causal_mask` says, without its
            matrix. It is combined with `mask`.
        scale: the factor of the scores, a finite scalar; None means 1/√d.
        chunk_size: how many queries, and how many keys, make a block; it need not divide anything.
        grouped: whether several heads of the query share one of key and value, as in
            `scaled_dot_product_attention`.

    Returns:
        The context `(..., q, v)`; zeros where nothing is allowed.

    Raises:
        ValueError: a wrong dtype or shape, a mask or a bias that does not broadcast, a scale that
            is not finite, a chunk size below 1, heads that do not divide.
        TypeError: a scale that is no number, a chunk size that is no integer.
        NotImplementedError: forward mode inside of a compiled function.

    Example:
        >>> query = tf.ones((2, 300, 8))
        >>> chunked_attention(query, query, query, causal=True, chunk_size=128).shape.as_list()
        [2, 300, 8]

    Source: Rabe and Staats 2021 (arXiv 2112.05682), with the running softmax of Milakov and
    Gimelshein 2018 (arXiv 1805.02867).
    """
    chunk_size = integer("chunk_size", chunk_size, least=1)
    query, key, value, mask, bias, scale = dot_product_arguments(
        query, key, value, mask, bias, scale, grouped
    )
    if grouped:
        query, key, value, mask, bias = split_groups(query, key, value, mask, bias)
    context = _in_blocks(_dot, [scaled(query, scale), key, value], mask, bias, causal, chunk_size)
    return merge_groups(context) if grouped else context


def chunked_additive_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    score_kernel: TensorLike,
    mask: TensorLike | None = None,
    *,
    chunk_size: int = 64,
) -> tf.Tensor:
    """The context of `additive_attention`, without ever holding all scores or hidden units.

    The dense computation holds `(..., q, k, u)` numbers. This one needs memory for a few blocks of
    at most 2²⁰ or chunk_size² · u of them. There are no weights in the result.

    Args:
        query: projected queries W s, floating `(..., q, u)`.
        key: projected keys U h, of the same dtype, `(..., k, u)`.
        value: of the same dtype, `(..., k, v)`; Bahdanau's values are the h themselves.
        score_kernel: the vector v_a of the score, of the same dtype, `(u,)`.
        mask: boolean, broadcastable to `(..., q, k)`, True = may attend; None allows all.
        chunk_size: how many queries, and how many keys, make a block; it need not divide anything.

    Returns:
        The context `(..., q, v)`; zeros where nothing is allowed.

    Raises:
        ValueError: a wrong dtype or shape, a mask that does not broadcast, a chunk size below 1.
        TypeError: a chunk size that is no integer.
        NotImplementedError: forward mode inside of a compiled function.

    Example:
        >>> query, key = tf.zeros((2, 30, 4)), tf.zeros((2, 50, 4))
        >>> context = chunked_additive_attention(query, key, tf.ones((2, 50, 3)), tf.ones(4))
        >>> print(context[0, 0].numpy())
        [1. 1. 1.]

    Source: Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), e_ij, α_ij and c_i; in chunks after
    Rabe and Staats 2021 (arXiv 2112.05682).
    """
    chunk_size = integer("chunk_size", chunk_size, least=1)
    query, key, value, score_kernel, mask = additive_arguments(
        query, key, value, score_kernel, mask
    )
    return _in_blocks(_additive, [query, key, value, score_kernel], mask, None, False, chunk_size)


def _dot(
    query: tf.Tensor, key: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]:
    """The score query keyᵀ; einsum "...qd,...kd->...qk" without its overhead."""

    def gradients(of_scores: tf.Tensor) -> list[tf.Tensor]:
        return [tf.matmul(of_scores, key), tf.matmul(of_scores, query, transpose_a=True)]

    return tf.matmul(query, key, transpose_b=True), gradients


def _additive(
    query: tf.Tensor, key: tf.Tensor, score_kernel: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]:
    """The score v_aᵀ tanh(query + key)."""
    hidden = tf.tanh(query[:, :, None, :] + key[:, None, :, :])  # (n, q, k, u)

    def gradients(of_scores: tf.Tensor) -> list[tf.Tensor]:
        of_hidden = of_scores[..., None] * score_kernel
        of_sums = tf.raw_ops.TanhGrad(y=hidden, dy=of_hidden)  # of_hidden (1 - hidden²)
        units = axis_size(score_kernel, 0)
        of_kernel = tf.matmul(tf.reshape(of_scores, [1, -1]), tf.reshape(hidden, [-1, units]))
        return [tf.reduce_sum(of_sums, axis=2), tf.reduce_sum(of_sums, axis=1), of_kernel[0]]

    return project(hidden, score_kernel[:, None])[..., 0], gradients


class _Span(NamedTuple):
    """A stretch of an axis that has `total` places."""

    start: Size
    length: Size
    total: Size

    def cut(self, tensor: tf.Tensor, axis: int) -> tf.Tensor:
        """The stretch of a tensor; the tensor itself, if that is the whole."""
        if isinstance(self.length, int) and self.length == tensor.shape[axis]:
            return tensor
        begin = [0] * tensor.shape.rank
        sizes = [axis_size(tensor, i) for i in range(tensor.shape.rank)]
        begin[axis], sizes[axis] = self.start, self.length
        return tf.slice(
            tensor, begin, sizes
        )  # with -1 for "the rest" XLA would pad to twice as much

    def positions(self) -> tf.Tensor:
        return tf.range(self.length) + self.start


class _Table(NamedTuple):
    """A mask or a bias as a matrix, and which of its rows belong to a row of the leading axis."""

    matrix: tf.Tensor  # (m · q, k); 1 in place of q or k where it is the same for all of them
    owner: tf.Tensor | None  # (n,), numbers below m; None where m is 1
    queries: Size  # q or 1

    def rows(self, n: _Span, q: _Span) -> tf.Tensor:
        """The numbers of the rows of a block, `(n or 1, q or 1)`."""
        one = tf.zeros((1,), tf.int32)
        owner = one if self.owner is None else n.cut(self.owner, axis=0)
        if isinstance(self.queries, int):
            position = one if self.queries == 1 else q.positions()
        else:  # whether it is 1 shows only when it runs
            position = q.positions() * tf.cast(self.queries > 1, tf.int32)
        return owner[:, None] * self.queries + position

    def strip(self, n: _Span, q: _Span) -> tf.Tensor:
        """What belongs to some queries, for all keys: `(n or 1, q or 1, k or 1)`."""
        # Not tf.gather, whose gradient is an IndexedSlices, which second derivatives stumble over.
        return tf.gather_nd(self.matrix, self.rows(n, q)[..., None])

    def add(self, matrix: tf.Tensor, new: tf.Tensor, n: _Span, q: _Span) -> tf.Tensor:
        """Adds `(n, q, k)` to the rows of a matrix that it belongs to."""
        rows = self.rows(n, q)
        for axis in (0, 1):
            if rows.shape[axis] == 1:  # or the same row would be written to again and again
                new = tf.reduce_sum(new, axis=axis, keepdims=True)
        return tf.tensor_scatter_nd_add(matrix, rows[..., None], new)


class _Strip(NamedTuple):
    """Mask and bias of some queries, `(n or 1, q or 1, k or 1)`, or None."""

    mask: tf.Tensor | None
    bias: tf.Tensor | None

    @staticmethod
    def cut(strip: tf.Tensor, k: _Span) -> tf.Tensor:
        """The stretch of the axis k, if it has one."""
        keys = axis_size(strip, 2)
        if isinstance(keys, int):
            return strip if keys == 1 else k.cut(strip, axis=2)
        start = k.start * tf.cast(keys > 1, tf.int32)
        return _Span(start, tf.minimum(k.length, keys), keys).cut(strip, axis=2)


class _Operands(NamedTuple):
    """What has a gradient; the leading axes are flattened into the axis n."""

    query: tf.Tensor  # (n, q, d)
    key: tf.Tensor  # (n, k, d)
    value: tf.Tensor  # (n, k, v)
    bias: tf.Tensor  # the matrix of its table; without a bias (0, 0)
    weights: tuple[tf.Tensor, ...]  # of the score

    def of_rows(self, n: _Span) -> _Operands:
        """The stretch of the axis n."""
        query, key, value = (n.cut(x, axis=0) for x in (self.query, self.key, self.value))
        return self._replace(query=query, key=key, value=value)

    def of_keys(self, k: _Span) -> _Operands:
        """The stretch of the axis k."""
        return self._replace(key=k.cut(self.key, axis=1), value=k.cut(self.value, axis=1))


class _Plan(NamedTuple):
    """What has no gradient."""

    score: Score
    mask: _Table | None
    bias: _Table | None
    causal: bool
    rows: Size  # how many of the axis n make a block
    chunk_size: int  # how many of the axes q and k

    def strip(self, bias: tf.Tensor, n: _Span, q: _Span) -> _Strip:
        """Mask and bias of some queries; the bias is that of the plan with this matrix."""
        return _Strip(
            None if self.mask is None else self.mask.strip(n, q),
            None if self.bias is None else self.bias._replace(matrix=bias).strip(n, q),
        )

    def allowed(self, strip: _Strip, q: _Span, k: _Span) -> tf.Tensor | None:
        """What may be attended to in a block, None for everything."""
        mask = None if strip.mask is None else strip.cut(strip.mask, k)
        if not self.causal:
            return mask
        # `causal_mask` of a block, whose queries do not stand where its last keys stand.
        causal = k.positions() <= q.positions()[:, None] + (k.total - q.total)
        return causal if mask is None else mask & causal

    def scores(
        self, scores: tf.Tensor, strip: _Strip, q: _Span, k: _Span
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The scores of a block with their bias, and what may be attended to, None for all."""
        allowed = self.allowed(strip, q, k)
        if strip.bias is None:
            return scores, allowed
        return forbid_infinite(scores + strip.cut(strip.bias, k), allowed)

    def stop(self, q: _Span, k: Size) -> Size | None:
        """The number of chunks of keys that the last of the queries may look at; None for all."""
        if not self.causal:
            return None
        return -((q.total - k - q.start - q.length) // self.chunk_size)


# The conditions on sizes are Python's: AutoGraph would make a graph of each, for nothing.
@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def _in_blocks(
    score: Score,
    tensors: list[tf.Tensor],
    mask: tf.Tensor | None,
    bias: tf.Tensor | None,
    causal: bool,
    chunk_size: int,
) -> tf.Tensor:
    """Flattens the leading axes of query, key and value, attends, and restores the axes."""
    query, key, value, *weights = tensors
    batch = _batch(query, key, value)
    flat = [_flatten(x, batch) for x in (query, key, value)]
    plan = _Plan(
        score,
        None if mask is None else _table(mask, batch),
        None if bias is None else _table(_with_all_keys(bias, key), batch),
        causal,
        _rows_of_a_block(flat[0], flat[1], chunk_size, hidden=bool(weights)),
        chunk_size,
    )
    flat += [tf.zeros((0, 0), value.dtype) if plan.bias is None else plan.bias.matrix, *weights]
    context = tf.cast(_attend(plan, *map(at_least_float32, flat)), value.dtype)
    context = tf.reshape(context, tf.concat([batch, tf.shape(context)[1:]], axis=0))
    context.set_shape(_static_batch(query, key, value) + query.shape[-2:-1] + value.shape[-1:])
    return context


def _operands(*tensors: tf.Tensor) -> _Operands:
    query, key, value, bias, *weights = tensors
    return _Operands(query, key, value, bias, tuple(weights))


def _attend(plan: _Plan, *tensors: tf.Tensor) -> tf.Tensor:
    """The context (n, q, v), with its own gradient."""
    if 0 in tensors[0].shape[:2]:  # in a graph, TensorFlow dies of the blocks of no query
        return _dense(plan, _operands(*tensors))

    def run(*tensors: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], list[tf.Tensor]]]:
        # Without stop_gradient an eager tape would keep every block, which nobody asks for.
        hide = tf.stop_gradient if tf.executing_eagerly() else _refuse_forward_mode
        context, maximum, total = _forward(plan, _operands(*map(hide, tensors)))

        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            return _gradient(plan, [context, maximum, total], upstream, *tensors)

        return context, gradient

    return tf.custom_gradient(run)(*tensors)


def _refuse_forward_mode(tensor: tf.Tensor) -> tf.Tensor:
    """The tensor, behind which reverse mode never looks, and forward mode in a graph would err."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError(
            "attention in chunks: expected no forward mode (tf.autodiff.ForwardAccumulator) in a "
            "compiled function; without tf.function it works, and so does attention without chunks"
        )

    return tf.custom_gradient(lambda x: (tf.identity(x), gradient))(tensor)


def _gradient(
    plan: _Plan, results: list[tf.Tensor], upstream: tf.Tensor, *tensors: tf.Tensor
) -> list[tf.Tensor]:
    """The gradients of the tensors; the gradients of those are the dense computation's."""

    def of_dense(
        upstream: tf.Tensor, tensors: list[tf.Tensor], upstreams: list[tf.Tensor]
    ) -> list[tf.Tensor]:
        zero = tf.UnconnectedGradients.ZERO
        context = _dense(plan, _operands(*tensors))
        first = tf.gradients(context, tensors, upstream, unconnected_gradients=zero)
        return list(
            tf.gradients(first, [upstream, *tensors], upstreams, unconnected_gradients=zero)
        )

    def first(
        upstream: tf.Tensor, *tensors: tf.Tensor
    ) -> tuple[list[tf.Tensor], Callable[..., list[tf.Tensor]]]:
        def second(*upstreams: tf.Tensor) -> list[tf.Tensor]:
            # A graph and not a tape: in forward mode, which comes here too, tapes record nothing.
            run = tf.function(of_dense, autograph=False) if tf.executing_eagerly() else of_dense
            gradients: list[tf.Tensor] = run(upstream, [*map(tf.identity, tensors)], [*upstreams])
            return gradients

        stopped = [tf.stop_gradient(x) for x in (upstream, *tensors)]
        return _backward(plan, results, stopped[0], _operands(*stopped[1:])), second

    return list(tf.custom_gradient(first)(upstream, *tensors))


def _dense(plan: _Plan, operands: _Operands) -> tf.Tensor:
    """The context, all scores at once: for second derivatives and forward mode only."""
    sizes = (axis_size(operands.query, 0), axis_size(operands.query, 1), axis_size(operands.key, 1))
    n, q, k = (_Span(0, size, size) for size in sizes)
    scores, _ = plan.score(operands.query, operands.key, *operands.weights)
    scores, allowed = plan.scores(scores, plan.strip(operands.bias, n, q), q, k)
    return attend(scores, operands.value, allowed)[0]


def _forward(plan: _Plan, whole: _Operands) -> list[tf.Tensor]:
    """The context (n, q, v); the largest score and the softmax's denominator, (n, q, 1) each."""
    widths = [axis_size(whole.value, 2), 1, 1]

    def some_rows(n: _Span, _: Carry) -> Result:
        rows = whole.of_rows(n)

        def some_queries(q: _Span, _: Carry) -> Result:
            block = rows._replace(query=q.cut(rows.query, axis=1))
            return [], _running_softmax(plan, block, n, q)

        shapes = [[n.length, None, width] for width in widths]
        return [], _over(rows.query, 1, plan.chunk_size, some_queries, [], shapes)[1]

    shapes = [[None, axis_size(whole.query, 1), width] for width in widths]
    return _over(whole.query, 0, plan.rows, some_rows, [], shapes)[1]


def _running_softmax(plan: _Plan, block: _Operands, n: _Span, q: _Span) -> list[tf.Tensor]:
    """The context, the largest scores and the denominators of some queries."""
    lowest = block.query.dtype.min
    strip = plan.strip(block.bias, n, q)

    def some_keys(k: _Span, carry: Carry) -> Result:
        maximum, total, weighted = carry
        part = block.of_keys(k)
        scores, _ = plan.score(part.query, part.key, *part.weights)
        scores, allowed = plan.scores(scores, strip, q, k)
        if allowed is not None:
            scores = tf.where(allowed, scores, lowest)
        new = tf.maximum(maximum, tf.reduce_max(scores, axis=-1, keepdims=True))
        exponentials = tf.exp(scores - new)
        if allowed is not None:  # where nothing was allowed so far they are exp(0)
            exponentials = tf.where(allowed, exponentials, 0.0)
        shrink = tf.exp(maximum - new)
        total = total * shrink + tf.reduce_sum(exponentials, axis=-1, keepdims=True)
        return [new, total, weighted * shrink + tf.matmul(exponentials, part.value)], []

    rows = tf.shape(block.query)[:2]
    column = tf.concat([rows, [1]], axis=0)
    wide = tf.concat([rows, tf.shape(block.value)[2:]], axis=0)
    dtype = block.query.dtype
    start = [tf.fill(column, lowest), tf.zeros(column, dtype), tf.zeros(wide, dtype)]
    stop = plan.stop(q, axis_size(block.key, 1))
    (maximum, total, weighted), _ = _over(block.key, 1, plan.chunk_size, some_keys, start, [], stop)
    total = tf.where(total == 0, tf.ones_like(total), total)  # where there is nothing to attend to
    return [weighted / total, maximum, total]


def _backward(
    plan: _Plan, results: list[tf.Tensor], upstream: tf.Tensor, whole: _Operands
) -> list[tf.Tensor]:
    """The gradients of query, key, value, bias and weights."""
    context, maximum, total = results
    upstream /= total  # here, for it is less than the weights, whose denominator it is
    # The sum over the keys of each weight times its own gradient, which the softmax subtracts.
    mean = tf.reduce_sum(context * upstream, axis=-1, keepdims=True)

    def some_rows(n: _Span, carry: Carry) -> Result:
        rows = whole.of_rows(n)
        sides = [n.cut(x, axis=0) for x in (upstream, maximum, mean)]

        def some_queries(q: _Span, carry: Carry) -> Result:
            block = rows._replace(query=q.cut(rows.query, axis=1))
            return _backward_of_queries(plan, block, [q.cut(x, axis=1) for x in sides], n, q, carry)

        shape = [n.length, None, axis_size(rows.query, 2)]
        start = [tf.zeros_like(rows.key), tf.zeros_like(rows.value), *carry]
        (key, value, *carry), (query,) = _over(
            rows.query, 1, plan.chunk_size, some_queries, start, [shape]
        )
        return carry, [query, key, value]

    tensors = [whole.query, whole.key, whole.value]
    start = [tf.zeros_like(x) for x in (whole.bias, *whole.weights)]
    shapes = [[None, axis_size(x, 1), axis_size(x, 2)] for x in tensors]
    carry, gradients = _over(whole.query, 0, plan.rows, some_rows, start, shapes)
    return [*gradients, *carry]


def _backward_of_queries(
    plan: _Plan, block: _Operands, sides: list[tf.Tensor], n: _Span, q: _Span, carry: Carry
) -> Result:
    """Adds what some queries give to the gradients of key, value, bias and weights."""
    upstream, maximum, mean = sides
    all_keys, all_values, bias, *all_weights = carry
    strip = plan.strip(block.bias, n, q)

    def some_keys(k: _Span, carry: Carry) -> Result:
        part = block.of_keys(k)
        scores, gradients = plan.score(part.query, part.key, *part.weights)
        scores, allowed = plan.scores(scores, strip, q, k)
        weights = tf.exp(scores - maximum)  # times the denominator
        if allowed is not None:
            weights = tf.where(allowed, weights, 0.0)
        value = tf.matmul(weights, upstream, transpose_a=True)
        of_scores = weights * (tf.matmul(upstream, part.value, transpose_b=True) - mean)
        query, key, *others = gradients(of_scores)
        carry = [total + new for total, new in zip(carry, [query, *others], strict=True)]
        return carry, [key, value, *([] if plan.bias is None else [of_scores])]

    shapes = [[n.length, None, axis_size(x, 2)] for x in (block.key, block.value)]
    outputs = shapes if plan.bias is None else [*shapes, [n.length, q.length, None]]
    start = [tf.zeros_like(block.query), *all_weights]
    stop = plan.stop(q, axis_size(block.key, 1))
    (query, *weights), (key, value, *of_scores) = _over(
        block.key, 1, plan.chunk_size, some_keys, start, outputs, stop
    )
    if plan.bias is not None:
        bias = plan.bias.add(bias, of_scores[0], n, q)
    return [all_keys + key, all_values + value, bias, *weights], [query]


def _over(
    tensor: tf.Tensor,
    axis: int,
    size: Size,
    body: Callable[[_Span, Carry], Result],
    carry: Carry,
    shapes: list[list[Size | None]],
    stop: Size | None = None,
) -> Result:
    """Runs `body(span, carry) -> (carry, outputs)` on chunk after chunk of an axis of a tensor.

    Args:
        tensor: the tensor whose axis it is; `axis`: which.
        size: the size of a chunk; the last one may be smaller.
        body: what to do with a chunk.
        carry: tensors that one chunk hands to the next.
        shapes: the shapes of the outputs, three axes each, with None in place of the chunk: along
            that axis the outputs are joined.
        stop: the number of the chunks to run; the outputs of the others are zeros.

    Returns:
        The last carry, and the outputs, joined.
    """
    total = axis_size(tensor, axis)
    # No larger than the axis: XLA compiles the loop's body even if it never runs.
    size = _least(size, total)
    step = max(size, 1) if isinstance(size, int) else tf.maximum(size, 1)
    full, rest = total // step, total % step
    axes = [shape.index(None) for shape in shapes]
    pieces: list[list[tf.Tensor]] = []
    if not isinstance(full, int) or full > 1:
        whole = [[size if x is None else x for x in shape] for shape in shapes]
        carry, outputs = _loop(tensor.dtype, full, size, total, body, carry, whole, stop)
        pieces.append([_join(x, way) for x, way in zip(outputs, axes, strict=True)])
    elif full == 1:
        carry, outputs = body(_Span(0, size, total), carry)
        pieces.append(outputs)
    if not isinstance(rest, int) or rest > 0 or not pieces:
        carry, outputs = body(_Span(full * size, rest, total), carry)
        pieces.append(outputs)
    if len(pieces) == 1:
        return carry, pieces[0]
    return carry, [tf.concat(x, way) for *x, way in zip(*pieces, axes, strict=True)]


def _loop(
    dtype: tf.DType,
    full: Size,
    size: Size,
    total: Size,
    body: Callable[[_Span, Carry], Result],
    carry: Carry,
    shapes: list[list[Size]],
    stop: Size | None,
) -> Result:
    """The chunks that are whole, one after the other; the outputs get a leading axis of chunks."""
    # Lists and not a TensorArray: theirs may be empty, and the shape may be known only when it runs.
    shapes = [tf.stack(shape) for shape in shapes]
    lists = [
        tf.raw_ops.TensorListReserve(element_shape=shape, num_elements=full, element_dtype=dtype)
        for shape in shapes
    ]

    def step(i: tf.Tensor, carry: Carry, lists: list[tf.Tensor]) -> tuple[tf.Tensor, Carry, Carry]:
        new, outputs = body(_Span(i * size, size, total), carry)
        for tensor, old in zip(new, carry, strict=True):
            tensor.set_shape(old.shape)  # or the loop would not know that they are equal
        lists = [
            tf.raw_ops.TensorListSetItem(input_handle=handle, index=i, item=item)
            for handle, item in zip(lists, outputs, strict=True)
        ]
        return i + 1, new, lists

    last = full if stop is None else tf.minimum(full, stop)
    _, carry, lists = tf.while_loop(
        lambda i, *_: i < last,
        step,
        (tf.constant(0), carry, lists),
        parallel_iterations=2,  # many would hold many blocks; one leaves cores idle
    )
    return carry, [
        tf.raw_ops.TensorListStack(input_handle=handle, element_shape=shape, element_dtype=dtype)
        for handle, shape in zip(lists, shapes, strict=True)
    ]


def _join(stacked: tf.Tensor, axis: int) -> tf.Tensor:
    """Chunks `(c, x, y, z)` joined along that axis of x, y, z."""
    order = [1, 2, 3]
    order.insert(axis, 0)
    sizes = [axis_size(stacked, i) for i in range(4)]
    sizes[1 + axis] *= sizes[0]
    return tf.reshape(tf.transpose(stacked, order), tf.stack(sizes[1:]))


def _least(one: Size, other: Size) -> Size:
    if isinstance(one, int) and isinstance(other, int):
        return min(one, other)
    return tf.minimum(one, other)


def _rows_of_a_block(query: tf.Tensor, key: tf.Tensor, chunk_size: int, hidden: bool) -> Size:
    """How many of the axis n fill a block of scores, or of the hidden units behind them."""
    q, k = (_least(axis_size(x, 1), chunk_size) for x in (query, key))
    elements, most = (q * k * axis_size(query, 2), _HIDDEN_UNITS) if hidden else (q * k, _SCORES)
    if isinstance(elements, int):
        return max(1, most // max(1, elements))
    return tf.maximum(1, most // tf.maximum(1, elements))


def _table(mask: tf.Tensor, batch: tf.Tensor) -> _Table:
    """A mask or a bias `(..., q, k)` as a matrix; 1 may stand in place of any of its sizes."""
    shape = tf.concat([[1, 1], tf.shape(mask)], axis=0)  # of two or more axes
    known = [1, 1, *mask.shape] if mask.shape.rank is not None else [None, None]
    queries, columns = (shape[i] if known[i] is None else known[i] for i in (-2, -1))
    matrix = tf.reshape(mask, tf.stack([tf.reduce_prod(shape[:-1]), columns]))
    if all(size == 1 for size in known[:-2]) and mask.shape.rank is not None:
        return _Table(matrix, None, queries)
    owner = tf.reshape(tf.range(tf.reduce_prod(shape[:-2])), shape[2:-2])
    return _Table(matrix, tf.reshape(widen(owner, batch, own=0), [-1]), queries)


def _with_all_keys(bias: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """A bias with rows as long as there are keys, for its gradient is added row by row."""
    keys = axis_size(key, -2)
    if bias.shape.rank and bias.shape[-1] == keys:
        return bias
    return tf.broadcast_to(bias, tf.concat([tf.shape(bias)[:-1], [keys]], axis=0))


def _batch(*tensors: tf.Tensor) -> tf.Tensor:
    """The leading axes to which those of the tensors broadcast."""
    static = _static_batch(*tensors)
    if static.is_fully_defined():
        return tf.constant(static.as_list(), tf.int32)
    batch = tf.shape(tensors[0])[:-2]
    for tensor in tensors[1:]:
        batch = tf.broadcast_dynamic_shape(batch, tf.shape(tensor)[:-2])
    return batch


def _static_batch(*tensors: tf.Tensor) -> tf.TensorShape:
    """What is known of that."""
    if any(x.shape.rank is None for x in tensors):
        return tf.TensorShape(None)
    batch = tensors[0].shape[:-2]
    for tensor in tensors[1:]:
        batch = tf.broadcast_static_shape(batch, tensor.shape[:-2])
    return batch


def _flatten(tensor: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
    """Widens the leading axes to `batch` and makes one of them."""
    known = tf.get_static_value(batch)
    last = [axis_size(tensor, -2), axis_size(tensor, -1)]
    if known is None or tensor.shape[:-2] != tuple(known):
        tensor = widen(tensor, batch, own=2)
    count = tf.reduce_prod(batch) if known is None else math.prod(known.tolist())
    return tf.reshape(tensor, [count, *last])
