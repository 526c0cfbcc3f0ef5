"""attention_helpers.metrics: where a translation goes wrong."""

import pytest

from attention_helpers.metrics import by_length, first_wrong_word, first_wrong_words


@pytest.mark.parametrize(
    ("hypothesis", "reference", "position"),
    [
        ("a b c", "a b c", None),
        ("x b c", "a b c", 0),
        ("a x c", "a b c", 1),
        ("a x x", "a b c", 1),  # the first
        ("a b x", "a b c", 2),
        ("a b", "a b c", 2),  # END came too early
        ("a b c d", "a b c", 3),  # too late
        ("b c", "a b c", 0),  # a word is missing at the start: all that follows is shifted
        ("", "a", 0),
        ("", "", None),
        (["a", "b"], ("a", "b", "c"), 2),
        (["a", "b"], "a  b", None),
    ],
)
def test_the_first_wrong_word(hypothesis, reference, position):
    assert first_wrong_word(hypothesis, reference) == position
    assert first_wrong_word(reference, hypothesis) == position
    assert first_wrong_words([hypothesis, "z"], [reference, "z"]) == [position, None]


def test_a_word_is_whole():
    assert first_wrong_word("chats noirs", "chat noirs") == 0


def test_by_length_takes_the_list():
    found = by_length(first_wrong_words, ["a b", "a b"], ["a b", "a c"], lengths=[6, 12])
    assert found == {"5-10": [None], "11-20": [1]}


BAD_INPUT = {
    "a number": (lambda: first_wrong_word(5, "a"), TypeError, "hypothesis: expected strings or"),
    "no words": (lambda: first_wrong_word("a", [5]), TypeError, "reference: expected strings as"),
    "a list of sentences": (
        lambda: first_wrong_word(["il pleut ."], ["il neige ."]),
        ValueError,
        "hypothesis: expected tokens without white space, got 'il pleut .'",
    ),
    "one sentence for a list": (
        lambda: first_wrong_words("il pleut .", ["il pleut ."]),
        TypeError,
        "hypotheses: expected a list of sentences, got one string",
    ),
    "fewer": (lambda: first_wrong_words(["a"], ["a", "b"]), ValueError, "hypotheses: expected one"),
    "none": (lambda: first_wrong_words([], []), ValueError, "references: expected at least one"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()
