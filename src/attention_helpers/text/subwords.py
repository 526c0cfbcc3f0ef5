"""Subwords: frequent words stay whole, rare ones are split."""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from .._arguments import integer
from .vocabulary import SPECIALS

__all__ = ["Subwords"]

WORD_START = "\u2581"  # SentencePiece's mark for the space before a word
# SentencePiece leaves out a training sentence with its mark for unknown characters, U+2585, and
# stops at a null character; it has no bytes for half of a surrogate pair.
RESERVED = re.compile("|".join(["[\0\u2581\u2585\ud800-\udfff]", *map(re.escape, SPECIALS)]))

LINE = 4192  # bytes: SentencePiece's own limit, beyond which it leaves out a training sentence


class Subwords:
    """Byte-pair subwords by SentencePiece: frequent words stay whole, rare ones are split.

    A piece that begins a word starts with "▁" (U+2581), so that joining the pieces and turning
    this mark back into a space restores the sentence.

    A sentence is normalised first: Unicode's form NFKC, runs of white space as one space, none at
    the ends. ``decode(encode(s))`` is the sentence so normalised. Characters that training has not
    seen are restored too; a run of them is one piece, which is not in ``tokens``. What could not
    be restored is refused: "▁" itself, two more characters that SentencePiece keeps for itself
    (U+2585 and the null character), half of a surrogate pair, and the special tokens of a
    `Vocabulary`, such as "<pad>".

    Args:
        model: a trained model as bytes, from the attribute ``model`` of another ``Subwords``.

    Raises:
        ImportError: SentencePiece is not installed.
        TypeError: `model` is not bytes.
        ValueError: the bytes are not a model.

    Example:
        >>> text = ["the house is red .", "la maison est rouge .", "the red house ."]
        >>> subwords = Subwords.train(text, size=30)
        >>> len(subwords.tokens)
        30
        >>> subwords.decode(subwords.encode("the  mouse is red ."))
        'the mouse is red .'

    Source: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword
    Units (2016); Kudo and Richardson, SentencePiece (2018).
    """

    def __init__(self, model: bytes) -> None:
        sentencepiece = _import_sentencepiece()
        expected = "model: expected the bytes of a SentencePiece model, got"
        if not isinstance(model, bytes):
            raise TypeError(f"{expected} {model!r:.60} ({type(model).__name__})")
        if not model:
            raise ValueError(f"{expected} no bytes")
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except RuntimeError as error:
            raise ValueError(f"{expected} {len(model)} other bytes") from error
        self.model = model

    @classmethod
    def train(cls, sentences: Iterable[str], *, size: int) -> Subwords:
        """Learn ``size`` pieces by byte-pair encoding; the same sentences give the same pieces.

        Args:
            sentences: the training text. For one vocabulary that both languages share, give the
                sentences of both.
            size: how many pieces, the single characters included.

        Returns:
            The trained ``Subwords``.

        Raises:
            ImportError: SentencePiece is not installed.
            TypeError: `sentences` is one string, a sentence is none, `size` is not an integer.
            ValueError: there are no sentences, so many pieces cannot be made of them, or a
                sentence holds what could not be restored.
        """
        sentencepiece = _import_sentencepiece()
        if isinstance(sentences, str):
            raise TypeError(f"sentences: expected a list of strings, got the string {sentences!r}")
        lines = [normalised(f"sentences[{n}]", line) for n, line in enumerate(sentences)]
        if not any(lines):
            raise ValueError("sentences: expected at least one with a word, got none")
        characters = len({WORD_START, *"".join(lines)} - {" "})
        if integer("size", size, 1) < characters:
            raise ValueError(
                f"size: expected at least {characters}, as many as there are different characters "
                f"(the space is one), got {size}"
            )
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=model,
                model_type="bpe",
                vocab_size=size + 1,  # SentencePiece counts its own "<unk>"
                character_coverage=1.0,
                normalization_rule_name="identity",  # `normalised` has done it
                max_sentence_length=max(LINE, *(len(line.encode()) for line in lines)),
                bos_id=-1,  # start, end and padding belong to `text.Vocabulary`
                eos_id=-1,
                num_threads=1,
                minloglevel=3,
            )
        except RuntimeError as error:
            raise ValueError(
                f"size: expected as many pieces as can be made of {len(lines)} sentences, "
                f"got {size}; SentencePiece says: {error}"
            ) from error
        return cls(model.getvalue())

    @property
    def tokens(self) -> list[str]:
        """All pieces, in SentencePiece's order, without its "<unk>"."""
        ids = range(self._processor.GetPieceSize())
        return [self._processor.IdToPiece(i) for i in ids if not self._processor.IsUnknown(i)]

    def encode(self, sentence: str) -> tuple[str, ...]:
        """Split a sentence into pieces.

        Raises:
            TypeError: `sentence` is not a string.
            ValueError: it holds what could not be restored; the error says what, and where in the
                normalised sentence.

        Example:
            >>> Subwords.train(["a b c d"], size=5).encode("abc▁d")
            Traceback (most recent call last):
            ValueError: sentence: expected text, got '▁' (U+2581) at position 3, which Sen...
        """
        text = normalised("sentence", sentence)
        pieces = tuple(self._processor.EncodeAsPieces(text))
        if (restored := self.decode(pieces)) != text:  # a model that was trained elsewhere
            raise ValueError(
                f"sentence: expected text that this model restores, got {text!r}, of which it "
                f"makes {restored!r}; take a model that `Subwords.train` made"
            )
        return pieces

    def decode(self, pieces: Iterable[str]) -> str:
        """Join pieces to a sentence.

        Raises:
            TypeError: `pieces` is one string.
        """
        if isinstance(pieces, str):
            raise TypeError(f"pieces: expected a sequence of pieces, got the string {pieces!r}")
        return "".join(pieces).replace(WORD_START, " ").strip()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, in SentencePiece's own format."""
        Path(path).write_bytes(self.model)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Subwords:
        """Read a model that ``save`` wrote."""
        return cls(Path(path).read_bytes())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and self.model == other.model

    def __repr__(self) -> str:
        return f"Subwords({len(self.tokens)} pieces)"


def normalised(name: str, sentence: str) -> str:
    """NFKC with single spaces; what SentencePiece would drop or confuse is named."""
    if not isinstance(sentence, str):
        raise TypeError(f"{name}: expected a string, got {sentence!r} ({type(sentence).__name__})")
    text = " ".join(unicodedata.normalize("NFKC", sentence).split())
    if found := RESERVED.search(text):
        what, at = found.group(), found.start()
        if what in SPECIALS:
            raise ValueError(
                f"{name}: expected text, got the special token {what!r} at position {at}"
            )
        raise ValueError(
            f"{name}: expected text, got {what!r} (U+{ord(what):04X}) at position {at}, "
            "which SentencePiece keeps for itself"
        )
    return text


def _import_sentencepiece() -> ModuleType:
    try:
        import sentencepiece
    except ImportError as error:
        raise ImportError(
            'Subwords needs SentencePiece: pip install "attention-helpers[subwords]"'
        ) from error
    return sentencepiece
