"""What the weights of attention mean: where they lie, and what the model does if they lie elsewhere.

    python experiments/alignments.py
    python experiments/alignments.py --tasks copying --reads both --seeds 0 1

Two tasks. "copying": the target is the source, a row of words drawn at random; how far from the word
that is due does the largest weight lie? "translation": the sentences of `one_change.py`; AER over
training, the alignment of each French word, and words and BLEU under weights that are changed. Each
with encoders that read in both directions, or in one.

Writes book/data/alignments.json, a record a run; what the file already holds is not made again.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

from common import DATA, HELD_OUT_SEED, Records, use_one_thread

COPYING = {
    "words": 40,
    "vocabulary": 80,
    "batch_size": 32,
    "steps": 800,
    "learning_rate": 0.005,
    "tests": 200,
    "test_seed": 10**6,
}
TRANSLATION = {
    "pairs_per_length": 1_300,
    "test_per_length": 10,
    "test_seed": HELD_OUT_SEED,
    "batch_size": 32,
    "steps": 2_000,
    "learning_rate": 0.005,
    # When the alignment is scored: after so many steps.
    "scored": [0, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1250, 1500, 2000],
}
TASKS = {"copying": ("both", "forward", "backward"), "translation": ("both", "forward")}
SEEDS = {"copying": range(5), "translation": range(3)}


def main(options):
    use_one_thread()
    settings = {"copying": COPYING, "translation": TRANSLATION}
    records = Records(options.output, settings)
    for task in options.tasks:
        for reads in TASKS[task]:
            seeds = options.seeds if options.seeds is not None else SEEDS[task]
            for seed in seeds if reads in options.reads else ():
                run = {"task": task, "reads": reads, "seed": seed}
                if not records.has("runs", **run):
                    record = make_record(**run)
                    records.add("runs", {**run, **record})
                    print(*run.values(), summary(record), flush=True)


def make_record(task, reads, seed):
    import copying
    import looks

    if task == "copying":
        return copying.record(reads, seed, **COPYING)
    return looks.record(reads, seed, **TRANSLATION)


def summary(record):
    wanted = "forced_accuracy", "exact_match", "offsets", "aer", "one_look", "all_looks"
    return {name: record[name] for name in wanted if name in record}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--reads", nargs="+", choices=TASKS["copying"], default=TASKS["copying"])
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--output", type=Path, default=DATA / "alignments.json")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
