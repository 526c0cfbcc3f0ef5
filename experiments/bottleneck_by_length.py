"""BLEU by sentence length, with and without attention, over seeds: the book's main finding.

    python experiments/bottleneck_by_length.py --jobs 2

Writes book/data/bottleneck_by_length.json: a record a run, and one alignment to draw. A run that
the file already holds is not made again.
"""

from common import HELD_OUT_SEED, arguments, held_out, run_all, score

from attention_helpers import corpus

PAIRS = 60_000
TRAINING = {"batch_size": 32, "learning_rate": 5e-3}
STEPS = 4_000
# The fixed models have twice the units, and so more parameters than those with attention.
MODELS = {
    "fixed": {"attention": None, "units": 160},
    "fixed-long": {"attention": None, "units": 160, "steps": 5 * STEPS},
    "bahdanau": {"attention": "bahdanau", "units": 64},
    "dot": {"attention": "dot", "units": 64},
    "fixed-30": {"attention": None, "units": 160, "max_length": 30},
    "bahdanau-30": {"attention": "bahdanau", "units": 64, "max_length": 30},
}
SETTINGS = {
    "pairs": PAIRS,
    "steps": STEPS,
    **TRAINING,
    "held_out_seed": HELD_OUT_SEED,
    "models": MODELS,
}
# The sentence whose alignment the book's first page shows: adjectives change sides, "not" splits.
SHOWN = ("my", "european", "economic", "area", "will", "not", "help", "paul", ".")
SHOWN_AMONG = 3_000  # sentences of that length, all held out


def run(name, seed):
    """Train one of the models and score it: one record."""
    return train_and_score(name, MODELS[name], seed)


def train_and_score(name, options, seed):
    """Train a model on the seed's own training pairs; score it on the held-out sentences."""
    from attention_helpers.seq2seq import Seq2Seq
    from attention_helpers.training import train

    options = dict(options)
    steps, max_length = options.pop("steps", STEPS), options.pop("max_length", 50)
    pairs = corpus.generate_pairs(PAIRS, seed=seed, max_length=max_length)
    vocabularies = corpus.source_vocabulary(), corpus.target_vocabulary()
    model = Seq2Seq(*vocabularies, **options, seed=seed)
    history = train(model, pairs, steps=steps, **TRAINING, seed=seed, verbose=False)
    record = {
        "model": name,
        "seed": seed,
        "parameters": model.count_params(),
        "steps": steps,
        "train_seconds": round(history["seconds"], 1),
        "tokens_per_second": round(history["tokens_per_second"]),
        **score(model, held_out()),
    }
    if (name, seed) == ("bahdanau", 0):
        record["alignment"] = alignment(model)
    return record


def alignment(model):
    """The weights for the sentence shown, beside the gold links."""
    (pair,) = [
        pair
        for pair in corpus.generate_pairs(SHOWN_AMONG, seed=1, split="test", length=len(SHOWN))
        if pair.source == SHOWN
    ]
    (translation,) = model.translate([SHOWN])
    return {
        "source": list(pair.source),
        "target": list(translation.tokens),
        "weights": translation.weights[: len(translation.tokens)].astype(float).round(4).tolist(),
        "sure": sorted(pair.sure),
        "possible": sorted(pair.possible),
        "reference": list(pair.target),
    }


if __name__ == "__main__":
    options = arguments(__doc__, list(MODELS), [0, 1, 2, 3, 4], "bottleneck_by_length.json")
    run_all(run, options, SETTINGS)
