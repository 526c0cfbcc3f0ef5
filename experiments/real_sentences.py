"""One vector, the mean, and attention on real sentences: Multi30k, English to French.

    python experiments/real_sentences.py

Writes book/data/real_sentences.json. Needs the corpus (from the network, or from the folder that
ATTENTION_HELPERS_DATA names) and sentencepiece; stores no sentence of it. Each variant is trained
with the same learning rates, all steps of each; the validation sentences choose one of them (were
it the lowest or the highest, one more would be tried beyond it).
"""

import argparse
from functools import cache, partial
from pathlib import Path

from common import DATA, Records, show, use_one_thread
from runs import parts_of
from variants import Variant

from attention_helpers import datasets, metrics, text, training

BUCKETS = ((1, 10), (11, 15), (16, 20), (21, 40))  # words of the English sentence
SUBWORDS = 3_000  # joint: both languages share them
STEPS, BATCH_SIZE = 2_600, 64
EVERY = 650  # steps from one look at the validation sentences to the next
RATES = (0.003, 0.006, 0.012)
LONGEST = 40  # subwords a sentence of the training data: the few longer ones would set the padding
# The parts of `variants.py`, and what all variants share.
VARIANTS = {
    "fixed": {"reads": "forward", "context": "last"},
    "mean": {},
    "bahdanau": {"context": "additive"},
    # Trained on the longer sentences too, at the rate of `bahdanau`.
    "bahdanau-all": {"context": "additive", "longest": None, "rate_of": "bahdanau"},
}
SHARED = {"units": 96, "embedding": 128, "dropout": 0.1}
SETTINGS = {
    "subwords": SUBWORDS,
    "steps": STEPS,
    "rates": list(RATES),
    "batch_size": BATCH_SIZE,
    "longest": LONGEST,
    "shared": SHARED,
    "test": "test_2016_flickr",
    "signature": metrics.bleu_signature("13a"),
}


def main(options):
    use_one_thread()
    records = Records(options.output, SETTINGS)
    records.put("training_sentences", training_sentences())
    for variant in options.variants:
        chosen = best_trial(records, VARIANTS[variant].get("rate_of", variant))
        for seed in options.seeds:
            run = {"variant": variant, "seed": seed, "learning_rate": chosen["learning_rate"]}
            if not records.has("runs", **run):
                is_chosen = run.items() <= chosen.items()
                record = chosen if is_chosen else train_and_score(**run)
                records.add("runs", run | record)
                show(run, record)


def best_trial(records, variant):
    """The best of the runs of seed 0 with each rate: a trial has all steps of a run."""
    run = partial(train_and_score, variant, 0)
    return records.best_trial(RATES, run, variant=variant, seed=0)


def train(variant, seed, learning_rate):
    """A trained model and its history."""
    vocabulary = text.Vocabulary(subwords().tokens)
    parts = parts_of(VARIANTS[variant] | SHARED)
    model = Variant(vocabulary, vocabulary, parts=parts, seed=seed)
    history = training.train(
        model,
        load("train"),
        validation=load("val"),
        steps=STEPS,
        every=EVERY,
        batch_size=BATCH_SIZE,
        learning_rate=learning_rate,
        max_length=VARIANTS[variant].get("longest", LONGEST),
        seed=seed,
        verbose=False,
    )
    return model, history


@cache
def subwords():
    english, french = datasets.load_multi30k("train")
    return text.Subwords.train(english + french, size=SUBWORDS)


@cache
def load(split):
    """The sentence pairs of a split, cut into subwords."""
    english, french = datasets.load_multi30k(split)
    encode = subwords().encode
    return [
        text.SentencePair(*pair)
        for pair in zip(map(encode, english), map(encode, french), strict=True)
    ]


def training_sentences():
    """By words of the English sentence: how many there are, and how many have `LONGEST` or fewer."""
    english, _ = datasets.load_multi30k("train")
    kept = [max(len(pair.source), len(pair.target)) <= LONGEST for pair in load("train")]
    counts = {f"{low}-{high}": [0, 0] for low, high in BUCKETS}
    for sentence, is_kept in zip(english, kept, strict=True):
        words = len(sentence.split())
        (bucket,) = (f"{low}-{high}" for low, high in BUCKETS if low <= words <= high)
        counts[bucket][0] += 1
        counts[bucket][1] += is_kept
    return counts


def train_and_score(variant, seed, learning_rate):
    """One record: the scores on test 2016 by the length of the English sentence."""
    model, history = train(variant, seed, learning_rate)
    english, references = datasets.load_multi30k(SETTINGS["test"])
    translations = model.translate([subwords().encode(sentence) for sentence in english])
    hypotheses = [subwords().decode(translation.tokens) for translation in translations]
    lengths = [len(sentence.split()) for sentence in english]
    bleu = partial(metrics.bleu, tokenize="13a")

    def by_length(metric):
        found = metrics.by_length(metric, hypotheses, references, lengths, BUCKETS)
        return {bucket: round(value, 3) for bucket, value in found.items()}

    return {
        "steps": STEPS,
        "parameters": model.count_params(),
        "train_seconds": round(history["seconds"] - history["compile_seconds"], 1),
        "validation_loss": round(min(history["validation_loss"]), 4),
        "bleu": {**by_length(bleu), "all": round(bleu(hypotheses, references), 2)},
        "length_ratio": by_length(length_ratio),
        "sentences": by_length(lambda hypotheses, references: len(hypotheses)),
    }


def length_ratio(hypotheses, references):
    """Words of the translations for each word of the references."""
    return sum(len(h.split()) for h in hypotheses) / sum(len(r.split()) for r in references)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=DATA / "real_sentences.json")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
