"""Vocabularies: words to ids and back; padding."""

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs, target_vocabulary
from attention_helpers.text import Vocabulary, pad


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


WORDS = Vocabulary(["le", "chat"])


@pytest.mark.parametrize("call, error, message", [
    (lambda: WORDS.encode(["le", "chien"]), ValueError, "tokens must be .*'chien'"),
    (lambda: WORDS.encode([]), ValueError, "tokens must hold .*empty sentence"),
    (lambda: WORDS.encode("le chat"), TypeError, "tokens must be a sequence.*'le chat'"),
    (lambda: WORDS.encode(["le"], unknown="skip"), ValueError, "unknown must be .*'skip'"),
    (lambda: WORDS.decode([4, 6]), ValueError, "ids must be from 0 to 5, got 6"),
    (lambda: WORDS.decode([-1]), ValueError, "ids must be from 0 to 5, got -1"),
    (lambda: Vocabulary(["le", "le"]), ValueError, "tokens must be distinct, got 'le' twice"),
    (lambda: Vocabulary("chat"), TypeError, "tokens must be a sequence.*'chat'"),
    (lambda: pad([]), ValueError, "sequences must hold at least one"),
    (lambda: pad([[1, 2, 3]], length=2), ValueError, "length must be at least .*3, got 2"),
])  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
