"""What the experiments share: the sentences, the scores, and a file of records that resumes."""

import fcntl
import json
import os
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import numpy as np
from orders import ORDERS

from attention_helpers import corpus, metrics
from attention_helpers.metrics import BUCKETS, alignment_error_rate, bucket_name

DATA = Path(__file__).resolve().parents[1] / "book" / "data"
# Rates and sizes are chosen by validation sentences of another seed; the test sentences are these.
HELD_OUT_SEED = 2
LENGTHS = range(5, 51)
# The most words of a translation of each bucket of English lengths; the few longer are left out.
LONGEST = dict(zip(BUCKETS, (15, 28, 40, 52, 64), strict=True))


@lru_cache(maxsize=2)
def training_pairs(order, seed, per_length, lengths="uniform"):
    """Pairs by bucket: as many of each length; "30": up to 30 words; "short": the grammar's draw.

    The grammar draws short sentences more often: more than a third have 5 to 10 English words.
    """
    if lengths == "short":
        pairs = corpus.generate_pairs(per_length * len(LENGTHS), seed=seed)
    else:
        longest = 30 if lengths == "30" else 50
        pairs = [
            pair
            for length in LENGTHS
            if length <= longest
            for pair in corpus.generate_pairs(per_length, seed=seed, length=length)
        ]
    found = {}
    for bucket in BUCKETS:
        of_bucket = [ORDERS[order](p) for p in pairs if bucket[0] <= len(p.source) <= bucket[1]]
        of_bucket = [pair for pair in of_bucket if len(pair.target) <= LONGEST[bucket]]
        if of_bucket:
            found[bucket] = of_bucket
    return found


@lru_cache(maxsize=4)
def held_out_pairs(order, seed, per_length):
    """Sentences of the test split, as many of every length; the validation ones are others."""
    test = drawn = []
    for each in dict.fromkeys((HELD_OUT_SEED, seed)):
        drawn = [
            pair
            for length in LENGTHS
            for pair in corpus.generate_pairs(per_length, seed=each, split="test", length=length)
        ]
        test = test or drawn
    known = set() if seed == HELD_OUT_SEED else {pair.source for pair in test}
    return [ORDERS[order](pair) for pair in drawn if pair.source not in known]


def score_translations(pairs, translations, forced, links=None, brief=False):
    """Every score by length of the source.

    Args:
        pairs: the sentences and their references.
        translations: tokens, as the model translates them by itself.
        forced: for each pair, whether each word and END were right, given the right ones before.
        links: those of the largest weights under teacher forcing, or None.
        brief: BLEU and the accuracy only.
    """
    references = [pair.target for pair in pairs]
    lengths = np.array([len(pair.source) for pair in pairs])

    def by_length(metric):
        found = {}
        for first, last in BUCKETS:
            inside = np.flatnonzero((first <= lengths) & (lengths <= last))
            if len(inside):
                found[bucket_name((first, last))] = round(float(metric(inside)), 4)
        return found

    def bleu(inside):
        return metrics.bleu([translations[i] for i in inside], [references[i] for i in inside])

    def of_words(inside, rows):
        return np.mean(np.concatenate([rows[i] for i in inside]))

    def aer(inside):
        sets = [[links[i] for i in inside]]
        sets += [[getattr(pairs[i], name) for i in inside] for name in ("sure", "possible")]
        return alignment_error_rate(*sets)

    scores = {"bleu": by_length(bleu), "forced_accuracy": by_length(lambda i: of_words(i, forced))}
    if brief:
        return scores
    free = [
        [j < len(translation) and translation[j] == word for j, word in enumerate(reference)]
        for translation, reference in zip(translations, references, strict=True)
    ]
    first = [right.index(False) if False in right else len(right) for right in free]
    scores |= {
        "exact_match": by_length(lambda i: np.mean([translations[k] == references[k] for k in i])),
        "forced_exact_match": by_length(lambda i: np.mean([all(forced[k]) for k in i])),
        "length_ratio": by_length(
            lambda i: sum(len(translations[k]) for k in i) / sum(len(references[k]) for k in i)
        ),
        # How many words are right before the first wrong one.
        "first_wrong": by_length(lambda i: np.mean([first[k] for k in i])),
        "free_first_five": by_length(lambda i: of_words(i, [row[:5] for row in free])),
        "forced_first_five": by_length(lambda i: of_words(i, [row[:5] for row in forced])),
    }
    if links is not None:
        scores["aer"] = {**by_length(aer), "all": round(aer(range(len(pairs))), 4)}
    return scores


class Records:
    """A JSON of settings and lists of records, which several processes may add to."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.changed():
            pass

    @contextmanager
    def changed(self):
        """What the file holds now, to be changed: nobody else writes meanwhile."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.result = {"settings": self.settings, "trials": [], "runs": []}
            if self.path.exists():
                self.result = json.loads(self.path.read_text(encoding="utf-8"))
            if self.result["settings"] != json.loads(json.dumps(self.settings)):
                raise SystemExit(f"{self.path} was made with other settings; move it away first")
            before = json.dumps(self.result)
            yield self.result
            if json.dumps(self.result) != before or not self.path.exists():
                write(self.path, self.result)

    def has(self, kind, **wanted):
        """Whether there is such a record, also of another process."""
        with self.changed() as result:
            return any(wanted.items() <= flat(record).items() for record in result[kind])

    def add(self, kind, record):
        with self.changed() as result:
            result[kind].append(record)
            result[kind].sort(key=lambda each: str([*flat(each).items()][:3]))

    def put(self, name, value):
        with self.changed() as result:
            result[name] = value

    def trials(self, **wanted):
        """The validation loss of each rate tried."""
        with self.changed() as result:
            return {
                trial["learning_rate"]: trial["validation_loss"]
                for trial in result["trials"]
                if wanted.items() <= flat(trial).items()
            }


def flat(record):
    """The values of a record that are no lists or dicts."""
    return {name: value for name, value in record.items() if not isinstance(value, list | dict)}


def show(name, record):
    short = {key: record[key] for key in ("validation_loss", "bleu", "aer") if key in record}
    print(*name.values(), short, flush=True)


def use_one_thread():
    """Several processes at a time go fastest with a core each."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def write(path, result):
    """Write the JSON whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
