"""The attention under test as a function of NumPy arrays, and the small cases it is called on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .frameworks import framework_of, gradients, to_numpy, to_tensor
from .options import Array, Options
from .registry import NotApplicableError, WrongResultError


class Result(NamedTuple):
    """The context `(..., q, v)` and the weights `(..., q, k)`, None if there are none."""

    context: Array
    weights: Array | None


@dataclass(frozen=True)
class Case:
    """Random query `(b, q, d)`, key `(b, k, d)` and value `(b, k, v)`."""

    query: Array
    key: Array
    value: Array

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        return self.query, self.key, self.value

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Sentences, queries and keys."""
        return self.query.shape[0], self.query.shape[-2], self.key.shape[-2]

    def but(self, **arrays: Array) -> Case:
        """The same with other arrays."""
        return replace(self, **arrays)

    def sentences(self, rows: slice | list[int]) -> Case:
        return Case(*(array[rows] for array in self.arrays))

    def keys(self, places: Any) -> Case:
        return self.but(key=self.key[..., places, :], value=self.value[..., places, :])

    def queries(self, places: Any) -> Case:
        return self.but(query=self.query[..., places, :])


class Subject:
    """Calls an attention with NumPy arrays, and checks the form of what it returns.

    It takes `Case`s: `attention(case, mask)`. `last` holds the arguments of the last call.
    """

    def __init__(self, function: Callable[..., Any], options: Options) -> None:
        self.function, self.options = function, options
        self.framework = options.framework
        self.last: Mapping[str, Array | None] = {}
        self.to_tensor = to_tensor(options.framework)

    def case(
        self,
        batch: int,
        queries: int,
        keys: int,
        *,
        depth: int | None = None,
        heads: tuple[int, ...] = (),
        dtype: str = "float32",
    ) -> Case:
        """Random numbers with one decimal, which are short to print; always the same ones."""
        random = np.random.default_rng(self.options.seed)
        depth = depth or self.options.depth
        value_depth = self.options.value_depth or depth
        shapes = (queries, depth), (keys, depth), (keys, value_depth)
        draws = (random.normal(size=(batch, *heads, *shape)) for shape in shapes)
        return Case(*(draw.round(1).astype(dtype) for draw in draws))

    def __call__(self, case: Case, mask: Array | None = None) -> Result:
        """What the attention returns, as arrays of the dtype that they have."""
        arrays, mask, squeeze = self._in_its_shapes(case, mask)
        return self._result(self.raw(*arrays, mask), case, squeeze)

    def raw(self, query: Array, key: Array, value: Array, mask: Array | None) -> Any:
        """What the attention returns, as it is; it gets copies, which it may spoil."""
        given = dict(query=query, key=key, value=value, mask=mask)
        self.last = {name: None if a is None else a.copy() for name, a in given.items()}
        tensors = (None if a is None else self.to_tensor(a.copy()) for a in given.values())
        return self.function(*tensors)

    def call_without_copies(self, *arrays: Array | None) -> None:
        """What it does to its arguments is seen afterwards."""
        case = Case(*(array for array in arrays[:3] if array is not None))
        given, mask, _ = self._in_its_shapes(case, arrays[3])
        self.last = dict(zip(("query", "key", "value", "mask"), (*given, mask), strict=True))
        self.function(*(None if a is None else self.to_tensor(a) for a in (*given, mask)))

    def _in_its_shapes(
        self, case: Case, mask: Array | None
    ) -> tuple[tuple[Array, Array, Array], Array | None, bool]:
        """The arrays and the mask with an axis of heads, or a mask of full shape, if it needs them."""
        if mask is not None and self.options.masks == "full":
            mask = np.broadcast_to(mask, (*case.query.shape[:-1], case.key.shape[-2]))
        elif mask is not None and self.options.masks == "keys":
            mask = np.broadcast_to(mask, (*case.query.shape[:-2], 1, case.key.shape[-2]))
        if self.options.heads != "only" or case.query.ndim > 3:
            return case.arrays, mask, False
        query, key, value = (array[:, None] for array in case.arrays)
        return (
            (query, key, value),
            mask[:, None] if mask is not None and mask.ndim > 2 else mask,
            True,
        )

    def _result(self, returned: Any, case: Case, squeeze: bool) -> Result:
        context, weights = self._parts(returned)
        if self.framework is None:
            self.framework = framework_of(context)
        context = _numbers("context", context)
        leading = (*case.query.shape[:-2], *[1] * squeeze)
        queries, keys = case.sizes[1:]
        depth = context.shape[-1:] if self.options.projected else case.value.shape[-1:]
        _of_shape("context", context, (*leading, queries, *depth))
        if weights is not None:
            weights = _numbers("weights", weights)
            own = weights.shape[len(leading) : -2] if self.options.projected else ()  # of its heads
            _of_shape("weights", weights, (*leading, *own, queries, keys))
        if squeeze:
            context = context[:, 0]
            weights = None if weights is None else weights[:, 0]
        return Result(context, weights)

    def _parts(self, returned: Any) -> tuple[Any, Any]:
        pair = isinstance(returned, tuple | list) and len(returned) == 2
        if self.options.weights == "none":
            if isinstance(returned, tuple | list) or returned is None:
                raise WrongResultError(
                    f'expected the context alone (weights="none"), got {_kind(returned)}'
                )
            return returned, None
        if not pair or returned[1] is None:
            hint = (
                "" if isinstance(returned, tuple | list) else ' (is weights="none" to be declared?)'
            )
            raise WrongResultError(f"expected (context, weights), got {_kind(returned)}{hint}")
        return returned[0], returned[1]

    def weights(self, case: Case, mask: Array | None = None) -> Array:
        """The weights as they are returned; else as the context shows them."""
        if self.options.weights == "returned":
            found = self(case, mask).weights
            assert found is not None
            return found
        return self.shown_weights(case, mask)

    def shown_weights(self, case: Case, mask: Array | None = None) -> Array:
        """The weights that the context is made with: that of the rows of a unit matrix.

        Two columns of zeros make the values deeper than there are keys.
        """
        keys = case.sizes[2]
        one_hot = np.broadcast_to(np.eye(keys, keys + 2), (*case.key.shape[:-1], keys + 2))
        return self(case.but(value=one_hot.astype(case.value.dtype)), mask).context[..., :keys]

    def formula(self, case: Case, mask: Array | None = None) -> Result:
        """What should come out, in float64."""
        return Result(*self.options.formula(*case.arrays, mask))

    @cached_property
    def size(self) -> float:
        """How large contexts are, at most 1: a layer whose weights are small gives small ones."""
        if not self.options.projected:
            return 1.0  # a mean of values
        largest = float(np.abs(self(self.case(2, 5, 5)).context.astype(float)).max())
        return min(largest, 1.0) if 0 < largest < np.inf else 1.0

    @property
    def many(self) -> tuple[int, int]:
        """Queries and keys of a long case. Both numbers are primes: no block divides them."""
        return (131, 131) if self.options.ordered else (2, 1031)

    @property
    def tolerance(self) -> float:
        """How far two contexts may be from each other that must be equal."""
        return self.options.tolerance * self.size

    @property
    def noise(self) -> float:
        """How far two contexts must be from each other that must differ: rounding alone moves less."""
        return 1e-6 * self.size

    def stays(self, got: Array, expected: Array) -> bool:
        """Whether two contexts that must differ are equal, but for rounding."""
        return bool(same(got, expected, self.noise).all())

    def looks(self, case: Case, mask: Array | None = None) -> Array:
        """`(q, k)`: how much a context changes when a key and its value do."""
        context = self(case, mask).context.astype(float)
        columns = []
        for place in range(case.sizes[2]):
            moved = self(changed(case, keys=[place]), mask).context
            columns.append(np.nan_to_num(abs(moved - context), nan=np.inf).max((0, -1)))
        return np.stack(columns, axis=-1)

    def gradients(self, case: Case, mask: Array | None = None) -> dict[str, Array]:
        """The gradients of Σ context · upstream, by argument; upstream is always the same."""
        upstream = self.upstream(self(case, mask).context)
        arrays, mask, squeeze = self._in_its_shapes(case, mask)
        upstream = upstream[:, None] if squeeze else upstream
        if callable(self.options.gradients):
            found = self.options.gradients(*arrays, mask, upstream)
            found = [np.asarray(to_numpy(gradient), float) for gradient in found]
        elif self.framework is None:
            raise NotApplicableError("NumPy arrays carry no gradients: framework or gradients")
        else:
            mask = None if mask is None else self.to_tensor(mask.copy())
            found = self._differentiate(arrays, mask, upstream)
        found = [gradient[:, 0] if squeeze else gradient for gradient in found]
        return dict(zip(("query", "key", "value"), found, strict=True))

    def _differentiate(self, arrays: tuple[Array, ...], mask: Any, upstream: Array) -> list[Array]:
        assert self.framework is not None

        def context_of(*tensors: Any) -> Any:
            context = self._parts(self.function(*tensors, mask))[0]
            if framework_of(context) != self.framework:
                kind = type(context).__name__
                raise NotApplicableError(
                    f"the context is no tensor of {self.framework}, but {kind}"
                )
            return context

        try:
            return gradients(self.framework, context_of, arrays, upstream)
        except NotApplicableError as error:
            if self.options.framework is None:
                raise
            raise WrongResultError(f"{error} (gradients=False leaves this out)") from error
        except Exception as error:
            if self.options.framework is not None:
                raise
            raise NotApplicableError(
                f"called with tensors of {self.framework} it raises {type(error).__name__}: "
                "let it take them as well as arrays"
            ) from error

    def upstream(self, context: Array) -> Array:
        """The gradient that comes from above: always the same one."""
        draw = np.random.default_rng(self.options.seed + 1).normal(size=context.shape)
        return draw.round(1).astype(context.dtype)

    def some_mask(self, case: Case) -> Array:
        """A mask `(b, q, k)`, or `(b, 1, k)`: every query may attend to a key, and not to all."""
        batch, queries, keys = case.sizes
        mask = np.random.default_rng(self.options.seed + 2).random((batch, queries, keys)) < 0.6
        mask[..., -1] = False
        own = np.arange(queries) % keys if self.options.ordered else 0
        mask[:, np.arange(queries), own] = True
        return mask[:, :1] if self.options.masks == "keys" else mask


