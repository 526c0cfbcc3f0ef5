"""Vocabularies: words to ids and back; padding."""

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs, target_vocabulary
from attention_helpers.text import Vocabulary, encode_all, pad


def test_vocabulary_encodes_and_decodes():
    vocabulary = target_vocabulary()
    for pair in generate_pairs(200, seed=11):
        ids = vocabulary.encode(pair.target, start=True, end=True)
        assert ids[0] == 1 and ids[-1] == 2 and min(ids[1:-1]) > 3
        assert vocabulary.decode([*ids, 0, 0, 7]) == pair.target
        assert vocabulary.decode(np.array(ids)) == pair.target


def test_vocabulary_equality_and_order():
    one = Vocabulary.from_sentences([("le", "chat"), ("le", "chien")])
    two = Vocabulary.from_sentences([("chien", "chat", "le")])
    assert one == two and hash(one) == hash(two)
    assert one == Vocabulary(one.tokens)
    assert one != Vocabulary(["chat", "le", "chien"])
    assert one.tokens == ("<pad>", "<start>", "<end>", "<unk>", "chat", "chien", "le")


def test_pad():
    array = pad([[5, 6, 7], [8]], length=4)
    assert array.dtype == np.int32
    assert array.tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]


def test_rare_words_are_left_out_and_become_unknown():
    sentences = [("le", "chat"), ("le", "chien", "le"), ("la", "souris", "chat")]
    assert Vocabulary.from_sentences(sentences, min_count=2).tokens[4:] == ("chat", "le")
    assert Vocabulary.from_sentences(iter(sentences), min_count=3).tokens[4:] == ("le",)
    vocabulary = Vocabulary.from_sentences(sentences, min_count=2)
    assert vocabulary.encode(sentences[1], unknown="replace") == [5, 3, 5]
    assert vocabulary.decode([5, 3, 5]) == ("le", "<unk>", "le")


@pytest.mark.parametrize("special", ["<pad>", "<start>", "<end>", "<unk>"])
@pytest.mark.parametrize("unknown", ["error", "replace"])
def test_a_special_token_is_no_word(special, unknown):
    sentences = [("le", "chat"), ("le", special, "chat")]
    message = rf"\[1\]\[1\]: expected a word, got the special token '{special}'"
    with pytest.raises(ValueError, match="^sentences" + message):
        Vocabulary.from_sentences(sentences)
    with pytest.raises(ValueError, match="^sources" + message):
        encode_all("sources", sentences, WORDS, unknown=unknown)
    with pytest.raises(ValueError, match=r"^tokens\[1\]: .* special token"):
        WORDS.encode(sentences[1], start=True, end=True, unknown=unknown)


def test_all_sentences_are_encoded_alike_and_a_wrong_one_is_named():
    sentences = [("le", "chat"), ("chat",)]
    assert encode_all("sources", sentences, WORDS) == [[4, 5], [5]]
    assert encode_all("sources", iter(sentences), WORDS) == [[4, 5], [5]]
    assert encode_all("sources", [("le", "chien")], WORDS, unknown="replace") == [[4, 3]]
    assert encode_all("sources", [], WORDS) == []
    for wrong, error, message in (
        (["le chat"], TypeError, r"sources\[0\]: expected .* got the string 'le chat'"),
        ([("le",), ()], ValueError, r"sources\[1\]: expected .* got an empty sentence"),
        ([("le",), ("le", "chien")], ValueError, r"sources\[1\]\[1\]: expected .* got 'chien'"),
        ("le chat", TypeError, "sources: expected a list of sentences, got 'le chat'"),
        ([("le",), 7], TypeError, r"sources\[1\]: expected a sequence of words, got 7"),
        (None, TypeError, "sources: expected a list of sentences, got None"),
    ):
        with pytest.raises(error, match="^" + message):
            encode_all("sources", wrong, WORDS)
    with pytest.raises(ValueError, match="^unknown: expected one of 'error', 'replace'"):
        encode_all("sources", [], WORDS, unknown="skip")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64"])
def test_integers_of_every_type_are_ids(dtype):
    ids = np.array([4, 5, 2], dtype)
    assert pad([ids, [np.int64(7)]]).tolist() == [[4, 5, 2], [7, 0, 0]]
    assert WORDS.decode(ids) == WORDS.decode(list(ids)) == ("le", "chat")


WORDS = Vocabulary(["le", "chat"])


