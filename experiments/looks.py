"""The translation task of `alignments.py`: a translator of `one_change.py`, and its looks changed."""

from collections import Counter, defaultdict
from functools import partial

import numpy as np
from common import held_out_pairs, training_pairs
from trainer import VOCABULARIES, Trainer, as_batch
from variants import Parts, Variant

from attention_helpers import metrics
from attention_helpers._tensorflow import keras, tf
from attention_helpers.metrics import (
    alignment_error_rate,
    forced,
    forced_accuracy,
    forced_alignment_error_rate,
)

# A word is listed if the test sentences hold it so often.
LISTED = 30
# The changes of weights (see CHANGES) that are scored word by word.
STAYS = "without the largest", "only another", "uniform"


def record(reads, seed, *, steps, learning_rate, batch_size, scored, **sizes):
    parts = Parts(reads=reads, context="additive")
    pairs = held_out_pairs("natural", sizes["test_seed"], sizes["test_per_length"])
    new_model = partial(Variant, *VOCABULARIES, parts=parts)
    trainer = Trainer(new_model, batch_size, parts.looks)
    curve = []

    def watch(step, seconds):
        if step in scored:
            curve.append({"step": step, **score(pairs, forced(trainer.model, pairs))})

    train = training_pairs("natural", seed, sizes["pairs_per_length"])
    trainer.train(train, steps, learning_rate, seed, watch)
    said = forced(trainer.model, pairs)
    looks = one_look_at_a_time(trainer, pairs, said)
    return {
        "curve": curve,
        **score(pairs, said),
        "one_link": one_link(pairs),
        "words": words(pairs, said, looks),
        **shares_right(pairs, said, looks),
        "all_looks": all_looks(trainer, pairs),
    }


def score(pairs, said):
    return {
        "forced_accuracy": round(forced_accuracy(said), 4),
        "aer": round(forced_alignment_error_rate(said, pairs), 4),
    }


def one_link(pairs):
    """The lowest AER that one link for each target word can have: a sure one, if there is one."""
    best = []
    for pair in pairs:
        links = dict(sorted((j, i) for i, j in pair.possible))
        links.update((j, i) for i, j in pair.sure)
        best.append({(i, j) for j, i in links.items()})
    gold = [pair.sure for pair in pairs], [pair.possible for pair in pairs]
    return round(alignment_error_rate(best, *gold), 4)


# The words, one by one


def words(pairs, said, looks):
    """For each French word: how often it goes astray, what it looks at then, and what it can do without.

    Astray is a word whose largest weight lies where not even a possible link is. "stays" is the
    share of the right ones that stay right under a change of weights.
    """
    seen, astray, right = Counter(), Counter(), Counter()
    stays = {change: Counter() for change in STAYS}
    places, sources = defaultdict(Counter), defaultdict(Counter)
    for n, (pair, (is_right, _, rows)) in enumerate(zip(pairs, said, strict=True)):
        for j, (word, row) in enumerate(zip(pair.target, rows[:-1], strict=True)):
            seen[word] += 1
            right[word] += int(is_right[j])
            for change in STAYS:
                stays[change][word] += int(is_right[j] and looks[change][n][j])
            at = int(row.argmax())
            if (at, j) not in pair.possible:
                astray[word] += 1
                places[word][shift_from_gold(pair, at, j)] += 1
                sources[word][pair.source[at]] += 1
    return {
        word: {
            "count": seen[word],
            "astray": astray[word],
            "stays": {c: round(stays[c][word] / max(1, right[word]), 4) for c in STAYS},
            "shifts": {str(shift): n for shift, n in places[word].most_common(4)},
            "looks_at": dict(sources[word].most_common(4)),
        }
        for word in sorted(seen, key=lambda word: (-astray[word], word))
        if seen[word] >= LISTED
    }


def shift_from_gold(pair, at, j):
    """How many places from its gold link a word looks: a sure one, if it has any; the nearest."""
    gold = {i for i, target in pair.sure if target == j}
    gold = gold or {i for i, target in pair.possible if target == j}
    return min((at - i for i in gold), key=abs)


# Looks that are changed: functions of the weights `(b, k)`, the mask and the gold links `(b, k)`


def as_they_are(weights, mask, gold):
    return weights


def only_the_largest(weights, mask, gold):
    return tf.one_hot(tf.argmax(weights, axis=-1), tf.shape(weights)[-1])


def without(places, weights):
    """No weight for one word of each sentence; the weights of the others grow to one."""
    kept = tf.where(tf.one_hot(places, tf.shape(weights)[-1]) > 0, 0.0, weights)
    return tf.math.divide_no_nan(kept, tf.reduce_sum(kept, axis=-1, keepdims=True))


def without_the_largest(weights, mask, gold):
    return without(tf.argmax(weights, axis=-1), weights)