def with_scores(attention: Subject, scores: Array) -> Case:
    """A case of dot products with these scores: the keys are rows of a unit matrix."""
    batch, queries, keys = scores.shape
    depth = 16 if keys <= 16 else 64  # their roots are whole
    scale = depth**0.5 if attention.options.kind == "scaled_dot_product" else 1.0
    case = attention.case(batch, queries, keys, depth=depth)
    query = np.zeros_like(case.query)
    query[..., :keys] = scores * scale
    return case.but(
        query=query, key=np.broadcast_to(np.eye(keys, depth), case.key.shape).astype(case.key.dtype)
    )


def changed(case: Case, *, keys: Any = None, queries: Any = None, by: float = 2.0) -> Case:
    """The case with other keys and values, or other queries, at these places."""
    query, key, value = (array.copy() for array in case.arrays)
    if keys is not None:
        key[..., keys, :] = 0.5 - key[..., keys, :]
        value[..., keys, :] += np.asarray(by, value.dtype)
    if queries is not None:
        query[..., queries, :] = 0.5 - query[..., queries, :]
    return Case(query, key, value)


def same(got: Array, expected: Array, tolerance: float) -> Array:
    """Where two arrays are equal; a NaN equals a NaN."""
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    near = np.abs(got - expected) <= tolerance * (1 + np.abs(expected))
    return np.asarray(near | (got == expected) | (np.isnan(got) & np.isnan(expected)))


