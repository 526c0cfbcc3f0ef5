"""Sentences translated a second: word by word from outside, and in one compiled loop.

    python benchmarks/decoding.py [--rounds 5] [--json FILE]

All translate the same sentences with the same weights, in turn, in one process, so that whatever
else the machine does disturbs all alike: look at the ratios. Compilation is not counted.

* model, whole: the model is called for each word, on all the words so far (a compiled call, one
  for each length): what a model offers that was only written to be trained;
* model, step: `Seq2Seq.next_word` is called for each word, with the state of the last call;
* model, step compiled: the same, with `encode` and `next_word` in a `tf.function` each;
* greedy, beam of 4: `Seq2Seq.translate`, where the loop is compiled, too;
* beam of 4, step, step compiled: the steps of a beam search, called one by one.

All stop when every sentence has ended; the greedy ones must write the same words. The peer with a
beam keeps no words and no weights, which `translate` does.
"""

import statistics

import common
import numpy as np
import tensorflow as tf
from common import Row

from attention_helpers.corpus import generate_pairs, source_vocabulary, target_vocabulary
from attention_helpers.decoding import extend_beam, start_beam
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import END_ID, START_ID, pad
from attention_helpers.training import train

BATCH, SENTENCES, UNITS, WIDTH = 32, 128, 64, 4


def trained_model(steps):
    """A model that has learnt when to stop, so that translations are about as long as sources."""
    model = Seq2Seq(source_vocabulary(), target_vocabulary(), units=UNITS, seed=0)
    train(model, generate_pairs(2000, seed=0, length=10), steps=steps, bins=1, verbose=False)
    return model


def batches(sentences):
    """Ids of sentences, a batch after the other, and the limit of each sentence."""
    for first in range(0, len(sentences), BATCH):
        ids = [source_vocabulary().encode(words) for words in sentences[first : first + BATCH]]
        yield pad(ids), np.array([2 * len(each) + 10 for each in ids])


def until_all_ended(next_token, rows, limits):
    """The words that `next_token(words so far)` gives, and zeros after END or the limit."""
    words = np.full((rows, 1), START_ID, "int32")
    ended = np.zeros(rows, bool)
    while not ended.all():
        token = np.where(ended, 0, next_token(words))
        words = np.concatenate([words, token[:, None].astype("int32")], axis=1)
        ended |= (token == END_ID) | (words.shape[1] > limits)
    return words[:, 1:]


def by_whole_calls(forward, sentences):
    for source, limits in batches(sentences):
        yield until_all_ended(
            lambda words, source=source: np.argmax(forward(source, words), axis=-1),
            len(source),
            limits,
        )


def by_steps(encode, step, sentences):
    for source, limits in batches(sentences):
        memory = encode(source)
        state = memory.state

        def next_token(words, memory=memory):
            nonlocal state
            logits, state, _ = step(words[:, -1], state, memory)
            return np.argmax(logits, axis=-1)

        yield until_all_ended(next_token, len(source), limits)


def by_beam_steps(encode, step, sentences):
    for source, limits in batches(sentences):
        memory = encode(source)
        beam = start_beam(memory.state, len(source), WIDTH)
        repeated = type(memory)(*[tf.repeat(each, WIDTH, axis=0) for each in memory])
        limit = tf.constant(limits, tf.int32)
        while not beam.ended.numpy().all():
            token = tf.reshape(beam.token, [-1])
            logits, state, _ = step(token, beam.state, repeated)
            beam, _ = extend_beam(beam, logits, state, limit)
        yield beam.score.numpy()


def measure(arguments):
    tf.get_logger().setLevel("ERROR")  # each length is compiled: that is no news here
    model = trained_model(arguments.steps)
    sentences = [pair.source for pair in generate_pairs(SENTENCES, seed=1, length=10)]
    forward = tf.function(lambda source, target_in: model((source, target_in))[:, -1])
    eager = model.encode, model.next_word
    compiled = tf.function(model.encode), tf.function(model.next_word)

    def rows(batches_of_ids):
        return [list(row) for batch in batches_of_ids for row in batch]

    ways = {
        "model, whole": lambda: rows(by_whole_calls(forward, sentences)),
        "model, step": lambda: rows(by_steps(*eager, sentences)),
        "model, step compiled": lambda: rows(by_steps(*compiled, sentences)),
        "greedy": lambda: model.translate(sentences, batch_size=BATCH),
        "beam of 4, step": lambda: list(by_beam_steps(*eager, sentences)),
        "beam of 4, step compiled": lambda: list(by_beam_steps(*compiled, sentences)),
        "beam of 4": lambda: model.translate(sentences, batch_size=BATCH, beam_width=WIDTH),
    }
    check_same({name: run() for name, run in ways.items()})
    seconds = common.interleaved(ways, arguments.rounds)
    for name, times in seconds.items():
        speed = SENTENCES / statistics.median(times)
        peers = PEERS.get(name, [""])
        for peer in peers:
            ratios = common.by_round(seconds[peer], times) if peer else ()
            yield Row(
                "decoding",
                "",
                name,
                speed,
                "sentences/s",
                peer,
                ratios,
                5 if peer in AIMED else None,
            )


def check_same(results):
    """The three greedy ways wrote the same words."""
    tokens = target_vocabulary().tokens

    def words(ids):
        kept = ids[: ids.index(END_ID)] if END_ID in ids else [i for i in ids if i]
        return tuple(tokens[i] for i in kept)

    expected = [translation.tokens for translation in results["greedy"]]
    for name in ("model, whole", "model, step", "model, step compiled"):
        assert [words(ids) for ids in results[name]] == expected, name


AIMED = ("model, step", "model, whole", "beam of 4, step")  # the model's calls, as they are
PEERS = {
    "greedy": ("model, step", "model, step compiled", "model, whole"),
    "beam of 4": ("beam of 4, step", "beam of 4, step compiled"),
}

if __name__ == "__main__":
    common.run(__doc__, measure, steps={"type": int, "default": 300, "help": "of training, before"})
