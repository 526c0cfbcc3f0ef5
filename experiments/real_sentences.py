"""One vector, the mean, and attention on real sentences: Multi30k, English to French.

    python experiments/real_sentences.py

Writes book/data/real_sentences.json. Needs the corpus (from the network, or from the folder that
ATTENTION_HELPERS_DATA names) and sentencepiece; stores no sentence of it. Each variant has the same
trials on the validation sentences; the test sentences are used once, by the runs.
"""

import argparse
from functools import cache, partial
from pathlib import Path

from common import DATA, Records, show, use_one_thread
from variants import Parts, Variant

from attention_helpers import datasets, metrics, text, training

BUCKETS = ((1, 10), (11, 15), (16, 20), (21, 40))  # words of the English sentence
SUBWORDS = 3_000  # joint: both languages share them
STEPS, TRIAL_STEPS, BATCH_SIZE = 2_600, 650, 64
RATES = (0.003, 0.006, 0.012)
LONGEST = 40  # subwords a sentence of the training data: the few longer ones would set the padding
# The parts of `variants.py`, and what all variants share.
VARIANTS = {
    "fixed": {"reads": "forward", "context": "last"},
    "mean": {},
    "bahdanau": {"context": "additive"},
}
SHARED = {"units": 96, "embedding": 128, "dropout": 0.1}
SETTINGS = {
    "subwords": SUBWORDS,
    "steps": STEPS,
    "trial_steps": TRIAL_STEPS,
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
    for seed in options.seeds:
        for variant in options.variants:
            run = {"variant": variant, "seed": seed}
            if not records.has("runs", **run):
                rate = learning_rate(records, variant)
                record = train_and_score(variant, seed, rate)
                records.add("runs", {**run, **record})
                show(run, record)


def learning_rate(records, variant):
    """The rate of the lowest loss on the validation split."""
    for rate in RATES:
        trial = {"variant": variant, "learning_rate": rate}
        if not records.has("trials", **trial):
            _, history = train(variant, seed=100, rate=rate, steps=TRIAL_STEPS)
            loss = {"validation_loss": round(min(history["validation_loss"]), 4)}
            records.add("trials", {**trial, **loss})
            show(trial, loss)
    losses = records.trials(variant=variant)
    return min(losses, key=losses.get)


def train(variant, seed, rate, steps):
    """A trained model and its history."""
    vocabulary = text.Vocabulary(subwords().tokens)
    parts = Parts(**VARIANTS[variant], **SHARED)
    model = Variant(vocabulary, vocabulary, parts=parts, seed=seed)
    history = training.train(
        model,
        load("train"),
        validation=load("val"),
        steps=steps,
        every=TRIAL_STEPS,
        batch_size=BATCH_SIZE,
        learning_rate=rate,
        max_length=LONGEST,
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


def train_and_score(variant, seed, rate):
    """One record: the scores on test 2016 by the length of the English sentence."""
    model, history = train(variant, seed, rate, STEPS)
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
        "learning_rate": rate,
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
