"""What the experiments share: the held-out sentences, the scores, and runs that can be resumed."""

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

from attention_helpers import corpus, metrics

DATA = Path(__file__).resolve().parents[1] / "book" / "data"
SENTENCES_PER_LENGTH = 20  # at least 100 in each bucket of lengths
# Steps, rates and sizes were chosen by scores on the sentences of seed 1: these are others.
HELD_OUT_SEED = 2


def held_out():
    """Test sentences of every length from 5 to 50, as many of each."""
    return [
        pair
        for length in range(5, 51)
        for pair in corpus.generate_pairs(
            SENTENCES_PER_LENGTH, seed=HELD_OUT_SEED, split="test", length=length
        )
    ]


def score(model, pairs):
    """BLEU and exact match by length, and AER, of the greedy translations."""
    translations = model.translate([pair.source for pair in pairs])
    hypotheses = [translation.tokens for translation in translations]
    references = [pair.target for pair in pairs]
    lengths = [len(pair.source) for pair in pairs]

    def by_length(metric):
        scores = metrics.by_length(metric, hypotheses, references, lengths)
        return {bucket: round(value, 4) for bucket, value in scores.items()}

    return {
        "bleu": by_length(metrics.bleu),
        "exact_match": by_length(metrics.exact_match),
        "aer": alignment_error(translations, pairs),
    }


def alignment_error(translations, pairs):
    """AER over the sentences that were translated word for word as the grammar does.

    Gold links are known for the grammar's own translation only.
    """
    if translations[0].weights is None:
        return None
    right = [
        (metrics.links_from_weights(t.weights[: len(t.tokens)]), pair)
        for t, pair in zip(translations, pairs, strict=True)
        if t.tokens == pair.target
    ]
    links, right_pairs = zip(*right, strict=True)
    sure, possible = [p.sure for p in right_pairs], [p.possible for p in right_pairs]
    return round(metrics.alignment_error_rate(list(links), sure, possible), 4)


def arguments(description, models, seeds, output):
    """The command line of an experiment."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--models", nargs="+", choices=models, default=models)
    parser.add_argument("--seeds", nargs="+", type=int, default=seeds)
    parser.add_argument("--output", type=Path, default=DATA / output)
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    parser.add_argument("--one-core", action="store_true", help="a core each, as jobs > 1 has it")
    return parser.parse_args()


def run_all(run, options, settings):
    """Make the runs that the output does not hold yet, each in a process of its own."""
    result = {"settings": settings, "runs": []}
    if options.output.exists():
        result = json.loads(options.output.read_text(encoding="utf-8"))
        if result["settings"] != settings:
            raise SystemExit(f"{options.output} was made with other settings; move it away first")
    done = {(record["model"], record["seed"]) for record in result["runs"]}
    wanted = [(m, s) for s in options.seeds for m in options.models if (m, s) not in done]
    context = multiprocessing.get_context("spawn")
    pool_options = {"mp_context": context, "max_tasks_per_child": 1}
    if options.jobs > 1 or options.one_core:
        pool_options["initializer"] = use_one_thread
    with ProcessPoolExecutor(options.jobs, **pool_options) as pool:
        for future in as_completed([pool.submit(run, *job) for job in wanted]):
            record = future.result()
            if "alignment" in record:  # one to draw, not a score
                result["alignment"] = record.pop("alignment")
            result["runs"].append(record)
            result["runs"].sort(key=lambda record: (record["model"], record["seed"]))
            write(options.output, result)
            print(record["model"], record["seed"], record["bleu"], record.get("aer"), flush=True)


def use_one_thread():
    """Several runs at a time go fastest with a core each."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def write(path, result):
    """Write the JSON whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
