"""`check`: an answer beside its reference, case by case, and what to print of it."""

import copy
import re
import sysconfig
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .._arguments import choice
from .cases import EXERCISES, Case, Exercise

__all__ = ["Verdict", "check", "names"]

# The reader's function may take and return anything: `check` is there to find out.
Answer: TypeAlias = Callable[..., Any]
Rows: TypeAlias = dict[str, Any]
Array: TypeAlias = npt.NDArray[Any]

# Where code is that the reader did not write.
_LIBRARIES = (sysconfig.get_path("stdlib"), str(Path(__file__).parents[1]))


class Verdict(int):
    """What `check` returns: True or False, as a bool is, but a notebook does not echo it.

    A cell whose last line is a call of `check` would show the verdict below what `check` has
    printed of it.

    Attributes:
        points: the share of the cases that pass, from 0 to 1.
        message: what `check` has printed.

    Example:
        >>> passed = Verdict(True)
        >>> passed, not passed, passed == True, sum([passed, Verdict(False), passed])
        (True, False, True, 2)
        >>> passed.points, Verdict(False, points=0.5).points
        (1.0, 0.5)
    """

    points: float
    message: str

    def __new__(cls, passed: bool, points: float | None = None, message: str = "") -> "Verdict":
        verdict = super().__new__(cls, passed)
        verdict.points = float(passed) if points is None else points
        verdict.message = message
        return verdict

    def __repr__(self) -> str:
        return str(bool(self))

    def _ipython_display_(self) -> None:
        """What IPython calls to show a value: nothing is left to show."""


def check(name: str, answer: Answer) -> Verdict:
    """Checks an answer, prints one line if it passes, or where it fails, and returns which.

    Args:
        name: the name of the exercise, one of `names()`.
        answer: the reader's function; it gets NumPy arrays (float32, int32, bool) by position, and
            may return NumPy arrays, tensors, lists or numbers. It must leave its arguments as they
            are.

    Returns:
        True if all cases pass, else False, as a `Verdict`, so that a teacher's program can grade:
        `sum(check(name, answer).points for name, answer in answers.items())`.

    Raises:
        TypeError: `answer` is not a function.
        ValueError: there is no exercise of that name.

    Example:
        >>> passed = check("trace", lambda matrix: np.einsum("qq->", matrix))
        ✓ trace: all 3 cases pass
        >>> passed
        True
        >>> assert not check("trace", lambda matrix: np.einsum("qk->", matrix))
        ✗ trace(matrix) fails in case 2 of 3
          matrix   [[-3.  -2.5]
                    [-1.5 -2. ]]
          expected -5.0
          got      -9.0
          hint     an index that occurs twice in one operand walks down its diagonal
    """
    exercise = EXERCISES[choice("name", name, names())]
    if not callable(answer):
        raise TypeError(
            f"answer: expected the function itself, not its result, got {type(answer).__name__}"
        )
    failures = [_failure(exercise, case, answer) for case in exercise.cases]
    of, passed = len(failures), failures.count(None)
    if passed == of:
        lines = [f"✓ {name}: all {of} cases pass"]
    else:
        first = next(number for number, failure in enumerate(failures) if failure is not None)
        case, failure = exercise.cases[first], failures[first] or {}
        lines = [f"✗ {name}({', '.join(case.arguments)}) fails in case {first + 1} of {of}"]
        lines += _lines({**case.arguments, **failure})
    message = "\n".join(lines)
    print(message)
    return Verdict(passed == of, passed / of, message)


def names() -> list[str]:
    """The names of the exercises, in the order of the book.

    Example:
        >>> names()[:2]
        ['recurrent_states', 'perplexity']
    """
    return list(EXERCISES)


def _failure(exercise: Exercise, case: Case, answer: Answer) -> Rows | None:
    """What the answer did in place of what it should do, as rows to print; None if it is right."""
    expected = exercise.reference(*case.arguments.values())
    arguments = copy.deepcopy(case.arguments)  # for the answer may write into them
    try:
        with np.errstate(all="ignore"):  # a warning would say less than the case does
            got = answer(*arguments.values())
    except Exception as error:  # noqa: BLE001 - whatever the reader's code raises is shown
        return {"expected": expected, **_raised(error), "hint": case.hint}
    failure = _change(case.arguments, arguments)
    if failure:
        return failure
    failure = _difference_of_results(exercise.results, expected, got)
    return {**failure, "hint": case.hint} if failure else None


