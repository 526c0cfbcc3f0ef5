"""Subwords round-trip, and say what they cannot write."""

import os
import sys

import pytest

from attention_helpers.datasets import DATA_VARIABLE, load_multi30k
from attention_helpers.text import Subwords

ENGLISH = ["A small house .", "Two men  talk.", "Nobody is here…"]
FRENCH = ["Une petite maison .", "Deux hommes parlent.", "Personne n’est là…"]
TEXT = ENGLISH + FRENCH + ["The small house is here.", "La petite maison est ici."] * 3


@pytest.fixture(scope="module")
def subwords():
    return Subwords.train(TEXT, size=60)


def test_round_trip_up_to_the_normalisation(subwords):
    for sentence in TEXT:
        expected = " ".join(sentence.replace("…", "...").split())
        assert subwords.decode(subwords.encode(sentence)) == expected
    assert subwords.decode(subwords.encode(" a\u00a0 \ufb01sh\t")) == "a fish"  # NFKC, spaces
    assert subwords.encode("") == () and subwords.decode(()) == ""


def test_pieces_are_known_and_join_to_words(subwords):
    assert len(subwords.tokens) == len(set(subwords.tokens)) == 60
    assert not {"<unk>", "<s>", "</s>", "<pad>"} & set(subwords.tokens)
    pieces = subwords.encode("La petite maison")
    assert isinstance(pieces, tuple) and set(pieces) <= set(subwords.tokens)
    assert "".join(pieces) == "▁La▁petite▁maison"
    assert len(pieces) < len("La petite maison")  # they are not single characters


def test_unseen_character_is_one_unknown_piece_and_comes_back(subwords):
    pieces = subwords.encode("La maison ☃.")
    assert [piece for piece in pieces if piece not in subwords.tokens] == ["☃"]
    assert subwords.decode(pieces) == "La maison ☃."


def test_training_is_deterministic_and_prints_nothing(subwords, capfd):
    again = Subwords.train(iter(TEXT), size=60)
    assert again == subwords and again.tokens == subwords.tokens
    assert Subwords.train(TEXT, size=50) != subwords
    assert capfd.readouterr() == ("", "")


def test_save_and_load(subwords, tmp_path):
    subwords.save(tmp_path / "subwords.model")
    loaded = Subwords.load(tmp_path / "subwords.model")
    assert loaded == subwords and Subwords(subwords.model) == subwords
    assert loaded.encode(TEXT[0]) == subwords.encode(TEXT[0])
    assert repr(loaded) == "Subwords(60 pieces)"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda s: Subwords.train([], size=10), "sentences: expected at least one"),
        (lambda s: Subwords.train(["", "  "], size=10), "sentences: expected at least one"),
        (
            lambda s: Subwords.train("a house", size=10),
            "sentences: expected a list of strings, got one string",
        ),
        (
            lambda s: Subwords.train([b"a"], size=10),
            "sentence: expected a string, got bytes",
        ),
        (lambda s: Subwords.train(TEXT, size=0), "size: expected a positive integer, got 0"),
        (lambda s: Subwords.train(TEXT, size=5), "size: 5 pieces cannot be made"),
        (lambda s: Subwords.train(TEXT, size=10_000), "size: 10000 pieces cannot be made"),
        (
            lambda s: Subwords(b"not a model"),
            "model: expected .* SentencePiece model, got 11 other bytes",
        ),
        (lambda s: Subwords(b""), "model: expected .*, got no bytes"),
        (lambda s: s.encode(3), "sentence: expected a string, got int"),
        (lambda s: s.decode("▁La"), "pieces: expected a sequence of pieces, got one string"),
    ],
)
def test_bad_input(subwords, call, message):
    with pytest.raises(ValueError, match=message):
        call(subwords)


def test_without_sentencepiece_the_error_says_what_to_install(subwords, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(ImportError, match=r'pip install "attention-helpers\[subwords\]"'):
        Subwords.train(TEXT, size=60)
    with pytest.raises(ImportError, match="pip install"):
        Subwords(subwords.model)


@pytest.mark.skipif(
    not os.environ.get(DATA_VARIABLE),
    reason=f"{DATA_VARIABLE} is not set: the real corpus is not at hand",
)
def test_real_corpus_subwords_round_trip():
    english, french = load_multi30k("val")
    subwords = Subwords.train(english + french, size=1_500)
    known = set(subwords.tokens)
    for sentence in english + french:
        pieces = subwords.encode(sentence)
        assert known.issuperset(pieces)
        assert subwords.decode(pieces) == " ".join(sentence.split())