def unequal(what: str, got: Array, expected: Array, tolerance: float) -> str | None:
    """The first row in which two arrays differ, as text; None if there is none."""
    rows = np.argwhere(~same(got, expected, tolerance).all(-1))
    if not rows.size:
        return None
    at = tuple(rows[0])
    for digits in range(4, 17):  # as few as tell the two apart
        said, wanted = short(got[at], digits), short(expected[at], digits)
        if said != wanted:
            break
    return f"{what} of {place(at)}: expected {wanted}, got {said}"


def differs(
    attention: Subject, what: str, one: Result, other: Result, times: float = 10
) -> str | None:
    """Where the contexts of two results differ, or else their weights."""
    tolerance = times * attention.tolerance
    found = unequal(f"{what}, the context", one.context, other.context, tolerance)
    if found or one.weights is None or other.weights is None:
        return found
    tolerance = times * attention.options.tolerance  # weights are not small
    return unequal(f"{what}, the weights", one.weights, other.weights, tolerance)


def parts_alone(
    attention: Subject, together: Iterable[Array], calls: Mapping[str, tuple[Any, ...]]
) -> str | None:
    """The first part whose context, called alone, is not what it was together with the others."""
    for (what, call), context in zip(calls.items(), together, strict=True):
        alone = attention(*call).context
        found = unequal(f"{what}, the context", context, alone, 10 * attention.tolerance)
        if found:
            return found
    return None


def place(at: tuple[int, ...]) -> str:
    """A row as (sentence, query), or (sentence, head, query), in words."""
    names = {1: ("query",), 2: ("sentence", "query"), 3: ("sentence", "head", "query")}[len(at)]
    return ", ".join(f"{name} {number}" for name, number in zip(names, at, strict=True))


def short(row: Array, digits: int = 4) -> str:
    """A row of at most eight numbers with so many digits."""
    numbers = " ".join(f"{number:.{digits}g}" for number in np.asarray(row, float)[:8] + 0.0)
    return f"[{numbers}{' …' if len(row) > 8 else ''}]"


def _numbers(what: str, tensor: Any) -> Array:
    try:
        array = to_numpy(tensor)
    except Exception as error:
        raise WrongResultError(
            f"{what}: expected what NumPy can read, got {type(tensor).__name__}"
        ) from error
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise WrongResultError(f"{what}: expected numbers, got {_kind(tensor)} of {array.dtype}")
    return array


def _of_shape(what: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise WrongResultError(f"{what}: expected the shape {shape}, got {array.shape}")


def _kind(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__
