"""Target tokens a second while training: a textbook loop, a usual architecture in Keras, and ours.

    python benchmarks/training.py [--rounds 5] [--units 64 256] [--json FILE]

All train in one process, in turn, on the same sentences (32 a batch, embeddings of 64), so that
whatever else the machine does disturbs all alike: look at the ratios. Compilation is not counted.
Every model is our own code:

* textbook: `keras.layers.GRUCell` in a Python loop over the target, attention at every step, under
  `fit()`, every sentence padded to one length;
* whole: a bidirectional GRU encoder, a `keras.layers.GRU` over the whole target, and one attention
  of all its states, under `fit()`, with batches by length (the architecture of TensorFlow's
  tutorial on translation with attention);
* torch: our model `bahdanau` in PyTorch, where that is installed: an `nn.GRU` over packed sources,
  a loop of `nn.GRUCell` over the target, the keys projected once a sentence;
* ours: `Seq2Seq` with the step of `train()`.

Ours is compiled by XLA, as `train()` does it by default, or not (`jit_compile=False`); the peers are
trained as `fit()` and PyTorch train them by default, which is without a compiler for all but single
operations.
"""

import importlib.util
import statistics

import common
import keras
import numpy as np
import tensorflow as tf
from common import Row

from attention_helpers.corpus import generate_pairs, source_vocabulary, target_vocabulary
from attention_helpers.seq2seq import Seq2Seq
from attention_helpers.text import batches_by_length, pad
from attention_helpers.training import training_step

BATCH, EMBEDDING = 32, 64
BATCHES = 8  # of a round; the same sentences for every model


class Attention(keras.layers.Layer):
    """Additive attention, with the projections that `keras.layers.AdditiveAttention` leaves out."""

    def __init__(self, units):
        super().__init__()
        self.query, self.key = (keras.layers.Dense(units, use_bias=False) for _ in range(2))
        self.attention = keras.layers.AdditiveAttention()

    def call(self, query, value, is_word):
        return self.attention(
            [self.query(query), value, self.key(value)], mask=[None, is_word]
        )  # a textbook projects the keys whenever it attends


class Peer(keras.Model):
    """What both peers share: embeddings, a bidirectional encoder, an output layer."""

    def __init__(self, units):
        super().__init__()
        self.source = keras.layers.Embedding(len(source_vocabulary()), EMBEDDING)
        self.target = keras.layers.Embedding(len(target_vocabulary()), EMBEDDING)
        gru = keras.layers.GRU(units, return_sequences=True)
        self.encoder = keras.layers.Bidirectional(gru, merge_mode="sum")
        self.attention = Attention(units)
        self.output_words = keras.layers.Dense(len(target_vocabulary()))


class Textbook(Peer):
    """One step of the decoder after the other, in Python."""

    def __init__(self, units):
        super().__init__(units)
        self.cell = keras.layers.GRUCell(units)

    def call(self, inputs):
        source, target = inputs
        is_word = source != 0
        states = self.encoder(self.source(source), mask=is_word)
        embedded, state, logits = self.target(target), states[:, 0], []
        for position in range(target.shape[1]):
            context = self.attention(state[:, None], states, is_word)[:, 0]
            step = keras.ops.concatenate([context, embedded[:, position]], axis=-1)
            output, (state,) = self.cell(step, [state])
            logits.append(self.output_words(output))
        return keras.ops.stack(logits, axis=1)


class Whole(Peer):
    """The decoder's recurrence over the whole target at once, then attention."""

    def __init__(self, units):
        super().__init__(units)
        self.gru = keras.layers.GRU(units, return_sequences=True)

    def call(self, inputs):
        source, target = inputs
        is_word = source != 0
        states = self.encoder(self.source(source), mask=is_word)
        outputs = self.gru(self.target(target))
        context = self.attention(outputs, states, is_word)
        return self.output_words(outputs + context)