@pytest.mark.parametrize("call, error, message", [
    (lambda: WORDS.encode(["le", "chien"]), ValueError, r"tokens\[1\]: .* got 'chien'.*replace"),
    (lambda: WORDS.encode([]), ValueError, "tokens: expected at least one word.*empty sentence"),
    (lambda: WORDS.encode("le chat"), TypeError, "tokens: expected a sequence.* got the string 'le chat'"),
    (lambda: WORDS.encode(None), TypeError, "tokens: expected a sequence of words, got None"),
    (lambda: WORDS.encode([4, 5], unknown="replace"), TypeError, r"tokens\[0\]: .* got 4 \(int\)"),
    (lambda: WORDS.encode([["le"]]), TypeError, r"tokens\[0\]: expected a word, got \['le'\]"),
    (lambda: WORDS.encode(["le", ""], unknown="replace"), ValueError, r"tokens\[1\]: .*empty string"),
    (lambda: WORDS.encode(["le"], unknown="skip"), ValueError, "unknown: expected one .*'skip'"),
    (lambda: WORDS.decode([4, 6]), ValueError, r"ids\[1\]: expected an integer from 0 to 5, got 6"),
    (lambda: WORDS.decode([-1]), ValueError, r"ids\[0\]: expected an integer from 0 to 5, got -1"),
    (lambda: WORDS.decode([4.0]), TypeError, "ids: expected integers, got float64"),
    (lambda: WORDS.decode([True]), TypeError, "ids: expected integers, got bool"),
    (lambda: WORDS.decode([[4, 5]]), ValueError, r"ids: expected one list.*shape \(1, 2\)"),
    (lambda: WORDS.decode(4), ValueError, r"ids: expected one list.*shape \(\)"),
    (lambda: Vocabulary(["le", "la", "le"]), ValueError, "tokens: expected distinct .*'le' twice"),
    (lambda: Vocabulary(["le", "<unk>"]), ValueError, r"tokens\[1\]: .*'<unk>': .* at the start, all"),
    (lambda: Vocabulary(["<pad>", "<start>"]), ValueError, r"tokens\[0\]: .*'<pad>': .* all four, or"),
    (lambda: Vocabulary(["<pad>", "<start>", "<end>", "<unk>", "a", "<pad>"]), ValueError,
     "tokens: expected distinct .*'<pad>' twice"),
    (lambda: Vocabulary(["le", ""]), ValueError, r"tokens\[1\]: .* got an empty string"),
    (lambda: Vocabulary(["le", 3]), TypeError, r"tokens\[1\]: expected a word, got 3 \(int\)"),
    (lambda: Vocabulary("chat"), TypeError, "tokens: expected a sequence of words, got the string 'chat'"),
    (lambda: Vocabulary.from_sentences(["le chat"]), TypeError,
     r"sentences\[0\]: expected a sequence of words, got the string 'le chat'"),
    (lambda: Vocabulary.from_sentences("le chat"), TypeError, "sentences: expected a list"),
    (lambda: Vocabulary.from_sentences([]), ValueError, "sentences: .* 1 times or more, got none"),
    (lambda: Vocabulary.from_sentences([["le"]], min_count=2), ValueError, "sentences: .* 2 times"),
    (lambda: Vocabulary.from_sentences([["le"]], min_count=0), ValueError, "min_count: .* got 0"),
    (lambda: pad([]), ValueError, "sequences: expected at least one id, got 0 empty"),
    (lambda: pad([[]]), ValueError, "sequences: expected at least one id, got 1 empty"),
    (lambda: pad([[1, 2, 3]], length=2), ValueError, "length: expected at least .* 3, got 2"),
    (lambda: pad([[1]], length=2.0), TypeError, "length: expected a positive integer, got 2.0"),
    (lambda: pad([[1], [2.5]]), TypeError, r"sequences\[1\]: expected integers, got float64"),
    (lambda: pad([np.array([1.0])]), TypeError, r"sequences\[0\]: expected integers"),
    (lambda: pad([["le"]]), TypeError, r"sequences\[0\]: expected integers"),
    (lambda: pad([[1], np.array([2**31])]), ValueError, r"sequences\[1\]\[0\]: .* got 2147483648"),
    (lambda: pad([[-1]]), ValueError, r"sequences\[0\]\[0\]: expected an integer from 0"),
    (lambda: pad([[[1], [2, 3]]]), ValueError, r"sequences\[0\]: expected one list of integers"),
])  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match="^" + message):
        call()
