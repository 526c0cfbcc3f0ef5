"""Subwords: frequent words stay whole, rare ones are split."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

__all__ = ["Subwords"]

WORD_START = "\u2581"  # SentencePiece's mark for the space before a word


class Subwords:
    """Byte-pair subwords by SentencePiece: frequent words stay whole, rare ones are split.

    A piece that begins a word starts with "▁" (U+2581), so that joining the pieces and turning
    this mark back into a space restores the sentence.

    Normalisation: SentencePiece first brings a sentence into Unicode's form NFKC, makes runs of
    white space one space and drops it at the ends. ``decode(encode(s))`` is the sentence so
    normalised; a character that training has not seen becomes a piece of its own, which is not
    in ``tokens``, and is restored too.

    Args:
        model: a trained model as bytes, from the attribute ``model`` of another ``Subwords``.

    Raises:
        ImportError: SentencePiece is not installed.
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
        if not isinstance(model, bytes) or not model:
            got = "no bytes" if model == b"" else type(model).__name__
            raise ValueError(f"model: expected the bytes of a SentencePiece model, got {got}")
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except RuntimeError as error:
            raise ValueError(
                f"model: expected the bytes of a SentencePiece model, got {len(model)} other bytes"
            ) from error
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
            ValueError: there are no sentences, or so many pieces cannot be made of them.
        """
        sentencepiece = _import_sentencepiece()
        if isinstance(sentences, str):
            raise ValueError("sentences: expected a list of strings, got one string")
        sentences = [_checked_sentence(sentence) for sentence in sentences]
        if not any(sentence.strip() for sentence in sentences):
            raise ValueError("sentences: expected at least one with a word, got none")
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f"size: expected a positive integer, got {size!r}")
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=model,
                model_type="bpe",
                vocab_size=size + 1,  # SentencePiece counts its own "<unk>"
                character_coverage=1.0,
                bos_id=-1,  # start, end and padding belong to `text.Vocabulary`
                eos_id=-1,
                num_threads=1,
                minloglevel=3,
            )
        except RuntimeError as error:
            raise ValueError(
                f"size: {size} pieces cannot be made of these {len(sentences)} sentences; "
                f"SentencePiece says: {error}"
            ) from error
        return cls(model.getvalue())

    @property
    def tokens(self) -> list[str]:
        """All pieces, in SentencePiece's order, without its "<unk>"."""
        ids = range(self._processor.GetPieceSize())
        return [self._processor.IdToPiece(i) for i in ids if not self._processor.IsUnknown(i)]

    def encode(self, sentence: str) -> tuple[str, ...]:
        """Split a sentence into pieces."""
        return tuple(self._processor.EncodeAsPieces(_checked_sentence(sentence)))

    def decode(self, pieces: Sequence[str]) -> str:
        """Join pieces to a sentence."""
        if isinstance(pieces, str):
            raise ValueError("pieces: expected a sequence of pieces, got one string")
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


def _checked_sentence(sentence: str) -> str:
    if not isinstance(sentence, str):
        raise ValueError(f"sentence: expected a string, got {type(sentence).__name__}")
    return sentence


def _import_sentencepiece() -> ModuleType:
    try:
        import sentencepiece
    except ImportError as error:
        raise ImportError(
            'Subwords needs SentencePiece: pip install "attention-helpers[subwords]"'
        ) from error
    return sentencepiece
