"""Subwords round-trip, and say what they cannot write."""

import io
import os
import sys
import unicodedata

import pytest
import sentencepiece

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


def test_unseen_characters_are_one_unknown_piece_and_come_back(subwords):
    pieces = subwords.encode("La maison ☃.")
    assert [piece for piece in pieces if piece not in subwords.tokens] == ["☃"]
    assert subwords.decode(pieces) == "La maison ☃."
    assert subwords.encode("☃☄") == ("▁", "☃☄") and subwords.decode(("▁", "☃☄")) == "☃☄"


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


def test_every_character_comes_back_normalised_or_is_refused(subwords):
    def comes_back(sentence):
        expected = " ".join(unicodedata.normalize("NFKC", sentence).split())
        return subwords.decode(subwords.encode(sentence)) == expected

    refused = []
    for start in range(0, sys.maxunicode + 1, 64):
        sentences = [f"a{chr(number)}b" for number in range(start, start + 64)]
        try:
            assert comes_back("".join(sentences))
        except ValueError:
            for number, sentence in enumerate(sentences, start):
                try:
                    assert comes_back(sentence)
                except ValueError as error:
                    assert f"(U+{number:04X}) at position 1" in str(error)
                    refused.append(number)
    assert refused == [0, 0x2581, 0x2585, *range(0xD800, 0xE000)]


@pytest.mark.parametrize(
    "sentence",
    ["a\u200bb", "a\u200db", "a\x01b", "a\ufeffb", "a\ufffdb", "a\ue000b", "e\u0301", "<s> </s>"],
)
def test_what_is_easily_dropped_is_kept_in_training_too(sentence):
    kept = unicodedata.normalize("NFKC", sentence)
    subwords = Subwords.train([sentence], size=len({*kept, "▁"} - {" "}))
    assert {*subwords.tokens} == {*kept.replace(" ", ""), "▁"}
    assert subwords.decode(subwords.encode(sentence)) == kept


@pytest.mark.parametrize("special", ["<pad>", "<start>", "<end>", "<unk>"])
def test_special_tokens_in_a_text_are_refused(subwords, special):
    # Else a run of characters unknown to the model could become the piece "<pad>".
    for sentence in (f"La {special}", f"La{special}maison", f"La ＜{special[1:]}"):
        with pytest.raises(ValueError, match=rf"^sentence: .*'{special}' at position [23]$"):
            subwords.encode(sentence)
    with pytest.raises(ValueError, match=rf"^sentences\[1\]: .* the special token '{special}'"):
        Subwords.train(["La maison", special], size=20)


def test_long_lines_are_kept():
    subwords = Subwords.train(["wort " * 900, "haus hof"], size=15)  # 4,499 bytes
    assert {*"worthausf"} <= {*subwords.tokens} and "▁wort" in subwords.tokens


def test_a_model_that_changes_the_text_is_refused():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["la maison"]), model_writer=model, model_type="bpe",
        vocab_size=12, normalization_rule_name="nmt_nfkc_cf", minloglevel=3,
    )  # fmt: skip
    lower = Subwords(model.getvalue())
    assert lower.decode(lower.encode("la maison")) == "la maison"
    with pytest.raises(
        ValueError, match="restores, got 'La maison', of which it makes 'la maison'"
    ):
        lower.encode("La maison")


@pytest.mark.parametrize("call, error, message", [
    (lambda s: Subwords.train([], size=10), ValueError, "sentences: expected at least one"),
    (lambda s: Subwords.train(["", "  "], size=10), ValueError, "sentences: expected at least one"),
    (lambda s: Subwords.train("a house", size=10), TypeError,
     "sentences: expected a list of strings, got the string 'a house'"),
    (lambda s: Subwords.train(["a", b"a"], size=10), TypeError,
     r"sentences\[1\]: expected a string, got b'a' \(bytes\)"),
    (lambda s: Subwords.train(["a", "x ▅ y"], size=10), ValueError,
     r"sentences\[1\]: expected text, got '▅' \(U\+2585\) at position 2, which SentencePiece keeps"),
    (lambda s: Subwords.train(TEXT, size=0), ValueError, "size: expected a positive .* got 0"),
    (lambda s: Subwords.train(TEXT, size=9.5), TypeError, "size: expected a positive .* got 9.5"),
    (lambda s: Subwords.train(["wort " * 900, "haus hof"], size=8), ValueError,
     "size: expected at least 10, as many as there are different characters"),
    (lambda s: Subwords.train(TEXT, size=10_000), ValueError, "size: expected as many .* got 10000"),
    (lambda s: Subwords(b"not a model"), ValueError,
     "model: expected .* SentencePiece model, got 11 other bytes"),
    (lambda s: Subwords(b""), ValueError, "model: expected .*, got no bytes"),
    (lambda s: Subwords("a"), TypeError, r"model: expected .*, got 'a' \(str\)"),
    (lambda s: s.encode(3), TypeError, r"sentence: expected a string, got 3 \(int\)"),
    (lambda s: s.encode("abc▁d"), ValueError, r"sentence: .* '▁' \(U\+2581\) at position 3, which"),
    (lambda s: s.encode("\ud800"), ValueError, r"sentence: .* '\\ud800' \(U\+D800\) at position 0"),
    (lambda s: s.decode("▁La"), TypeError, "pieces: expected a sequence of pieces, got the string"),
])  # fmt: skip
def test_bad_input_is_named(subwords, call, error, message):
    with pytest.raises(error, match="^" + message):
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
