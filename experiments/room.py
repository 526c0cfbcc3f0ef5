"""Is the bottleneck one of room? Fixed vectors of several sizes, each with three times as many steps.

    python experiments/room.py

Writes book/data/room.json, in the form of one_change.json. A variant is called after the units of
each direction of its encoder and of its decoder: "ends-64" keeps 128 numbers of a sentence.
All of it takes about five hours of one core; 512 units alone take three.
"""

from common import DATA
from runs import STEPS, arguments, run_all

UNITS = (32, 64, 128, 256, 512)
VARIANTS = {f"ends-{units}": {"context": "ends", "units": units} for units in UNITS}
VARIANTS |= {
    f"{name}-long": {**variant, "steps": 3 * STEPS, "rate_of": name}
    for name, variant in VARIANTS.items()
}

if __name__ == "__main__":
    run_all(VARIANTS, (), arguments(__doc__, VARIANTS, DATA / "room.json"), whole_trials=True)
