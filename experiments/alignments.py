"""What the weights of attention mean: where they lie, and what the model does if they lie elsewhere.

    python experiments/alignments.py
    python experiments/alignments.py --tasks copying --seeds 0 1

Two tasks. "copying": the target is the source, a row of words drawn at random; how far from the word
that is due does the largest weight lie? "translation": the sentences of `one_change.py`; AER over
training, the alignment of each French word, and words and BLEU under weights that are changed. Each
with encoders that read in both directions, or in one.

Writes book/data/alignments.json, a record a run; what the file already holds is not made again.
"""

import argparse
from pathlib import Path

import copying
import looks
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
    "test_per_length": 5,
    "test_seed": HELD_OUT_SEED,
    "batch_size": 32,
    "steps": 2_000,
    "learning_rate": 0.005,
    # When the alignment is scored: after so many steps.
    "scored": [0, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1250, 1500, 2000],
}
# For each seed, which tasks, and which way the encoder reads: "both" ways, or one.
RUNS = {
    seed: [("copying", "both")]
    + [("translation", "both"), ("translation", "forward")] * (seed < 3)
    + [("copying", "forward"), ("copying", "backward")] * (seed < 3)
    for seed in range(5)
}
TASKS = "copying", "translation"


def main(options):
    use_one_thread()
    records = Records(options.output, {"copying": COPYING, "translation": TRANSLATION})
    for seed in options.seeds:
        for task, reads in RUNS[seed]:
            run = {"task": task, "reads": reads, "seed": seed}
            if task in options.tasks and not records.has("runs", **run):
                record = make_record(**run)
                records.add("runs", {**run, **record})
                print(*run.values(), summary(record), flush=True)


def make_record(task, reads, seed):
    if task == "copying":
        return copying.record(reads, seed, **COPYING)
    return looks.record(reads, seed, **TRANSLATION)


def summary(record):
    wanted = "forced_accuracy", "exact_match", "offsets", "aer", "one_look", "all_looks"
    return {name: record[name] for name in wanted if name in record}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, choices=RUNS, default=list(RUNS))
    parser.add_argument("--output", type=Path, default=DATA / "alignments.json")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
