"""A letter of an einsum string names one axis in the whole book: the notation page says which."""

import re

import letters
import pytest
from frame import notebooks
from symbols import NOTATION

ALL = sorted(set(letters.strings_of_the_book()))


def test_every_letter_of_every_string_stands_on_the_notation_page():
    known = set(letters.letters_of_the_notation_page())
    assert len(ALL) > 60, "so few strings: are they still found?"
    unknown = [(place, string) for place, string in ALL if not letters.letters(string) <= known]
    assert not unknown


def test_every_letter_of_the_page_is_used():
    """A row that nothing uses would tie a letter to an axis that is not there."""
    used = set().union(*(letters.letters(string) for _, string in ALL))
    shapes = "".join(re.findall(r"`\(([\w, .]+)\)`", letters.source_of_the_package()))
    assert set(letters.letters_of_the_notation_page()) - used <= set(shapes)


def test_few_strings_have_gaps():
    """Their letters are known only when the program runs, so each such string is known here."""
    found = {
        path.name: letters.WITH_GAPS.findall(path.read_text(encoding="utf-8"))
        for path in letters.modules()
    }
    assert {name: strings for name, strings in found.items() if strings} == {
        "einsums.py": ["{left}->{output}"],  # what a caller gave
        "projections.py": ["ab{inputs},{inputs}{outputs}->ab{outputs}"],  # in Keras' letters
    }


@pytest.mark.parametrize("page", [*notebooks(), NOTATION], ids=lambda page: page.stem)
def test_a_formula_says_which_v(page):
    """An axis, the vectors of values and a parameter have that letter: none stands alone."""
    assert letters.bare_v(letters.prose_of(page)) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ('tf.einsum("...qd,...kd->...qk", query, key)', ["...qd,...kd->...qk"]),
        ("np.einsum('qk->', x)  # not \"qq->q\"", ["qk->", "qq->q"]),
        ('"""einsum "bt…,…o->bto", plus the bias."""', ["bt…,…o->bto"]),
        ("def f(x) -> str: 'a'", []),
        ('f"{left}->{output}"', []),
    ],
)
def test_strings_of_a_text(text, found):
    assert letters.equations(text) == found


def test_axes_that_a_module_checks():
    source = 'tensors("...qd,...kd" if x else "bo", q=q)\nAXES = {"query": "bqn", "other": 3}'
    assert sorted(letters.patterns(source)) == ["...qd,...kd", "bo", "bqn"]


def test_a_bare_v_is_seen():
    assert letters.bare_v(r"$v_a^\top a$, $v_j = h_j$, `v`, $\mathrm{Var}(q)$") == []
    assert letters.bare_v(r"$v^\top a$ and $v$") == [r"v^\top a", "v"]
