"""What `check_attention` returns: an outcome for each property, and how they are printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from .options import Array

PASSED, FAILED, NOT_APPLICABLE = "passed", "FAILED", "not applicable"


@dataclass(frozen=True)
class Outcome:
    """What came of one property.

    Attributes:
        name: that of the property.
        verdict: "passed", "FAILED" or "not applicable".
        message: the smallest counterexample, or why the property is not applicable; else empty.
        arguments: of the last call before it failed: query, key, value and mask, to call it again.
        error: what the attention raised, with its traceback; None if it raised nothing.

    Example:
        >>> from attention_helpers.conformance import check_attention
        >>> report = check_attention(lambda query, key, value, mask: None, only=["shapes"])
        >>> print(report["shapes"])
        shapes  FAILED  1 sentence, 1 query, 2 keys: expected (context, weights), got NoneType ...
    """

    name: str
    verdict: str
    message: str = ""
    arguments: Mapping[str, Array | None] = field(default_factory=dict, repr=False, compare=False)
    error: Exception | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.line(len(self.name), len(self.verdict))

    def line(self, names: int, verdicts: int) -> str:
        """The outcome as one line, with columns of these widths."""
        return f"{self.name:{names}}  {self.verdict:{verdicts}}  {self.message}".rstrip()


class Report:
    """The outcomes of all properties, in the order of `properties()`.

    Printed, it has a line for each; `report["polarity"]` is the outcome of one. Iterating goes
    through the outcomes.

    Example:
        >>> from attention_helpers.conformance import check_attention
        >>> def mean(query, key, value, mask):  # it never looks
        ...     return value.mean(-2, keepdims=True).repeat(query.shape[-2], -2)
        >>> report = check_attention(mean, kind=None, weights="none", masks="none")
        >>> report.passed, report.failures
        (False, ('looks_at_the_queries', 'looks_at_the_keys'))
        >>> print(report["looks_at_the_keys"].message)
        1 sentence, 1 query, 2 keys: other keys, and the context stays the same
    """

    def __init__(self, outcomes: tuple[Outcome, ...], hint: str = "") -> None:
        self.outcomes = outcomes
        self.hint = hint

    @property
    def passed(self) -> bool:
        """Whether no property failed, and one passed at least."""
        return not self.failures and any(each.verdict == PASSED for each in self)

    @property
    def failures(self) -> tuple[str, ...]:
        """The names of the properties that failed."""
        return tuple(each.name for each in self if each.verdict == FAILED)

    @property
    def summary(self) -> str:
        """The failures alone, then where to start, and the counts: for a long report.

        Example:
            >>> from attention_helpers.conformance import check_attention
            >>> wrong = lambda query, key, value, mask: value.mean(-2, keepdims=True) + 0 * query[..., :1]
            >>> print(check_attention(wrong, weights="none", only=["value_depth", "scale"]).summary)
            scale  FAILED  ...
            1 passed, 1 failed, 0 not applicable
        """
        failed = [each for each in self if each.verdict == FAILED]
        return "\n".join([*_lines(failed), *self._end()])

    def _end(self) -> list[str]:
        verdicts = [each.verdict for each in self]
        counts = [(verdicts.count(v), v.lower()) for v in (PASSED, FAILED, NOT_APPLICABLE)]
        hint = [self.hint] if self.hint else []
        return [*hint, ", ".join(f"{n} {v}" for n, v in counts)]

    def raise_for_failures(self) -> None:
        """Does nothing if all passed: the last line of a test.

        Raises:
            AssertionError: a property failed, and the message has a line for each that did; or none
                was applicable.

        Example:
            >>> from attention_helpers.conformance import check_attention
            >>> wrong = lambda query, key, value, mask: value
            >>> check_attention(wrong, weights="none", only=["shapes"]).raise_for_failures()
            Traceback (most recent call last):
            AssertionError: 1 of 1 properties of attention do not hold
            shapes  FAILED  1 sentence, 1 query, 2 keys: context: expected the shape (1, 1, 3), got (1, 2, 3)
        """
        if self.failures:
            failed = [each for each in self if each.verdict == FAILED]
            head = f"{len(failed)} of {len(self.outcomes)} properties of attention do not hold"
            hint = [self.hint] if self.hint else []
            error = next((each.error for each in failed if each.error), None)
            raise AssertionError("\n".join([head, *hint, *_lines(failed)])) from error
        if not self.passed:
            raise AssertionError("\n".join(["nothing was checked", *_lines(self.outcomes)]))

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def __getitem__(self, name: str) -> Outcome:
        for each in self:
            if each.name == name:
                return each
        close = get_close_matches(str(name), [each.name for each in self], 1)
        raise KeyError(f"{name}: did you mean {close[0]!r}?" if close else name)

    def __str__(self) -> str:
        return "\n".join([*_lines(self.outcomes), *self._end()])

    def __repr__(self) -> str:
        return f"<Report: {self._end()[-1]}>"


def _lines(outcomes: tuple[Outcome, ...] | list[Outcome]) -> list[str]:
    names = max((len(each.name) for each in outcomes), default=0)
    verdicts = max((len(each.verdict) for each in outcomes), default=0)
    return [each.line(names, verdicts) for each in outcomes]
