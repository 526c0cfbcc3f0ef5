"""Seconds for 20,000 sentence pairs of the default lengths, on one core (at most 3).

python benchmarks/corpus.py
"""

import time

from attention_helpers.corpus import generate_pairs

SIZE, REPEATS = 20_000, 5


def main():
    seconds = []
    for seed in range(REPEATS):
        start = time.process_time()
        pairs = generate_pairs(SIZE, seed=seed)
        seconds.append(time.process_time() - start)
    words = sum(len(pair.source) for pair in pairs)
    print(
        f"{SIZE:,} pairs, {words:,} English words: "
        f"{min(seconds):.2f} s at best, {max(seconds):.2f} s at worst of {REPEATS}"
    )


if __name__ == "__main__":
    main()
