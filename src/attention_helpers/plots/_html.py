"""What the interactive figures share: text that is safe in HTML, ids, and words' widths."""

from __future__ import annotations

import hashlib
import re
from html import escape
from unicodedata import east_asian_width

from .style import INK

# Inline, because an untrusted notebook loses style sheets: opaque white, as every figure is.
CARD = (
    f"background:#fff;color:{INK};padding:12px;border-radius:6px;max-width:100%;"
    "box-sizing:border-box"
)
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"


def text_of(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a text, got {value!r:.60} ({type(value).__name__})")
    return value


def element_id(name: str, value: str) -> str:
    """An id that HTML, a list of ids and a selector of CSS all take as it is."""
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", text_of(name, value)):
        raise ValueError(
            f"{name}: expected a letter (A–Z, a–z), then letters, digits, - and _, "
            f"got {value!r:.60}"
        )
    return value


def id_from(kind: str, content: object) -> str:
    """From the content, so that a page that is executed again stays the same."""
    return f"{kind}-{hashlib.sha256(repr(content).encode()).hexdigest()[:10]}"


def holdable(text: str) -> str:
    """The text without what HTML and SVG cannot hold: control characters and lone surrogates."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def html(text: str) -> str:
    """The text as it stands in HTML, in an attribute too."""
    return escape(holdable(text))


def card(kind: str, name: str, css: str, body: str) -> str:
    """The element of a figure, its style in front of what it shows."""
    # No MathJax in here: the "$" of a word is a dollar.
    return (
        f'<div class="attention-{kind} tex2jax_ignore mathjax_ignore" id="{name}" '
        f'style="{CARD}"><style>{css}</style>{body}</div>'
    )


def width_of(word: str) -> float:
    """Pixels that a word takes at most, bold and 14 pixels high, as in DejaVu Sans."""

    def width(letter: str) -> float:
        if letter in "mwMW%@&" or east_asian_width(letter) in "WF":
            return 15.5
        if letter.isupper():
            return 12
        return 6.5 if letter in "fijlrt.,:;'!| " else 9.8

    return sum(map(width, word))
