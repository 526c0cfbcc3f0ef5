"""Pairs of sentences: from a file, as words."""

from __future__ import annotations

import gzip
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

__all__ = ["SentencePair", "read_pairs", "tokenize"]

PathName: TypeAlias = str | os.PathLike[str]


class SentencePair(NamedTuple):
    """A sentence, its translation and, where it is known, which word translates which.

    Args:
        source: the words of the sentence, the full stop included.
        target: the words of its translation, the full stop included.
        sure: links (source position, target position), counted from 0, that no annotator would
            dispute.
        possible: every admissible link; contains `sure`. Empty, as it is by default, says that
            nobody has annotated the pair.

    Example:
        >>> from attention_helpers.corpus import generate_pairs
        >>> pair = generate_pairs(1, length=7)[0]
        >>> len(pair.source), pair.source[-1], pair.target[-1]
        (7, '.', '.')
        >>> pair.sure <= pair.possible
        True
        >>> SentencePair(("a", "cat"), ("un", "chat")).possible
        frozenset()
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: frozenset[tuple[int, int]] = frozenset()
    possible: frozenset[tuple[int, int]] = frozenset()


def check_pairs(name: str, pairs: Sequence[object]) -> None:
    """That there are pairs, and that each has a source and a target."""
    for place, pair in enumerate(pairs):
        if not (hasattr(pair, "source") and hasattr(pair, "target")):
            raise TypeError(
                f"{name}[{place}]: expected source and target, as a text.SentencePair has them, "
                f"got {type(pair).__name__}"
            )
    if not pairs:
        raise ValueError(f"{name}: expected at least one pair of sentences, got none")


def read_pairs(path: PathName, target_path: PathName | None = None) -> list[tuple[str, str]]:
    """Sentences and their translations from a file with a tab in each line, or from two files.

    The text is UTF-8, with or without a byte order mark; lines end as on Linux, Windows or an old
    Mac; a file whose name ends in ".gz" is unpacked. Accents become one character with their
    letter (Unicode's form NFC), and white space at the ends of a sentence is dropped.

    Args:
        path: a file with a sentence, a tab and its translation in each line; if `target_path` is
            given, a file with a sentence in each line.
        target_path: a file with the translation of that sentence in the same line, or None.

    Returns:
        A list of `(source, target)`, strings as they are in the file: neither in words (for which
        there are `tokenize` and `Subwords`) nor in lower case.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file is empty, the two differ in their numbers of lines, or a line is not
            what it should be; the error names the file and the line.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "pairs.tsv")
        ...     _ = path.write_text("Hello.\\tSalut.\\nGo!\\tVa !\\n", encoding="utf-8")
        ...     read_pairs(path)
        [('Hello.', 'Salut.'), ('Go!', 'Va !')]
    """
    if target_path is None:
        return [_split(line, f"{path}, line {n}") for n, line in enumerate(_lines(path), 1)]
    sources, targets = _lines(path), _lines(target_path)
    if len(sources) != len(targets):
        raise ValueError(
            f"{target_path}: expected as many lines as {path} has, {len(sources)}, "
            f"got {len(targets)}"
        )
    return [
        (_sentence(source, f"{path}, line {n}"), _sentence(target, f"{target_path}, line {n}"))
        for n, (source, target) in enumerate(zip(sources, targets, strict=True), 1)
    ]


def _lines(path: PathName) -> list[str]:
    """The lines of a file, without their ends."""
    data = Path(path).read_bytes()
    if os.fspath(path).endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise ValueError(f"{path}: expected a file packed by gzip, got {error}") from None
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data:
        raise ValueError(f"{path}: expected a sentence in each line, got an empty file")
    return [
        _decoded(line, f"{path}, line {n}")
        for n, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1)
    ]


def _decoded(line: bytes, where: str) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where}: expected UTF-8, got the byte 0x{line[error.start]:02x} at position "
            f"{error.start}; save the file as UTF-8"
        ) from None
    if "\0" in text:
        raise ValueError(
            f"{where}: expected text, got a null character; save the file as UTF-8, not UTF-16"
        )
    return unicodedata.normalize("NFC", text)


def _split(line: str, where: str) -> tuple[str, str]:
    sides = line.split("\t")
    if len(sides) != 2:
        raise ValueError(
            f"{where}: expected one tab, between a sentence and its translation, "
            f"got {len(sides) - 1}: {line[:60]!r}"
        )
    return _sentence(sides[0], where), _sentence(sides[1], where)


def _sentence(text: str, where: str) -> str:
    if not (text := text.strip()):
        raise ValueError(f"{where}: expected a sentence, got an empty one")
    return text


# A token in the shape that `tokenize` gives a sentence: an elided word of French, a word or number
# (parts joined by an apostrophe or a hyphen, digits also as in 3.14, 12:30 and 27/11/2026), or a
# sign, repeated or not.
TOKEN = re.compile(
    r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’](?=\w)"
    r"|\w+(?:['’\-]\w+|(?<=\d)[.,:/](?=\d)\w+)*"
    r"|(\S)\1*",
    re.ASCII | re.IGNORECASE,
)


def tokenize(sentence: str) -> tuple[str, ...]:
    """The words, numbers and signs of a sentence, a token each.

    Signs are separated from words. What an apostrophe or a hyphen joins stays one token ("don't",
    "aujourd'hui", "well-known"), and so does a number or a date with its points, commas, colons and
    slashes; but an elided word of French is a token of its own ("l'", "qu'"). Letters of every
    alphabet are letters, with their accents. In a language without spaces between words, a stretch
    of text is one token: take `Subwords` there. Nothing is put into lower case.

    Args:
        sentence: a string.

    Returns:
        A tuple of strings; `" ".join` makes a sentence of them.

    Raises:
        TypeError: `sentence` is not a string.

    Example:
        >>> tokenize("Qu'est-ce que c'est ? L'heure: 12:30.")
        ("Qu'", 'est-ce', 'que', "c'", 'est', '?', "L'", 'heure', ':', '12:30', '.')
    """
    if not isinstance(sentence, str):
        raise TypeError(
            f"sentence: expected a string, got {sentence!r} ({type(sentence).__name__})"
        )
    shape = "".join(map(_shape, sentence))
    return tuple(sentence[match.start() : match.end()] for match in TOKEN.finditer(shape))


def _shape(character: str) -> str:
    """The character if it is ASCII, else one that stands for its kind."""
    if character.isspace():
        return " "
    if character.isascii():
        return character
    kind = unicodedata.category(character)
    # Letters; accents, and what is invisible between letters, belong to their word.
    return "0" if kind == "Nd" else "a" if kind[0] in "LMN" or kind == "Cf" else character
