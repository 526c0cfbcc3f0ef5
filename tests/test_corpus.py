"""The corpus: are lengths, splits and vocabularies what they say; is it the same everywhere?"""

import hashlib
import subprocess
import sys
import zlib

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs, source_vocabulary, target_vocabulary
from attention_helpers.text import SentencePair


@pytest.fixture(scope="module")
def pairs():
    return generate_pairs(20_000, seed=11)


@pytest.mark.parametrize("length", range(5, 61))
def test_length_is_exact(length):
    for split in ("train", "test"):
        for pair in generate_pairs(8, seed=length, split=split, length=length):
            assert len(pair.source) == length
            assert pair.source[-1] == pair.target[-1] == "."
            assert "." not in pair.source[:-1] + pair.target[:-1]


def test_default_lengths_are_skewed_to_the_short(pairs):
    lengths = np.array([len(pair.source) for pair in pairs])
    assert lengths.min() == 5 and lengths.max() == 50
    for bound in (5, 10, 20, 30, 40):  # P(5 + floor(46 u²) <= n) = sqrt((n - 4) / 46)
        assert abs((lengths <= bound).mean() - ((bound - 4) / 46) ** 0.5) < 0.015


def test_bounds_are_kept():
    lengths = {len(pair.source) for pair in generate_pairs(500, min_length=8, max_length=12)}
    assert lengths == set(range(8, 13))


def test_splits_are_disjoint_by_the_checksum_of_the_english():
    drawn = {}
    for split, rests in (("train", set(range(1, 8))), ("test", {0})):
        sources = [
            " ".join(pair.source)
            for seed in range(3)
            for pair in generate_pairs(600, seed=seed, split=split, max_length=9)
        ]
        assert {zlib.crc32(source.encode()) % 8 for source in sources} == rests
        drawn[split] = set(sources)
    assert not drawn["train"] & drawn["test"]


def test_short_sentences_do_not_repeat():
    for length in (5, 6, 8):
        sources = [pair.source for pair in generate_pairs(3000, length=length)]
        assert len(set(sources)) == len(sources)


def test_seeds_differ_and_more_pairs_begin_with_the_same():
    first = generate_pairs(50, seed=1)
    assert generate_pairs(80, seed=1)[:50] == first
    assert generate_pairs(50, seed=2) != first
    assert generate_pairs(50, seed=np.int64(1)) == first
    assert generate_pairs(0) == []


FINGERPRINT = """
import zlib
from attention_helpers.corpus import generate_pairs
text = repr([(*pair[:2], sorted(pair.sure), sorted(pair.possible))
             for split in ("train", "test") for pair in generate_pairs(200, seed=5, split=split)])
print(zlib.crc32(text.encode()))
"""


def test_another_process_draws_the_same_pairs(monkeypatch):
    prints = set()
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        prints.add(
            subprocess.run(
                [sys.executable, "-c", FINGERPRINT], capture_output=True, text=True, check=True
            ).stdout
        )
    assert len(prints) == 1


RECORDED = {  # SHA-256 of the pairs and their links: experiments whose results are stored used them
    "default": (dict(size=5000), "b1611b85744c5323"),
    "test": (dict(size=2000, seed=1, split="test"), "870d12e43e5e7531"),
    "one length": (dict(size=2000, seed=7, length=12), "e742621f70718a4e"),
    "the longest": (dict(size=300, seed=3, length=60), "ef761b1120d25260"),
    "the shortest": (dict(size=2000, seed=2, max_length=5), "e4bbcf2165434f2c"),
}


@pytest.mark.parametrize(("arguments", "recorded"), RECORDED.values(), ids=RECORDED.keys())
def test_the_sentences_are_those_that_were_recorded(arguments, recorded):
    digest = hashlib.sha256()
    for source, target, sure, possible in generate_pairs(**arguments):
        digest.update(repr((source, target, sorted(sure), sorted(possible))).encode())
    assert digest.hexdigest()[:16] == recorded


def test_vocabularies_are_those_of_the_sentences(pairs):
    specials = {"<pad>", "<start>", "<end>", "<unk>"}
    for vocabulary, words in (
        (source_vocabulary(), {word for pair in pairs for word in pair.source}),
        (target_vocabulary(), {word for pair in pairs for word in pair.target}),
    ):
        assert set(vocabulary.tokens) - specials == words
        assert 200 <= len(vocabulary) <= 360


def test_pair_is_immutable():
    pair = generate_pairs(1)[0]
    assert isinstance(pair, SentencePair) and isinstance(pair.sure, frozenset)
    with pytest.raises(AttributeError):
        pair.source = ()


@pytest.mark.parametrize("call, error, message", [
    (lambda: generate_pairs(-1), ValueError, "size: expected .* 0 or more, got -1"),
    (lambda: generate_pairs(2.0), TypeError, r"size: expected an integer.* got 2\.0 \(float\)"),
    (lambda: generate_pairs(True), TypeError, r"size: expected an integer.* got True \(bool\)"),
    (lambda: generate_pairs(1, seed=-3), ValueError, "seed: expected .* 0 or more, got -3"),
    (lambda: generate_pairs(1, seed=None), TypeError, "seed: expected an integer.* got None"),
    (lambda: generate_pairs(1, seed=0.5), TypeError, "seed: expected an integer.* got 0.5"),
    (lambda: generate_pairs(1, length=4), ValueError, "length: expected .*5 to 60, got 4"),
    (lambda: generate_pairs(1, length=61), ValueError, "length: expected .*5 to 60, got 61"),
    (lambda: generate_pairs(1, length=False), TypeError, "length: expected .*got False"),
    (lambda: generate_pairs(1, min_length=4), ValueError, "min_length: expected .*got 4"),
    (lambda: generate_pairs(1, max_length=61), ValueError, "max_length: expected .*got 61"),
    (lambda: generate_pairs(1, min_length=9, max_length=8), ValueError,
     "min_length: expected at most max_length, 8, got 9"),
    (lambda: generate_pairs(1, split="valid"), ValueError, "split: expected .*got 'valid'"),
    (lambda: generate_pairs(1, split=0), ValueError, "split: expected one of 'train', 'test', got 0"),
])  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
