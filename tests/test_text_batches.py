"""text.batches_by_length: fixed shapes, every sentence in turn, padding last."""

import collections
import hashlib

import numpy as np
import pytest

from attention_helpers.corpus import generate_pairs, source_vocabulary, target_vocabulary
from attention_helpers.text import END_ID, PAD_ID, START_ID, batches_by_length
from attention_helpers.text import batches as batches_module
from attention_helpers.text.batches import SHORTER_MORE_OFTEN

NUMBER, BATCH = 23, 3  # bins of 8, 8 and 7 sentences: two batches a round, and a rest


def corpus():
    """Sentences that can be told apart: the first id of source and of target is their number."""
    random = np.random.default_rng(0)
    lengths = random.integers(1, 12, size=NUMBER)
    sources = [[100 + i] + [7] * (length - 1) for i, length in enumerate(lengths)]
    targets = [
        [START_ID, 100 + i, *[8] * (length % 5 + length // 2), END_ID]
        for i, length in enumerate(lengths)
    ]
    return sources, targets


def draw(steps=60, **arguments):
    return list(
        batches_by_length(*corpus(), BATCH, **{"steps": steps, "bins": 3, "seed": 0, **arguments})
    )


def test_there_are_as_many_batches_as_steps_and_as_many_shapes_as_bins():
    batches = draw()
    assert len(batches) == 60
    shapes = {tuple(array.shape for array in batch) for batch in batches}
    assert len(shapes) == 3
    assert {array.dtype for batch in batches for array in batch} == {np.dtype("int32")}
    assert {len(array) for batch in batches for array in batch} == {BATCH}


def test_no_sentence_of_a_bin_has_a_longer_side_than_one_of_the_next():
    longer = {}
    for source, target_in, _ in draw():
        sides = [np.count_nonzero(ids != PAD_ID, axis=1) for ids in (source, target_in)]
        shape = source.shape[1], target_in.shape[1]
        longer.setdefault(max(shape), []).extend(np.maximum(sides[0], sides[1] + 1))
    short, middle, long = (longer[columns] for columns in sorted(longer))
    assert max(short) <= min(middle) and max(middle) <= min(long)
    assert max(short) < max(middle) < max(long)


def test_the_target_to_predict_is_the_one_given_one_word_later():
    _, targets = corpus()
    for _, target_in, target_out in draw():
        np.testing.assert_array_equal(target_in[:, 1:], target_out[:, :-1])
        for row_in, row_out in zip(target_in, target_out, strict=True):
            whole = targets[row_in[1] - 100]
            assert row_in[0] == START_ID
            assert row_out[: len(whole) - 1].tolist() == whole[1:]


def test_source_and_target_of_a_row_belong_together_and_padding_comes_last():
    sources, targets = corpus()
    for source, target_in, _ in draw():
        for words, translation in zip(source, target_in, strict=True):
            number = words[0] - 100
            assert number == translation[1] - 100
            for row, ids in ((words, sources[number]), (translation, targets[number])):
                expected = (ids + [PAD_ID] * len(row))[: len(row)]
                assert row.tolist() == expected


def test_no_sentence_comes_again_before_its_bin_has_been_through():
    rounds = {}
    for source, _, _ in draw():
        rounds.setdefault(source.shape[1], []).append(source[:, 0].tolist())
    assert len(rounds) == 3
    seen = set()
    for batches in rounds.values():
        for first in range(0, len(batches) - 1, 2):
            numbers = batches[first] + batches[first + 1]
            assert len(set(numbers)) == 2 * BATCH
        seen.update(number for batch in batches for number in batch)
    assert len(seen) == NUMBER  # in the long run none is left out


def test_bins_of_shorter_targets_are_drawn_more_often_as_said():
    columns, counts = np.unique([x.shape[1] for _, x, _ in draw(2000)], return_counts=True)
    expected = (columns + 1.0) ** -SHORTER_MORE_OFTEN  # one column more from START to END
    np.testing.assert_allclose(counts / 2000, expected / expected.sum(), atol=0.04)
    assert (np.diff(counts) < 0).all()


def test_the_seed_decides_and_the_global_state_does_not():
    np.random.seed(1)
    one = draw(10)
    np.random.seed(2)
    same, other = draw(10), draw(10, seed=1)
    for batch, again in zip(one, same, strict=True):
        for array, copy in zip(batch, again, strict=True):
            np.testing.assert_array_equal(array, copy)
    assert any(
        a[0].shape != b[0].shape or (a[0] != b[0]).any() for a, b in zip(one, other, strict=True)
    )


def test_fewer_pairs_than_a_batch_or_than_bins():
    batches = list(batches_by_length([[5], [6, 7]], [[1, 2], [1, 5, 2]], 4, steps=5, bins=3))
    assert {len(source) for source, _, _ in batches} == {1}
    (batch,) = batches_by_length([[5], [6, 7]], [[1, 2], [1, 5, 2]], 4, steps=1, bins=1)
    assert sorted(batch[0].tolist()) == [[5, 0], [6, 7]]


# ------------------------------------------------------------ a few sentences far longer than the rest


def long_tail(*lengths):
    """2,000 sentences of 5 to 20 ids, and some of these lengths; the first id tells them apart."""
    lengths = [*np.random.default_rng(0).integers(5, 21, size=2000), *lengths]
    sources = [[100 + i] + [7] * (length - 1) for i, length in enumerate(lengths)]
    targets = [[START_ID, *[8] * (length - 2), END_ID] for length in lengths]
    return sources, targets


def test_one_long_sentence_does_not_pad_the_others(monkeypatch):
    monkeypatch.setattr(batches_module, "SHORTER_MORE_OFTEN", 0)  # else it is seldom drawn
    batches = list(batches_by_length(*long_tail(400), 64, steps=8000))
    shapes = collections.Counter(source.shape for source, _, _ in batches)
    assert set(shapes) == {(64, 9), (64, 13), (64, 17), (64, 20), (1, 400)}
    assert 1 <= shapes[1, 400] <= 10  # of 8000, as it is one sentence of 2001
    short, padded = (
        sum(np.count_nonzero(source) for source, _, _ in batches),
        sum(source.size for source, _, _ in batches),
    )
    assert padded < 1.3 * short


def test_batches_of_long_sentences_need_no_more_memory_than_the_others(monkeypatch):
    monkeypatch.setattr(batches_module, "SHORTER_MORE_OFTEN", 0)  # else the last is seldom drawn
    sides = long_tail(*[100] * 30, *[450] * 3)
    batches = list(batches_by_length(*sides, 64, steps=8000, bins=2))
    shapes = {(*source.shape, target.shape[1] + 1) for source, target, _ in batches}
    assert shapes == {(64, 13, 13), (64, 20, 20), (2, 100, 100), (1, 450, 450)}
    assert all(b == 1 or b * k * q <= 64 * 20 * 20 for b, k, q in shapes)
    drawn = {number for source, _, _ in batches for number in source[:, 0] if number >= 2100}
    assert drawn == set(range(2100, 2133))  # none is left out


def test_lengths_of_one_kind_get_no_bin_more():
    random = np.random.default_rng(1)
    for lengths in (random.integers(5, 60, 300), random.geometric(0.1, 300) + 20, [5] * 300):
        sides = [[7] * length for length in lengths], [[START_ID] * length for length in lengths]
        for bins in (1, 4, 7):
            shapes = {s.shape for s, _, _ in batches_by_length(*sides, 8, steps=300, bins=bins)}
            assert len({columns for _, columns in shapes}) <= bins
            assert {rows for rows, _ in shapes} == {8}


RECORDED = {  # SHA-256 of what experiments whose results are stored have trained on
    "four bins": (dict(batch_size=64, bins=4), "4a74ccab899c2cf1"),
    "one bin": (dict(batch_size=128, bins=1), "5181b105e8a2055b"),
}


@pytest.mark.parametrize(("arguments", "recorded"), RECORDED.values(), ids=RECORDED.keys())
def test_the_batches_are_those_that_were_recorded(arguments, recorded):
    source_words, target_words = source_vocabulary(), target_vocabulary()
    pairs = generate_pairs(8000)
    sources = [source_words.encode(pair.source) for pair in pairs]
    targets = [target_words.encode(pair.target, start=True, end=True) for pair in pairs]
    digest = hashlib.sha256()
    for batch in batches_by_length(sources, targets, **arguments, steps=200, seed=1):
        for array in batch:
            digest.update(repr(array.shape).encode() + array.tobytes())
    assert digest.hexdigest()[:16] == recorded


# ------------------------------------------------------------ bad input


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64"])
def test_ids_of_every_integer_type(dtype):
    sources, targets = [np.array([5, 6], dtype)], [np.array([1, 7, 2], dtype)]
    (batch,) = batches_by_length(sources, targets, 1, steps=1)
    assert [array.tolist() for array in batch] == [[[5, 6]], [[1, 7]], [[7, 2]]]
    assert {array.dtype for array in batch} == {np.dtype("int32")}


BAD = {
    "no sentences": (dict(sources=[], targets=[]), ValueError, "sources: expected .*, got none"),
    "a target less": (dict(targets=[[1, 2]]), ValueError, "targets: expected as many .*2, got 1"),
    "empty source": (dict(sources=[[5], []]), ValueError, r"sources\[1\]: expected 1 .* got \[\]"),
    "empty target": (
        dict(targets=[[1], [1, 2]]),
        ValueError,
        r"targets\[0\]: expected 2 .* got \[1\]",
    ),
    "no target": (dict(targets=[]), ValueError, "targets: expected at least one .* got none"),
    "half a word": (dict(sources=[[5], [0.5]]), TypeError, r"sources\[1\]: expected integers"),
    "words": (dict(targets=[["a", "b"], [1, 2]]), TypeError, r"targets\[0\]: expected integers"),
    "no batch": (dict(batch_size=0), ValueError, "batch_size: expected a positive integer, got 0"),
    "half a batch": (
        dict(batch_size=0.5),
        TypeError,
        "batch_size: expected a positive integer, got 0.5",
    ),
    "no step": (dict(steps=0), ValueError, "steps: expected a positive integer, got 0"),
    "no bin": (dict(bins=0), ValueError, "bins: expected a positive integer, got 0"),
    "negative seed": (dict(seed=-1), ValueError, "seed: expected .* 0 or more, got -1"),
    "no seed": (dict(seed=None), TypeError, "seed: expected an integer, 0 or more, got None"),
}


@pytest.mark.parametrize(("changed", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named_at_the_call(changed, error, message):
    arguments = {"sources": [[5], [6]], "targets": [[1, 2], [1, 2]], "batch_size": 1, "steps": 1}
    arguments |= changed
    sources, targets = arguments.pop("sources"), arguments.pop("targets")
    with pytest.raises(error, match=message):
        batches_by_length(sources, targets, arguments.pop("batch_size"), **arguments)
