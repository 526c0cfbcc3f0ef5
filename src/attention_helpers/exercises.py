"""Checks for the reader's own answers: a pass line, or the smallest case that fails and a hint.

`check(name, function)` calls the function on small NumPy arrays, by position, and compares what it
returns with a reference written in NumPy; TensorFlow tensors and Python lists are answers as good.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["check", "names"]

# The reader's function may take and return anything: `check` is there to find out.
Answer: TypeAlias = Callable[..., Any]
Rows: TypeAlias = dict[str, Any]
Floats: TypeAlias = npt.NDArray[np.floating]
Links: TypeAlias = AbstractSet[tuple[int, int]]


def check(name: str, answer: Answer) -> None:
    """Checks an answer, and prints one line if it passes, or where it fails.

    Args:
        name: the name of the exercise, one of `names()`.
        answer: the reader's function; it gets NumPy arrays (float32, int32, bool) by position, and
            may return NumPy arrays, tensors, lists or numbers.

    Raises:
        TypeError: `answer` is not a function.
        ValueError: there is no exercise of that name.

    Example:
        >>> check("trace", lambda matrix: np.einsum("qq->", matrix))
        ✓ trace: all 3 cases pass
        >>> check("trace", lambda matrix: np.einsum("qk->", matrix))
        ✗ trace(matrix) fails in case 2 of 3
          matrix   [[-3.  -2.5]
                    [-1.5 -2. ]]
          expected -5.0
          got      -9.0
          hint     an index that occurs twice in one operand walks down its diagonal
    """
    if name not in _EXERCISES:
        raise ValueError(f"name: expected one of {', '.join(names())}, got {name!r}")
    if not callable(answer):
        raise TypeError(
            f"answer: expected the function itself, not its result, got {type(answer).__name__}"
        )
    exercise = _EXERCISES[name]
    for number, case in enumerate(exercise.cases, start=1):
        failure = _failure(exercise, case, answer)
        if failure:
            print(f"✗ {name}({', '.join(case.arguments)}) fails in case {number} of ", end="")
            print(len(exercise.cases))
            _print_rows({**case.arguments, **failure, "hint": case.hint})
            return
    print(f"✓ {name}: all {len(exercise.cases)} cases pass")


def names() -> list[str]:
    """The names of the exercises, in the order of the book.

    Example:
        >>> names()[:2]
        ['padding_mask', 'masked_mean']
    """
    return list(_EXERCISES)


class _Case(NamedTuple):
    hint: str
    arguments: dict[str, Any]


class _Exercise(NamedTuple):
    reference: Callable[..., Any]
    cases: tuple[_Case, ...]
    results: tuple[str, ...]  # the names of what it returns, if it returns more than one thing


def _case(hint: str, **arguments: object) -> _Case:
    return _Case(hint, arguments)


def _exercise(
    reference: Callable[..., Any], *cases: _Case, results: tuple[str, ...] = ()
) -> _Exercise:
    return _Exercise(reference, cases, results)


def _failure(exercise: _Exercise, case: _Case, answer: Answer) -> Rows | None:
    """What the answer gave in place of what it should give, as rows to print; None if it is right.

    Everything is tried on copies, for an answer may write into its arguments.
    """
    arguments = [np.copy(a) if isinstance(a, np.ndarray) else a for a in case.arguments.values()]
    expected = exercise.reference(*case.arguments.values())
    try:
        with np.errstate(all="ignore"):  # a warning would say less than the case does
            got = answer(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever the reader's code raises is shown
        lines = str(error).splitlines() or [""]
        return {"expected": expected, "got": f"{type(error).__name__}: {lines[0]}"[:100]}
    if not exercise.results:
        return _difference(expected, got)
    if not isinstance(got, tuple | list) or len(got) != len(expected):
        return {"expected": f"({', '.join(exercise.results)})", "got": _kind(got)}
    for result, one_expected, one_got in zip(exercise.results, expected, got, strict=True):
        difference = _difference(one_expected, one_got)
        if difference:
            return {f"{row} {result}": value for row, value in difference.items()}
    return None


def _difference(expected: Any, got: Any) -> Rows | None:
    if got is None:
        return {"expected": expected, "got": "None: is there a `return`?"}
    if isinstance(expected, frozenset):
        same = isinstance(got, set | frozenset) and got == expected
        return None if same else {"expected": expected, "got": got}
    try:
        got = np.asarray(got)
    except (TypeError, ValueError):
        return {"expected": expected, "got": _kind(got)}
    expected = np.asarray(expected)
    if got.dtype.kind not in "biuf" or (got.dtype.kind == "b") != (expected.dtype.kind == "b"):
        return {"expected": f"dtype {expected.dtype}", "got": f"dtype {got.dtype}"}
    if got.shape != expected.shape:
        swapped = got.ndim > 1 and sorted(got.shape) == sorted(expected.shape)
        remark = " (the right axes in another order)" if swapped else ""
        return {"expected": f"shape {expected.shape}", "got": f"shape {got.shape}{remark}"}
    same = np.allclose(got.astype(float), expected.astype(float), rtol=1e-4, atol=1e-5)
    return None if same else {"expected": expected, "got": got}


def _kind(value: object) -> str:
    return f"{len(value)} results" if isinstance(value, tuple | list) else type(value).__name__


def _print_rows(rows: Mapping[str, object]) -> None:
    width = max(map(len, rows))
    for label, value in rows.items():
        lines = _text(value).splitlines()
        print(f"  {label:{width}} {lines[0]}")
        for line in lines[1:]:
            print(f"  {'':{width}} {line}".rstrip())


def _text(value: object) -> str:
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(map(str, sorted(value)))}}}"
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind == "f":
        return np.array2string(value.round(3) + 0.0, suppress_small=True)  # + 0.0: no "-0."
    if isinstance(value, np.ndarray | np.generic | float):
        value = np.asarray(value)
        return str(value.round(3).item() if value.dtype.kind == "f" and not value.ndim else value)
    return str(value)


def _floats(values: npt.ArrayLike) -> Floats:
    return np.array(values, "float32")


def _ids(values: npt.ArrayLike) -> npt.NDArray[np.int32]:
    return np.array(values, "int32")


def _numbers(*shape: int, start: int = 0) -> Floats:
    """Small half-integers in no simple order, the same on every machine."""
    n = np.arange(start, start + np.prod(shape, dtype=int))
    flat = (5 * n**3 + 3 * n + 11) % 17 - 8
    return _floats(flat / 2).reshape(shape)


# The references: plain NumPy, in float64, one query at a time where that is how one thinks of it.


def _softmax(scores: npt.ArrayLike) -> Floats:
    scores = np.asarray(scores, float)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return weights


def _masked_softmax(scores: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    mask = np.broadcast_to(mask, scores.shape)
    return np.where(mask, _softmax(np.where(mask, scores, -1e30)), 0.0)


def _additive_attention_for_one_query(
    query: Floats, key: Floats, query_kernel: Floats, key_kernel: Floats, score_kernel: Floats
) -> tuple[Floats, Floats]:
    hidden = np.tanh(query @ query_kernel + key @ key_kernel)
    weights = _softmax(hidden @ score_kernel)
    return weights @ key, weights


def _additive_scores(query: Floats, key: Floats, weight: Floats) -> Floats:
    return np.array([[np.tanh(q + k) @ weight for k in key] for q in query])


def _scaled_dot_product_attention(
    query: Floats, key: Floats, value: Floats
) -> tuple[Floats, Floats]:
    weights = _softmax(query @ key.T / np.sqrt(query.shape[-1]))
    return weights @ value, weights


def _alignment_error_rate(predicted: Links, sure: Links, possible: Links) -> float:
    right = len(predicted & sure) + len(predicted & possible)
    return 1 - right / (len(predicted) + len(sure))


def _links_from_weights(weights: Floats) -> frozenset[tuple[int, int]]:
    return frozenset((int(source), target) for target, source in enumerate(weights.argmax(axis=1)))


_EXERCISES = {
    # 02: the fixed-length bottleneck
    "padding_mask": _exercise(
        lambda tokens: (tokens != 0)[..., None, :],
        _case(
            "True where there is a token, not 0, with an axis of size 1 for the queries: (b, 1, k)",
            tokens=_ids([[7, 0]]),
        ),
        _case(
            "each sentence of the batch has a mask of its own",
            tokens=_ids([[4, 5, 6], [7, 0, 0]]),
        ),
        _case(
            "a single sentence has no batch axis; `...` stands for any leading axes",
            tokens=_ids([3, 9, 0, 0]),
        ),
    ),
    "masked_mean": _exercise(
        lambda losses, mask: (losses * mask).sum() / mask.sum(),
        _case(
            "without padding it is the mean", losses=_numbers(1, 2), mask=np.array([[True, True]])
        ),
        _case(
            "divide by the number of tokens, not by the number of places",
            losses=_numbers(1, 3),
            mask=np.array([[True, False, False]]),
        ),
        _case(
            "every token counts the same, whatever the length of its sentence",
            losses=_numbers(2, 3),
            mask=np.array([[True, True, True], [True, False, False]]),
        ),
    ),
    "gru_state": _exercise(
        lambda state, candidate, update: (1 - update) * state + update * candidate,
        _case(
            "where the update gate is 1, the new state is the candidate",
            state=_floats([2.0, 4.0]),
            candidate=_floats([-1.0, 1.0]),
            update=_floats([1.0, 0.0]),
        ),
        _case(
            "between 0 and 1 the gate mixes the two, in shares that sum to one",
            state=_floats([[2.0, 4.0]]),
            candidate=_floats([[-1.0, 1.0]]),
            update=_floats([[0.25, 0.5]]),
        ),
    ),
    # 03: Bahdanau attention
    "softmax": _exercise(
        _softmax,
        _case("equal scores, equal weights", scores=_floats([0.0, 0.0])),
        _case(
            "each row sums to one by itself: the last axis, with its dimension kept",
            scores=_floats([[0.0, 1.0, 2.0], [2.0, 2.0, 0.0]]),
        ),
        _case(
            "exp overflows beyond 88 in float32: what may be subtracted from a whole row?",
            scores=_floats([[1e4, 1e4 - 1]]),
        ),
    ),
    "additive_attention_for_one_query": _exercise(
        _additive_attention_for_one_query,
        _case(
            "one key: whatever its score, its weight is one",
            query=_numbers(2),
            key=_numbers(1, 3, start=2),
            query_kernel=_numbers(2, 2, start=5) / 4,
            key_kernel=_numbers(3, 2, start=9) / 4,
            score_kernel=_numbers(2, start=1),
        ),
        _case(
            "v . tanh(W query + U key): the sum inside the tanh, the weight v outside",
            query=_numbers(2),
            key=_numbers(3, 2, start=2),
            query_kernel=_numbers(2, 2, start=5) / 4,
            key_kernel=_numbers(2, 2, start=9) / 4,
            score_kernel=_numbers(2, start=13),
        ),
        _case(
            "query and key may have different sizes, and neither need be that of v",
            query=_numbers(2, start=3),
            key=_numbers(4, 3, start=2) / 2,
            query_kernel=_numbers(2, 5, start=5) / 8,
            key_kernel=_numbers(3, 5, start=9) / 8,
            score_kernel=_numbers(5, start=13) / 2,
        ),
        results=("context", "weights"),
    ),
    "additive_scores": _exercise(
        _additive_scores,
        _case(
            "v . tanh(query + key)",
            query=_numbers(1, 1) / 4,
            key=_numbers(1, 1, start=2),
            weight=_floats([1.0]),
        ),
        _case(
            "every query meets every key: give each of them an axis of size 1 for the other",
            query=_numbers(2, 3) / 4,
            key=_numbers(4, 3, start=2) / 4,
            weight=_numbers(3, start=8),
        ),
        _case(
            "as many queries as keys as units: which axis does v sum over?",
            query=_numbers(2, 2) / 4,
            key=_numbers(2, 2, start=5) / 4,
            weight=_numbers(2, start=8),
        ),
    ),
    "links_from_weights": _exercise(
        _links_from_weights,
        _case(
            "a link is (source position, target position), and a row is a target word",
            weights=_floats([[0.1, 0.9]]),
        ),
        _case(
            "one link for every target word, that of its largest weight",
            weights=_floats([[0.7, 0.2, 0.1], [0.6, 0.1, 0.3]]),
        ),
    ),
    "alignment_error_rate": _exercise(
        _alignment_error_rate,
        _case(
            "all found and nothing else: no error",
            predicted={(0, 0)},
            sure={(0, 0)},
            possible={(0, 0)},
        ),
        _case(
            "a possible link is allowed, but not required",
            predicted={(0, 0)},
            sure={(0, 0)},
            possible={(0, 0), (1, 0)},
        ),
        _case(
            "a predicted link that is possible, though not sure, is no error",
            predicted={(0, 0), (1, 0)},
            sure={(0, 0)},
            possible={(0, 0), (1, 0)},
        ),
        _case(
            "a predicted link that is sure is possible too: it counts in both intersections",
            predicted={(0, 0), (2, 1)},
            sure={(0, 0), (1, 1)},
            possible={(0, 0), (1, 1), (1, 0)},
        ),
    ),
    # 05: einsum
    "inner_product": _exercise(
        lambda a, b: a @ b,
        _case("multiply, and sum", a=_numbers(2), b=_numbers(2, start=2)),
        _case(
            "an index that is not after the arrow is summed over: nothing is after this one",
            a=_numbers(3),
            b=_numbers(3, start=5),
        ),
    ),
    "outer_product": _exercise(
        lambda a, b: a[:, None] * b,
        _case("all pairs: two different indices, both kept", a=_numbers(2), b=_numbers(2, start=2)),
        _case("the index of a comes first in the result", a=_numbers(2), b=_numbers(3, start=2)),
    ),
    "column_sums": _exercise(
        lambda matrix: matrix.sum(axis=0),
        _case("keep the index of the columns, drop that of the rows", matrix=_floats([[1.0, 0.0]])),
        _case("sum over the rows: one number for each column", matrix=_numbers(3, 2)),
        _case(
            "a square matrix does not tell rows from columns, but the letters do",
            matrix=_numbers(2, 2),
        ),
    ),
    "diagonal": _exercise(
        np.diagonal,
        _case("a matrix of one number", matrix=_numbers(1, 1)),
        _case(
            "an index that occurs twice in one operand walks down its diagonal",
            matrix=_numbers(2, 2, start=3),
        ),
        _case("keep that index after the arrow", matrix=_numbers(3, 3)),
    ),
    "trace": _exercise(
        np.trace,
        _case("the sum of the diagonal of a single number", matrix=_numbers(1, 1)),
        _case(
            "an index that occurs twice in one operand walks down its diagonal",
            matrix=_numbers(2, 2, start=3),
        ),
        _case("nothing after the arrow: one number", matrix=_numbers(3, 3)),
    ),
    "matrix_product": _exercise(
        np.matmul,
        _case(
            "the index that the two share is the one to sum over",
            a=_numbers(1, 2),
            b=_numbers(2, 1, start=2),
        ),
        _case("rows of a with columns of b", a=_numbers(2, 2), b=_numbers(2, 2, start=4)),
        _case("sizes may all differ", a=_numbers(2, 3), b=_numbers(3, 4, start=2)),
    ),
    "batch_matrix_product": _exercise(
        np.matmul,
        _case(
            "a batch of one is a matrix product", a=_numbers(1, 2, 2), b=_numbers(1, 2, 2, start=4)
        ),
        _case(
            "the batch index occurs in both operands and after the arrow: it is not summed",
            a=_numbers(2, 1, 2),
            b=_numbers(2, 2, 1, start=4),
        ),
        _case("sizes may all differ", a=_numbers(2, 1, 3), b=_numbers(2, 3, 4, start=2)),
    ),
    "dot_product_scores": _exercise(
        lambda query, key: query @ np.swapaxes(key, -1, -2),
        _case(
            "one query, one key: their dot product",
            query=_numbers(1, 1, 2),
            key=_numbers(1, 1, 2, start=2),
        ),
        _case(
            "rows are queries, columns are keys",
            query=_numbers(1, 2, 2),
            key=_numbers(1, 2, 2, start=5),
        ),
        _case(
            "each sentence of the batch looks at its own keys only",
            query=_numbers(2, 1, 2),
            key=_numbers(2, 3, 2, start=5),
        ),
    ),
    "context_vectors": _exercise(
        np.matmul,
        _case(
            "all the weight on one key gives its value",
            weights=_floats([[[0.0, 1.0]]]),
            value=_numbers(1, 2, 2),
        ),
        _case(
            "the keys are summed over, the queries and the depth of the values are kept",
            weights=_floats([[[0.5, 0.5], [0.25, 0.75]]]),
            value=_numbers(1, 2, 2),
        ),
        _case(
            "each sentence of the batch has its own values",
            weights=_floats([[[0.5, 0.5]], [[0.25, 0.75]]]),
            value=_numbers(2, 2, 3),
        ),
    ),
    "general_scores": _exercise(
        lambda query, kernel, key: query @ kernel @ key.T,
        _case(
            "with a kernel of one number: that number times the product",
            query=_numbers(1, 1),
            kernel=_numbers(1, 1, start=2),
            key=_numbers(1, 1, start=3),
        ),
        _case(
            "the first axis of the kernel meets the query, the second the key",
            query=_numbers(1, 2),
            kernel=_numbers(2, 2, start=2),
            key=_numbers(1, 2, start=7),
        ),
        _case(
            "einsum takes three operands as it takes two",
            query=_numbers(2, 2),
            kernel=_numbers(2, 3, start=2),
            key=_numbers(4, 3, start=7),
        ),
    ),
    "project_to_heads": _exercise(
        lambda x, kernel: np.tensordot(x, kernel, axes=1),
        _case("one head: a matrix product", x=_numbers(1, 1, 2), kernel=_numbers(2, 1, 2, start=3)),
        _case(
            "x (b, q, m) and kernel (m, h, d) give (b, q, h, d)",
            x=_numbers(1, 2, 2),
            kernel=_numbers(2, 2, 3, start=3),
        ),
    ),
    "attention_scores_with_heads": _exercise(
        lambda query, key: np.swapaxes(query, 1, 2) @ key.transpose(0, 2, 3, 1),
        _case(
            "one head, one query, one key: their dot product",
            query=_numbers(1, 1, 1, 2),
            key=_numbers(1, 1, 1, 2, start=5),
        ),
        _case(
            "(b, q, h, d) and (b, k, h, d) give (b, h, q, k)",
            query=_numbers(1, 1, 2, 2),
            key=_numbers(1, 3, 2, 2, start=5),
        ),
        _case(
            "each head compares its own queries with its own keys",
            query=_numbers(1, 2, 2, 1),
            key=_numbers(1, 2, 2, 1, start=5),
        ),
        _case(
            "each sentence of the batch looks at its own keys only",
            query=_numbers(2, 1, 1, 2),
            key=_numbers(2, 2, 1, 2, start=5),
        ),
    ),
    # 06: queries, keys and values
    "masked_softmax": _exercise(
        _masked_softmax,
        _case(
            "where all is allowed it is the softmax",
            scores=_floats([[0.0, 1.0]]),
            mask=np.array([[True, True]]),
        ),
        _case(
            "what is masked must not count in the sum: mask before the softmax, not after it",
            scores=_floats([[0.0, 0.0, 9.0]]),
            mask=np.array([[True, True, False]]),
        ),
        _case(
            "exp overflows beyond 88 in float32: what may be subtracted from a whole row?",
            scores=_floats([[1e4, 1e4 - 1]]),
            mask=np.array([[True, True]]),
        ),
        _case(
            "a large negative number is not small enough when the scores are lower still",
            scores=_floats([[-1e4, 1e4]]),
            mask=np.array([[True, False]]),
        ),
        _case(
            "a row with nothing to attend gives zeros, not 0/0",
            scores=_floats([[1.0, 2.0]]),
            mask=np.array([[False, False]]),
        ),
        _case(
            "the mask of a sentence (b, 1, k) serves all of its queries",
            scores=_numbers(2, 2, 2),
            mask=np.array([[[True, False]], [[True, True]]]),
        ),
    ),
    "scaled_dot_product_attention": _exercise(
        _scaled_dot_product_attention,
        _case(
            "one key: its weight is one, and the context is its value",
            query=_numbers(1, 1),
            key=_numbers(1, 1),
            value=_numbers(1, 2),
        ),
        _case(
            "equal scores: the weights of a query are a softmax over the keys",
            query=_floats([[0.0, 0.0]]),
            key=_numbers(2, 2),
            value=_numbers(2, 3, start=3),
        ),
        _case(
            "divide the scores by the square root of d, before the softmax",
            query=_floats([[2.0, 0.0, 0.0, 0.0]]),
            key=_floats(np.eye(2, 4)),
            value=_numbers(2, 2),
        ),
        _case(
            "every query has its own softmax, over the keys",
            query=_numbers(2, 2) / 2,
            key=_numbers(2, 2, start=5) / 2,
            value=_numbers(2, 2, start=3),
        ),
        _case(
            "d is the depth of the queries and keys, not of the values, nor a length",
            query=_numbers(1, 2) / 2,
            key=_numbers(3, 2, start=5) / 2,
            value=_numbers(3, 4, start=3),
        ),
        results=("context", "weights"),
    ),
    "causal_mask": _exercise(
        lambda length: np.tri(length, dtype=bool),
        _case("the first position sees itself", length=1),
        _case("True = may attend: what is not later than the query", length=2),
        _case("rows are queries, columns are keys", length=3),
    ),
}
