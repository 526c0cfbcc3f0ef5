"""What the experiments share: the sentences, the scores, and a file of records that resumes."""

import fcntl
import json
import os
import platform
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

import numpy as np
from orders import ORDERS

from attention_helpers import corpus, metrics
from attention_helpers.metrics import BUCKETS

DATA = Path(__file__).resolve().parents[1] / "book" / "data"
# The test sentences are those of this seed; rates are chosen by validation sentences of another.
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
    """Sentences of the test split, as many of every length."""
    return [
        ORDERS[order](pair)
        for length in LENGTHS
        for pair in corpus.generate_pairs(per_length, seed=seed, split="test", length=length)
    ]


def score_translations(pairs, translations, said, looks=False, brief=False):
    """Every score by length of the source.

    Args:
        pairs: the sentences and their references.
        translations: tokens, as the model translates them by itself.
        said: what it says under teacher forcing, as of `metrics.forced`.
        looks: whether its weights propose an alignment.
        brief: BLEU and the accuracy only.
    """
    references = [pair.target for pair in pairs]
    lengths = [len(pair.source) for pair in pairs]

    def rounded(metric, given, expected):
        found = metrics.by_length(metric, given, expected, lengths)
        return {bucket: round(float(value), 4) for bucket, value in found.items()}

    def free(metric):
        return rounded(metric, translations, references)

    def forced(metric):
        return rounded(metric, said, pairs)

    scores = {"bleu": free(metrics.bleu), "forced_accuracy": forced(metrics.forced_accuracy)}
    if brief:
        return scores
    scores |= {
        "exact_match": free(metrics.exact_match),
        "forced_exact_match": forced(forced_exact_match),
        "length_ratio": free(length_ratio),
        "first_wrong": free(words_before_the_first_wrong),
        "free_first_five": free(free_first_five),
        "forced_first_five": forced(forced_first_five),
    }
    if looks:
        error_rate = metrics.forced_alignment_error_rate
        scores["aer"] = {**forced(error_rate), "all": round(error_rate(said, pairs), 4)}
    return scores


def forced_exact_match(said, pairs):
    return np.mean([each.right.all() for each in said])


def length_ratio(translations, references):
    return sum(map(len, translations)) / sum(map(len, references))


def words_before_the_first_wrong(translations, references):
    places = metrics.first_wrong_words(translations, references)
    return np.mean([len(r) if at is None else at for at, r in zip(places, references, strict=True)])


def free_first_five(translations, references):
    """The share of the first five words that are right, each at its place."""
    return np.mean(
        [
            j < len(translation) and translation[j] == word
            for translation, reference in zip(translations, references, strict=True)
            for j, word in enumerate(reference[:5])
        ]
    )


def forced_first_five(said, pairs):
    return np.concatenate([each.right[:5] for each in said]).mean()


class Records:
    """A JSON of settings and lists of records, which several processes may add to."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings
        path.parent.mkdir(parents=True, exist_ok=True)
        self.read()

    def read(self):
        """What the file holds now, also of other processes: it is always whole."""
        if not self.path.exists():
            return {"settings": self.settings, "trials": [], "runs": []}
        result = json.loads(self.path.read_text(encoding="utf-8"))
        if result["settings"] != json.loads(json.dumps(self.settings)):
            raise SystemExit(f"{self.path} was made with other settings; move it away first")
        return result

    @contextmanager
    def changed(self):
        """What the file holds, to be changed: nobody else writes meanwhile."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = self.read()
            yield result
            write(self.path, result)

    def has(self, kind, **wanted):
        """Whether there is such a record."""
        return any(wanted.items() <= record.items() for record in self.read().get(kind, []))

    def add(self, kind, record):
        with self.changed() as result:
            result.setdefault(kind, []).append(record)
            result[kind].sort(key=lambda each: str([*each.items()][:3]))
            note_versions(result)

    def put(self, name, value):
        with self.changed() as result:
            result[name] = value

    def best_trial(self, rates, run, factor=2, at_most=5, **trial):
        """The trial of the lowest loss on the validation sentences; makes those that are missing.

        Args:
            rates: the learning rates; more are tried while the best one is the lowest or the highest.
            run: from a rate to what a trial has found, `validation_loss` at least.
            factor: from the best one to the next.
            at_most: so many rates are tried.
            trial: what the trial is of.
        """
        while True:
            for rate in rates:
                tried = {**trial, "learning_rate": rate}
                if not self.has("trials", **tried):
                    record = run(rate)
                    self.add("trials", tried | record)
                    show(tried, record)
            found = [each for each in self.read()["trials"] if trial.items() <= each.items()]
            best = min(found, key=lambda each: each["validation_loss"])
            rates = [each["learning_rate"] for each in found]
            lowest, highest = min(rates), max(rates)
            if lowest < best["learning_rate"] < highest or len(found) >= at_most:
                return best
            rates = [lowest / factor if best["learning_rate"] == lowest else highest * factor]


def note_versions(result):
    """Count the record among those that were made with the versions of here; older files have none."""
    here = {"Python": platform.python_version()}
    for name in ("tensorflow", "tensorflow-cpu", "keras", "numpy"):
        try:
            here[name.removesuffix("-cpu")] = version(name)
        except PackageNotFoundError:
            continue
    for entry in result.setdefault("versions", []):
        if here.items() <= entry.items():
            entry["records"] += 1
            return
    result["versions"].append({**here, "records": 1})


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
