"""A Transformer on the sentences of `one_change.py`, with several ways to tell a word its place.

    python experiments/transformer.py
    python experiments/transformer.py --positions both bahdanau --seeds 0 1

Writes book/data/transformer.json, in the form of one_change.json, with `positions` for the variant.
"bahdanau" is the recurrent translator of one_change.py, trained in the same way for its seconds;
"both-short" is "both" with as many steps as take about these seconds. A record also has a `curve`,
BLEU on validation sentences against seconds of training, and that of a Transformer the alignment
error rate of each head that looks at the source, on test sentences and on validation sentences.
"""

from functools import partial

from common import DATA, held_out_pairs
from one_change import VARIANTS as RECURRENT
from runs import (
    BATCH_SIZE,
    VALIDATION_PER_LENGTH,
    VALIDATION_SEED,
    arguments,
    recurrent,
    run_all,
)
from trainer import VOCABULARIES, Trainer

from attention_helpers import metrics
from attention_helpers.text import pad
from attention_helpers.transformer import Transformer

POSITIONS = ("both", "sinusoidal", "rotary", "learned", "none")
VARIANTS = {name: {"positions": None if name == "none" else name} for name in POSITIONS}
VARIANTS["bahdanau"] = RECURRENT["bahdanau"]
VARIANTS |= {
    f"{name}-30": {**variant, "lengths": "30", "rate_of": name}
    for name, variant in VARIANTS.items()
}
# As many steps as take about the seconds of "bahdanau".
VARIANTS["both-short"] = VARIANTS["both"] | {"steps": 2_400, "rate_of": "both"}
HEADLINE = ("both", "bahdanau", "both-short")
CURVE_EVERY, CURVE_PER_LENGTH = 250, 4  # steps; sentences of each length


def trainer_of(variant):
    if "positions" not in variant:
        return Timed(recurrent(variant))
    new_model = partial(Transformer, *VOCABULARIES, positions=variant["positions"])
    # One step for all lengths: XLA would compile each, for a gain that was not seen.
    return Timed(Trainer(new_model, BATCH_SIZE, looks=True, jit_compile=False))


class Timed:
    """A trainer that scores while it trains, and each head when it has."""

    def __init__(self, trainer):
        self.trainer, self.loss = trainer, trainer.loss
        self.model = trainer.model

    def train(self, pairs, steps, rate, seed):
        held_out = held_out_pairs("natural", VALIDATION_SEED, CURVE_PER_LENGTH)
        curve = []

        def watch(step, seconds):
            if step and step % CURVE_EVERY == 0:
                found = self.model.translate([pair.source for pair in held_out])
                tokens = [translation.tokens for translation in found]
                bleu = metrics.bleu(tokens, [pair.target for pair in held_out])
                curve.append({"step": step, "seconds": round(seconds, 1), "bleu": round(bleu, 2)})

        return {**self.trainer.train(pairs, steps, rate, seed, watch), "curve": curve}

    def score(self, pairs, brief=False):
        scores = self.trainer.score(pairs, brief)
        if isinstance(self.model, Transformer) and not brief:
            scores["aer_of_heads"] = aer_of_heads(self.model, pairs)
            # The best head is chosen here, or it would be the luckiest one of the test.
            held_out = held_out_pairs("natural", VALIDATION_SEED, VALIDATION_PER_LENGTH)
            scores["validation_aer_of_heads"] = aer_of_heads(self.model, held_out)
        return scores


def aer_of_heads(model, pairs):
    """A row a layer: the alignment error rate of each head, and last that of the weights' mean."""
    weights = cross_attention(model, pairs)
    sure, possible = zip(*((pair.sure, pair.possible) for pair in pairs), strict=True)

    def error_rate(layer, heads):
        links = [metrics.links_from_weights(each[layer, heads].mean(axis=0)) for each in weights]
        return round(metrics.alignment_error_rate(links, sure, possible), 4)

    every = range(model.settings["heads"])
    return [
        [error_rate(layer, chosen) for chosen in [*([head] for head in every), [*every]]]
        for layer in range(model.settings["layers"])
    ]


def cross_attention(model, pairs):
    """Of each sentence the weights `(l, h, q, k)`, in the rows that predict its words."""
    found = []
    for start in range(0, len(pairs), 40):
        some = pairs[start : start + 40]
        source = pad([VOCABULARIES[0].encode(pair.source) for pair in some])
        target_in = pad([VOCABULARIES[1].encode(pair.target, start=True) for pair in some])
        of_all = model.cross_attention(source, target_in).numpy()
        for pair, each in zip(some, of_all, strict=True):
            found.append(each[:, :, : len(pair.target), : len(pair.source)])
    return found


if __name__ == "__main__":
    output, kind = DATA / "transformer.json", ("positions", "--positions")
    options = arguments(__doc__, VARIANTS, output, *kind, orders=["natural"])
    run_all(VARIANTS, HEADLINE, options, trainer_of, whole_trials=True)