def _raised(error: Exception) -> Rows:
    """What was raised, and in which line of the reader's."""
    # TensorFlow begins its messages with the place of the kernel.
    message = re.sub(r"^\{\{.*?\}\} ", "", str(error)).strip().splitlines()
    rows = {"got": ": ".join([type(error).__name__, *message[:1]])[:100]}
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the call in `_failure`
    own = [frame for frame in frames if not _of_a_library(frame.filename)]
    if own:
        rows[f"line {own[-1].lineno}"] = own[-1].line or ""
    return rows


def _of_a_library(file: str) -> bool:
    installed = {"site-packages", "dist-packages"} & {*Path(file).parts}
    return bool(installed) or file.startswith(_LIBRARIES)


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> Rows | None:
    for name, value in before.items():
        if not _same(value, after[name]):
            return {
                "expected": f"{name} stays as it is",
                "got": f"it changed its argument {name}",
                f"{name} now": after[name],
                "hint": f"work on a copy: {name} = {name}.copy()",
            }
    return None


def _same(before: Any, after: Any) -> bool:
    if not isinstance(before, np.ndarray):
        return bool(before == after)
    kept = before.shape == after.shape and before.dtype == after.dtype
    return bool(kept and before.tobytes() == after.tobytes())  # bytes, for a nan equals itself


def _difference_of_results(results: tuple[str, ...], expected: Any, got: Any) -> Rows | None:
    if got is None:
        what = f"({', '.join(results)})" if results else expected
        return {"expected": what, "got": "None: is there a `return`?"}
    if not results:
        return _difference(expected, got)
    if not isinstance(got, tuple | list) or len(got) != len(results):
        return {"expected": f"({', '.join(results)})", "got": _kind(got)}
    for result, one_expected, one_got in zip(results, expected, got, strict=True):
        difference = _difference(one_expected, one_got)
        if difference:
            return {f"{row} {result}": value for row, value in difference.items()}
    return None


def _difference(expected: Any, got: Any) -> Rows | None:
    if isinstance(expected, frozenset):
        if isinstance(got, set | frozenset):
            return None if got == expected else {"expected": expected, "got": got}
        return {"expected": f"set {_text(expected)}", "got": f"{_kind(got)} {got!r:.60}"}
    try:
        array = np.asarray(got)
    except Exception:  # noqa: BLE001 - a library's own tensors may raise anything
        array = np.array(None)
    if array.dtype == object:
        return {"expected": expected, "got": _kind(got)}
    return _difference_of_arrays(np.asarray(expected), array)


def _difference_of_arrays(expected: Array, got: Array) -> Rows | None:
    boolean = expected.dtype.kind == "b"
    if got.dtype.kind not in ("b" if boolean else "iuf"):
        what = "dtype bool" if boolean else "numbers, such as dtype float32"
        return {"expected": what, "got": f"dtype {got.dtype}"}
    if got.shape != expected.shape:
        swapped = sorted(got.shape) == sorted(expected.shape)
        remark = " (the right axes in another order)" if swapped else ""
        return {"expected": f"shape {expected.shape}", "got": f"shape {got.shape}{remark}"}
    if np.allclose(got.astype(float), expected.astype(float), rtol=1e-4, atol=1e-5):
        return None
    for digits in range(3, 9):  # as few as tell the two apart
        rows = {"expected": _text(expected, digits), "got": _text(got, digits)}
        if rows["expected"] != rows["got"]:
            break
    return rows


def _kind(value: object) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"{kind} of {len(value)}" if isinstance(value, tuple | list) else kind


def _lines(rows: Mapping[str, object]) -> list[str]:
    """A table of labels and values, which may have several lines each."""
    width, found = max(map(len, rows)), []
    for label, value in rows.items():
        first, *others = _text(value).splitlines() or [""]
        found += [f"  {label:{width}} {first}".rstrip()]
        found += [f"  {'':{width}} {line}".rstrip() for line in others]
    return found


def _text(value: object, digits: int = 3) -> str:
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(str, value)))}}}" if value else "set()"
    if not isinstance(value, np.ndarray | np.generic | float):
        return str(value)
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return str(value)
    if value.ndim == 0:
        return str(round(float(value), digits) + 0.0)  # + 0.0: no "-0."
    return np.array2string(value.round(digits) + 0.0, suppress_small=True)
