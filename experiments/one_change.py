"""One vector, a vector that walks along, a vector that is chosen: translators that differ in one part.

    python experiments/one_change.py
    python experiments/one_change.py --variants mean moving bahdanau --orders mirrored --seeds 0 1

Writes book/data/one_change.json: the trials that chose each learning rate, and a record a run. What
the file already holds is not made again, and several processes may write to it at a time.
"""

from common import DATA
from runs import STEPS, arguments, run_all

# A variant: its parts and, where they differ, how it is trained.
VARIANTS = {
    "mean": {},
    "moving": {"context": "moving"},
    "bahdanau": {"context": "additive"},
    "fixed": {"reads": "forward", "context": "last"},
    "dot": {"context": "dot", "query": "after", "fed": False},
    "no-source": {"context": "none"},
    "fixed-reversed": {"reads": "reversed", "context": "last"},
    "fixed-both-ends": {"context": "ends"},
    "additive-after": {"context": "additive", "query": "after"},
    "dot-fed": {"context": "dot", "query": "after"},
    "bahdanau-forward": {"reads": "forward", "context": "additive"},
    "bahdanau-unfed": {"context": "additive", "fed": False},
    "moving-back": {"context": "moving-back"},
    # Paths from the source to the translation, and from the loss back to the encoder.
    "mean-summary": {"start": "summary"},
    "mean-unfed": {"fed": False},
    "mean-state-only": {"context": "none", "start": "summary"},
    "mean-held": {"start": "summary", "held": True},
    "bahdanau-summary": {"context": "additive", "start": "summary"},
    "bahdanau-held": {"context": "additive", "start": "summary", "held": True},
    # More steps; other lengths.
    "fixed-long": {"reads": "forward", "context": "last", "steps": 5 * STEPS, "rate_of": "fixed"},
    "bahdanau-long": {"context": "additive", "steps": 5 * STEPS, "rate_of": "bahdanau"},
}
VARIANTS |= {
    f"{name}-{lengths}": {**VARIANTS[name], "lengths": lengths, "rate_of": name}
    for lengths, names in {"short": ("mean", "moving"), "30": ("moving", "dot")}.items()
    for name in (*names, "bahdanau")
}
HEADLINE = ("mean", "moving", "bahdanau", "fixed", "dot")


if __name__ == "__main__":
    run_all(VARIANTS, HEADLINE, arguments(__doc__, VARIANTS, DATA / "one_change.json"))