def another(weights, mask):
    """The place of a word that is drawn from all but that of the largest weight."""
    noise = tf.where(mask, tf.random.uniform(tf.shape(weights)), -1.0)
    largest = tf.one_hot(tf.argmax(weights, axis=-1), tf.shape(weights)[-1])
    return tf.argmax(noise - 2.0 * largest, axis=-1)


def without_another(weights, mask, gold):
    return without(another(weights, mask), weights)


def only_another(weights, mask, gold):
    return tf.one_hot(another(weights, mask), tf.shape(weights)[-1])


def uniform(weights, mask, gold):
    words = tf.cast(mask, tf.float32)
    return words / tf.reduce_sum(words, axis=-1, keepdims=True)


def permuted(weights, mask, gold):
    noise = tf.where(mask, tf.random.uniform(tf.shape(weights)), 2.0)
    return tf.gather(weights, tf.argsort(noise, axis=-1), batch_dims=1)


def only_the_gold(weights, mask, gold):
    """All weight on the first gold link; as they are where there is none (END)."""
    first = tf.one_hot(tf.argmax(gold, axis=-1), tf.shape(weights)[-1])
    return tf.where(tf.reduce_sum(gold, axis=-1, keepdims=True) > 0, first, weights)


CHANGES = {
    "as they are": as_they_are,
    "only the largest": only_the_largest,
    "without the largest": without_the_largest,
    "without another": without_another,
    "only another": only_another,
    "uniform": uniform,
    "permuted": permuted,
    "only the gold": only_the_gold,
}


class Changed(Variant):
    """A trained variant, the weights of which a function changes before they make the context."""

    change = staticmethod(as_they_are)
    gold = None

    def look(self, state, place, memory):
        _, weights = super().look(state, place, memory)
        weights = self.change(weights, memory["mask"], self.gold)
        return tf.reduce_sum(weights[..., None] * memory["value"], axis=1), weights


def changed(trainer, name):
    twin = Changed(*VOCABULARIES, parts=trainer.parts, seed=0)
    twin.set_weights(trainer.model.get_weights())
    twin.change = CHANGES[name]
    return twin


def one_look_at_a_time(trainer, pairs, said):
    """For each change and each pair: which words are right if this one look is changed, and no other.

    The last of each row is END.
    """
    keras.utils.set_random_seed(0)
    twins = {name: changed(trainer, name) for name in CHANGES}
    right = {name: [None] * len(pairs) for name in CHANGES}
    order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].target))
    for first in range(0, len(order), 64):
        group = order[first : first + 64]
        rows = looks_of_batch(trainer.model, twins, [pairs[n] for n in group])
        for name in CHANGES:
            for n, row in zip(group, rows[name], strict=True):
                right[name][n] = row[: len(said[n].right)]
    return right


def shares_right(pairs, said, looks):
    """The share of all words; and of those that are right by themselves, and linked or astray.

    Astray is a word whose largest weight lies where not even a possible link is.
    """
    names = "all", "linked", "astray"
    found = {change: {name: [] for name in names} for change in CHANGES}
    for n, (pair, (right, _, weights)) in enumerate(zip(pairs, said, strict=True)):
        at = weights[:-1].argmax(axis=-1)
        linked = np.array([(int(i), j) in pair.possible for j, i in enumerate(at)])
        for change in CHANGES:
            row = looks[change][n]
            found[change]["all"].extend(row)
            found[change]["linked"].extend(row[:-1][linked & right[:-1]])
            found[change]["astray"].extend(row[:-1][~linked & right[:-1]])
    counts = {name: len(found["uniform"][name]) for name in names}
    shares = {
        change: {name: round(float(np.mean(found[change][name])), 4) for name in names}
        for change in CHANGES
    }
    return {"one_look": shares, "one_look_words": counts}


def looks_of_batch(model, twins, batch):
    source, target_in, target_out = as_batch(batch)
    gold = np.zeros((*target_in.shape, source.shape[1]), "float32")
    for n, pair in enumerate(batch):
        for i, j in pair.possible:
            gold[n, j, i] = 2.0 if (i, j) in pair.sure else 1.0
    memory = model.encode(source)
    state = model.start_state(memory)
    right = {name: [] for name in twins}
    for j in range(target_in.shape[1]):
        for name, twin in twins.items():
            twin.gold = gold[:, j]
            logits, _, _ = twin.next_word(target_in[:, j], state, memory)
            right[name].append(logits.numpy().argmax(axis=-1) == target_out[:, j])
        _, state, _ = model.next_word(target_in[:, j], state, memory)
    return {name: np.array(rows).T for name, rows in right.items()}


def all_looks(trainer, pairs):
    """BLEU if every look is changed while the model translates by itself."""
    found = {}
    references = [pair.target for pair in pairs]
    for name in CHANGES:
        if name == "only the gold":  # the links are those of the reference
            continue
        keras.utils.set_random_seed(0)
        translations = changed(trainer, name).translate([pair.source for pair in pairs])
        found[name] = round(metrics.bleu([t.tokens for t in translations], references), 2)
    return found
