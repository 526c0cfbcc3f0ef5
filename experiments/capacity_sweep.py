"""BLEU by sentence length for fixed vectors of several sizes: is the bottleneck one of capacity?

    python experiments/capacity_sweep.py --jobs 2

Writes book/data/capacity_sweep.json. Data and steps are those of bottleneck_by_length.py.
"""

import bottleneck_by_length as main
from common import arguments, run_all

UNITS = (32, 64, 128, 256)
MODELS = {f"fixed-{units}-units": {"attention": None, "units": units} for units in UNITS}
SETTINGS = {**main.SETTINGS, "models": MODELS}


def run(name, seed):
    """Train one fixed model of a given size: one record."""
    return {"units": MODELS[name]["units"], **main.train_and_score(name, MODELS[name], seed)}


if __name__ == "__main__":
    run_all(run, arguments(__doc__, list(MODELS), [0, 1, 2], "capacity_sweep.json"), SETTINGS)