def as_dataset(batches):
    """Batches as `fit()` takes them; a length that all share is known when the model is traced."""
    source, target_in, target_out = (
        tf.TensorSpec((BATCH, lengths.pop() if len(lengths) == 1 else None), tf.int32)
        for lengths in (
            {array.shape[1] for array in arrays} for arrays in zip(*batches, strict=True)
        )
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: (((source, target_in), target_out) for source, target_in, target_out in batches),
        output_signature=((source, target_in), target_out),
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


def under_fit(model, batches):
    """A function that trains once through the batches."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0)
    model.compile(keras.optimizers.Adam(5e-3, global_clipnorm=1.0), loss)
    data = as_dataset(batches)
    return lambda: model.fit(data, verbose=0, shuffle=False)


def with_our_step(attention, units, batches, jit_compile=True):
    model = Seq2Seq(
        source_vocabulary(),
        target_vocabulary(),
        attention=attention,
        units=units,
        embedding_dim=EMBEDDING,
        seed=0,
    )
    optimizer = keras.optimizers.Adam(5e-3, global_clipnorm=1.0)
    step = training_step(model, optimizer, jit_compile=jit_compile)
    return lambda: [float(step(*batch)) for batch in batches]


def with_torch(units, batches):
    """A function that trains the model of ours, `bahdanau`, once through the batches in PyTorch."""
    import torch
    from torch import nn

    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.source = nn.Embedding(len(source_vocabulary()), EMBEDDING)
            self.target = nn.Embedding(len(target_vocabulary()), EMBEDDING)
            self.encoder = nn.GRU(EMBEDDING, units, batch_first=True, bidirectional=True)
            self.start = nn.Linear(units, units)
            self.cell = nn.GRUCell(EMBEDDING + 2 * units, units)
            self.query = nn.Linear(units, units, bias=False)
            self.key = nn.Linear(2 * units, units, bias=False)
            self.score = nn.Linear(units, 1, bias=False)
            self.readout = nn.Linear(3 * units + EMBEDDING, EMBEDDING)
            self.output = nn.Linear(EMBEDDING, len(target_vocabulary()))

        def forward(self, source, target):
            is_word = source != 0
            packed = nn.utils.rnn.pack_padded_sequence(
                self.source(source), is_word.sum(1), batch_first=True, enforce_sorted=False
            )
            packed, last = self.encoder(packed)
            h, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
            absent, key = ~is_word[:, : h.shape[1]], self.key(h)
            state, words = torch.tanh(self.start(last[1])), self.target(target)
            states, contexts = [], []
            for position in range(target.shape[1]):
                scores = self.score(torch.tanh(self.query(state)[:, None] + key))[..., 0]
                weights = torch.softmax(scores.masked_fill(absent, -torch.inf), dim=-1)
                contexts.append((weights[:, None] @ h)[:, 0])
                entering = torch.cat([words[:, position], contexts[-1]], dim=-1)
                state = self.cell(entering, state)
                states.append(state)
            read = [torch.stack(states, 1), torch.stack(contexts, 1), words]
            return self.output(torch.tanh(self.readout(torch.cat(read, dim=-1))))

    torch.manual_seed(0)
    model = Translator()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loss_of = nn.CrossEntropyLoss(ignore_index=0)
    tensors = [[torch.from_numpy(array.astype("int64")) for array in batch] for batch in batches]

    def run():
        for source, target_in, target_out in tensors:
            optimizer.zero_grad()
            loss = loss_of(model(source, target_in).flatten(0, 1), target_out.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return loss.item()

    return run


def draw_batches():
    """The same sentences twice: padded by length, and all of them to one length."""
    pairs = generate_pairs(4000, seed=0)
    sources = [source_vocabulary().encode(pair.source) for pair in pairs]
    targets = [target_vocabulary().encode(pair.target, start=True, end=True) for pair in pairs]
    by_length = list(batches_by_length(sources, targets, BATCH, steps=BATCHES))
    longest = [max(map(len, sentences)) for sentences in (sources, targets)]
    lengths = longest[0], longest[1] - 1, longest[1] - 1
    padded = [
        tuple(pad(array, length) for array, length in zip(batch, lengths, strict=True))
        for batch in by_length
    ]
    return by_length, padded


# What ours should be, times as fast as each peer, with so many units.
AIMS = {
    64: {"textbook": 8.2, "whole": 2.0, "torch": 2},
    256: {"textbook": 6.9, "whole": 1.7, "torch": 1.5},
}


def measure(arguments):
    tf.get_logger().setLevel("ERROR")  # each length is compiled: that is no news here
    by_length, padded = draw_batches()
    tokens = sum(np.count_nonzero(target_out) for _, _, target_out in by_length)
    for units in arguments.units:
        keras.utils.set_random_seed(0)
        runs = {
            "textbook": under_fit(Textbook(units), padded),
            "whole": under_fit(Whole(units), by_length),
            "ours, bahdanau": with_our_step("bahdanau", units, by_length),
            "ours, bahdanau, no XLA": with_our_step("bahdanau", units, by_length, False),
            "ours, dot": with_our_step("dot", units, by_length),
            "ours, fixed": with_our_step(None, units, by_length),
        }
        if importlib.util.find_spec("torch"):
            runs["torch"] = with_torch(units, by_length)
        seconds = common.interleaved(runs, arguments.rounds)
        yield from rows_of(units, seconds, tokens)


def rows_of(units, seconds, tokens):
    """The speed of every model, those of ours beside every peer, and the best with attention."""
    rows = []
    for name, times in seconds.items():
        speed = tokens / statistics.median(times)
        peers = ("textbook", "whole", "torch") if name.startswith("ours") else ("",)
        for peer in peers:
            if peer and peer not in seconds:
                continue
            ratios = common.by_round(seconds[peer], times) if peer else ()
            rows.append(Row(f"training, n = {units}", "", name, speed, "tokens/s", peer, ratios))
    yield from rows
    for peer, aim in AIMS.get(units, {}).items():
        same = [
            row for row in rows if row.peer == peer and row.program.startswith("ours, bahdanau")
        ]
        if same:
            ours = common.best(same)
            yield ours._replace(program=f"best of ours: {ours.program}", aim=aim)


if __name__ == "__main__":
    common.run(__doc__, measure, units={"nargs": "+", "type": int, "default": [64, 256]})
