"""Five models on real sentences, at matched parameters: Multi30k, English to French.

    python experiments/multi30k.py                                 # what is missing of all runs
    python experiments/multi30k.py --parts models --models dot --seeds 0 1

Writes book/data/multi30k.json. Needs the corpus (from the network, or from the folder that
ATTENTION_HELPERS_DATA names) and sentencepiece; stores no sentence of it. A run that was stopped
goes on from its last checkpoint in the folder `--cache`, which also keeps the weights of those that
have ended: what is only decoded (the part "beams") trains nothing again. A run takes 25 minutes of
one core, all of them 15 hours: several processes may share them, each with models of its own.

The parts, in the order in which they are made: "models" (the trials of each model with seed 0, of
which the validation loss chooses one, and further seeds of it), "beams" (widths and length
penalties), "changes" (one thing taken away at a time), "short" (what the page itself trains), and
"names" (words and subwords that have never seen the names in some sentences).
"""

import argparse
from functools import cache, partial
from pathlib import Path

from common import DATA, Records, show, use_one_thread
from multi30k_names import UNKNOWN, held_out_pairs, in_order, pointed, recall
from multi30k_words import WORD_START, Words
from real_sentences import BUCKETS, length_ratio
from runs import parts_of
from variants import Variant

from attention_helpers import datasets, metrics, text, training
from attention_helpers.transformer import Transformer

TESTS = ("test_2016_flickr", "test_2017_flickr")
SIZE = 3_000  # of the vocabulary, which both languages share
STEPS, BATCH_SIZE, EVERY = 6_000, 64, 250  # steps; sentences; steps from one checkpoint to the next
BINS = 12  # shapes of batches
LONGEST = 50  # tokens a sentence of the training data: the few longer ones would set the padding
# All have as many parameters as the Transformer, within `TOLERANCE`; the numbers of units see to it.
PARAMETERS, TOLERANCE = 1_773_568, 0.01
EMBEDDING = 128
MODELS = {
    "fixed": {"context": "ends", "units": 256},
    "mean": {"context": "mean", "units": 256},
    "bahdanau": {"context": "additive", "units": 236},
    "dot": {"context": "dot", "units": 256},
    "transformer": {"layers": 3, "units": 128, "heads": 4, "inner": 512, "positions": "both"},
}
# A trial has all steps of a run. The third takes the better rate of the first two.
RATES = {"recurrent": (0.004, 0.002), "transformer": (0.003, 0.0015)}
DROPOUTS = (0.2, 0.1)
DEFAULTS = {
    "steps": STEPS,
    "smoothing": 0.1,
    "average": 0.99,
    "tied": True,
    "words": False,
    "without_names": False,  # whether the sentences with held-out names are left out of training
}
CHANGES = {
    "no-smoothing": {"smoothing": 0.0},
    "no-dropout": {"dropout": 0.0},
    "no-averaging": {"average": None},
    "untied": {"tied": False},
    "words": {"words": True},
}
SHORT = {"steps": 2_000}  # the run of the page
NAMES = {
    "names-words": {"words": True, "without_names": True},
    "names-subwords": {"without_names": True},
}
BEAM, PENALTY = 5, 1.0
WIDTHS, PENALTIES = (1, 2, 3, 4, 5, 8, 16, 32, 64), (0.0, 0.5, 1.0, 1.5)
HYPOTHESES = 320  # at once: a wide beam of many sentences would need gigabytes
SETTINGS = {
    "size": SIZE,
    "batch_size": BATCH_SIZE,
    "longest": LONGEST,
    "models": MODELS,
    "embedding": EMBEDDING,
    "parameters": PARAMETERS,
    "tolerance": TOLERANCE,
    "rates": RATES,
    "dropouts": list(DROPOUTS),
    "trials": 3,  # of each model
    "defaults": DEFAULTS,
    "beam_width": BEAM,
    "length_penalty": PENALTY,
    "tests": list(TESTS),
    "bleu_signature": metrics.bleu_signature("13a", resamples=1000),
    "chrf_signature": metrics.chrf_signature(resamples=1000),
}


def main(options):
    use_one_thread()
    records = Records(options.output, SETTINGS)
    for part in options.parts:
        PARTS[part](records, options)


def models(records, options):
    """The trials of each model with seed 0, and its other seeds with what they chose."""
    for model in options.models:
        if options.trials < SETTINGS["trials"]:
            trials_of(records, options, model, options.trials)
    for seed in options.seeds:
        for model in options.models:
            if options.trials == SETTINGS["trials"]:
                add_run(records, options, model, "none", seed)


def trials_of(records, options, model, count):
    """The first so many trials of a model; those that are missing are made."""
    rates = RATES["transformer" if model == "transformer" else "recurrent"]
    tried = [{"learning_rate": rate, "dropout": DROPOUTS[0]} for rate in rates]
    found = []
    for number in range(count):
        if number == 2:
            best = min(found, key=lambda each: each["validation_loss"])
            tried.append({"learning_rate": best["learning_rate"], "dropout": DROPOUTS[1]})
        trial = {"model": model, "seed": 0, **tried[number]}
        if not records.has("trials", **trial):
            record = train_and_score(options, **trial)
            records.add("trials", trial | record)
            show(trial, record)
        found += [each for each in records.read()["trials"] if trial.items() <= each.items()]
    return found


def chosen_settings(records, options, model):
    """The trial of the lowest validation loss."""
    trials = trials_of(records, options, model, SETTINGS["trials"])
    return min(trials, key=lambda each: each["validation_loss"])


def add_run(records, options, model, change, seed, **changed):
    """Puts a run into the records, unless it is there: that of a trial, if it is the same."""
    run = {"model": model, "change": change, "seed": seed}
    if records.has("runs", **run):
        return
    chosen = chosen_settings(records, options, model)
    if change == "none" and seed == 0:
        record = chosen
    else:
        settings = {name: chosen[name] for name in ("learning_rate", "dropout")} | changed
        record = settings | train_and_score(options, model, seed, **settings)
    records.add("runs", run | record)
    show(run, record)


def changes(records, options):
    """One thing at a time is taken away from what was chosen."""
    add_runs(records, options, options.changed_models, CHANGES)


def short(records, options):
    """As many steps as a reader waits for."""
    add_runs(records, options, options.changed_models, {"short": SHORT})


def names(records, options):
    """Names that training never shows."""
    add_runs(records, options, [model for model in options.changed_models if looks(model)], NAMES)


def add_runs(records, options, of_models, changes):
    for seed in options.seeds:
        for model in of_models:
            for change in changes:
                if change in (options.changes or changes):
                    add_run(records, options, model, change, seed, **changes[change])


def beams(records, options):
    """The models of seed 0, decoded with every width, and with every length penalty.

    The validation sentences are for the penalty, which is chosen for the width of all other runs.
    """
    searches = [(TESTS[0], width, penalty) for penalty in (PENALTY, 0.0) for width in WIDTHS]
    searches += [(split, BEAM, penalty) for split in ("val", TESTS[0]) for penalty in PENALTIES]
    for model in options.changed_models:
        chosen = chosen_settings(records, options, model)
        settings = {name: chosen[name] for name in ("learning_rate", "dropout")}
        translator, cut, _ = trained(options, model, 0, **settings)
        for split, width, penalty in searches:
            searched = {"model": model, "split": split, "width": width, "penalty": penalty}
            if not records.has("beams", **searched):
                found = search_scores(translator, cut, split, width, penalty)
                records.add("beams", searched | found)
                show(searched, found)


def train_and_score(options, model, seed, **settings):
    """One record: how it was trained, and its scores on the validation and the test sentences."""
    translator, cut, history = trained(options, model, seed, **settings)
    record = {
        "parameters": translator.count_params(),
        "train_seconds": round(history["seconds"] - history["compile_seconds"], 1),
        "steps": len(history["loss"]),
        "best_step": history["best_step"],
        "validation_loss": round(min(history["validation_loss"]), 4),
        "val": brief_scores(translator, cut),
    }
    record |= {split: test_scores(translator, cut, split) for split in TESTS}
    if settings.get("words") and looks(model):
        for split in TESTS:
            record[split]["unknown"] = unknown_scores(translator, cut, *sentences(split))
    if settings.get("without_names"):
        record["names"] = name_scores(translator, cut, settings.get("words"))
    return record


def trained(options, model, seed, **settings):
    """A trained model, what cuts its sentences, and its history; from its file, if it has ended."""
    settings = DEFAULTS | settings
    corpus = settings["words"], settings["without_names"]
    cut = pieces(*corpus)
    translator = new_model(model, text.Vocabulary(cut.tokens), seed, settings)
    options.cache.mkdir(parents=True, exist_ok=True)
    name = "-".join([model, str(seed), *(f"{settings[name]}" for name in sorted(settings))])
    history = training.train(
        translator,
        load("train", *corpus),
        validation=load("val", *corpus),
        steps=settings["steps"],
        every=EVERY,
        batch_size=BATCH_SIZE,
        learning_rate=settings["learning_rate"],
        smoothing=settings["smoothing"],
        average=settings["average"],
        bins=BINS,
        max_length=LONGEST,
        unknown="replace",
        checkpoint=options.cache / f"{name}.npz",
        seed=seed,
        jit_compile=False,  # XLA takes a minute to compile all shapes, and gains nothing here
        verbose=False,
    )
    return translator, cut, history


def new_model(model, vocabulary, seed, settings):
    """A model that is not trained yet; with tied vectors it has as many parameters as the others."""
    how = {"dropout": settings["dropout"], "tied": settings["tied"]}
    if model == "transformer":
        made = Transformer(vocabulary, vocabulary, seed=seed, **MODELS[model], **how)
    else:
        parts = parts_of({**MODELS[model], "embedding": EMBEDDING, **how})
        made = Variant(vocabulary, vocabulary, parts=parts, seed=seed)
    made.teacher_force([[1]], [[1]])  # all weights are made
    if settings["tied"] and abs(made.count_params() / PARAMETERS - 1) > TOLERANCE:
        raise ValueError(
            f"{model}: expected {PARAMETERS} parameters within {TOLERANCE:.0%}, "
            f"got {made.count_params()}"
        )
    return made


def looks(model):
    """Whether its weights say where it looks."""
    return model in ("bahdanau", "dot", "transformer")


@cache
def sentences(split, without_names=False):
    english, french = datasets.load_multi30k(split)
    if without_names and split == "train":
        held_out = held_out_pairs(english, french)
        kept = [number for number in range(len(english)) if number not in held_out]
        english, french = ([side[number] for number in kept] for side in (english, french))
    return english, french


@cache
def pieces(words, without_names):
    """What cuts sentences of both languages into subwords, or into words."""
    english, french = sentences("train", without_names)
    return (Words if words else text.Subwords).train(english + french, size=SIZE)


@cache
def load(split, words, without_names):
    """The sentence pairs of a split, cut."""
    encode = pieces(words, without_names).encode
    sides = sentences(split, without_names)
    return [
        text.SentencePair(*pair)
        for pair in zip(*(map(encode, side) for side in sides), strict=True)
    ]


def translate(translator, cut, english, width=BEAM, penalty=PENALTY):
    """The translations of sentences, as the model gives them."""
    return translator.translate(
        [cut.encode(sentence) for sentence in english],
        batch_size=max(1, HYPOTHESES // max(width, BEAM)),
        beam_width=width,
        length_penalty=penalty,
        unknown="replace",
    )


def joined(cut, words):
    """A sentence; a word that the model does not know is one wrong word."""
    return cut.decode(f"{WORD_START}UNK" if word == UNKNOWN else word for word in words)


bleu = partial(metrics.bleu, tokenize="13a")


def brief_scores(translator, cut):
    """BLEU on the validation sentences, word by word and with the beam."""
    english, references = sentences("val")
    found = {}
    for name, width in {"greedy": 1, "bleu": BEAM}.items():
        translations = translate(translator, cut, english, width)
        hypotheses = [joined(cut, each.tokens) for each in translations]
        found[name] = round(bleu(hypotheses, references), 2)
    return found


def test_scores(translator, cut, split):
    """All scores on test sentences, by words of the English one where that is meant."""
    english, references = sentences(split)
    greedy = [joined(cut, each.tokens) for each in translate(translator, cut, english, width=1)]
    hypotheses = [joined(cut, each.tokens) for each in translate(translator, cut, english)]
    lengths = [len(sentence.split()) for sentence in english]

    def by_length(metric):
        found = metrics.by_length(metric, hypotheses, references, lengths, BUCKETS)
        found["all"] = metric(hypotheses, references)
        return {bucket: round(value, 3) for bucket, value in found.items()}

    def interval(metric, **how):
        found = metric(hypotheses, references, **how)
        return [round(value, 2) for value in found]  # score, mean, margin

    return {
        "greedy": round(bleu(greedy, references), 2),
        "bleu": interval(metrics.bleu_interval, tokenize="13a"),
        "chrf": interval(metrics.chrf_interval),
        "bleu_by_length": by_length(bleu),
        "length_ratio": by_length(length_ratio),
        "sentences": by_length(lambda hypotheses, references: len(hypotheses)),
    }


def replaced(translator, cut, english):
    """The translations with unknown words as they are, pointed at, and taken in order.

    And how many unknown words there are.
    """
    known, count = set(cut.tokens), 0
    found = {"unknown": [], "pointed": [], "in_order": []}
    for sentence, each in zip(english, translate(translator, cut, english), strict=True):
        source = cut.encode(sentence)
        count += each.tokens.count(UNKNOWN)
        found["unknown"].append(joined(cut, each.tokens))
        found["pointed"].append(joined(cut, pointed(source, each)))
        found["in_order"].append(joined(cut, in_order(source, each, known)))
    return found, count


def unknown_scores(translator, cut, english, references):
    """BLEU of each way to treat unknown words, and how many there are."""
    found, count = replaced(translator, cut, english)
    return {"words": count} | {
        how: round(bleu(hypotheses, references), 2) for how, hypotheses in found.items()
    }


def name_scores(translator, cut, words):
    """On the sentences that were held out of training for their names: BLEU, and names found."""
    english, french = sentences("train")
    held_out = held_out_pairs(english, french)
    english, references = ([side[number] for number in held_out] for side in (english, french))
    of_sentences = list(held_out.values())
    if words:
        found, _ = replaced(translator, cut, english)
    else:
        translations = translate(translator, cut, english)
        found = {"subwords": [joined(cut, each.tokens) for each in translations]}
    scores = {"sentences": len(english), "names": sum(map(len, of_sentences))}
    for how, hypotheses in found.items():
        scores[how] = {
            "bleu": round(bleu(hypotheses, references), 2),
            "recall": round(recall(of_sentences, hypotheses), 4),
        }
    return scores


def search_scores(translator, cut, split, width, penalty):
    """BLEU, and what the search does to the translations."""
    english, references = sentences(split)
    translations = translate(translator, cut, english, width, penalty)
    hypotheses = [joined(cut, each.tokens) for each in translations]
    return {
        "bleu": round(bleu(hypotheses, references), 2),
        "length_ratio": round(length_ratio(hypotheses, references), 4),
        "empty": sum(not hypothesis for hypothesis in hypotheses),
    }


PARTS = {"models": models, "beams": beams, "changes": changes, "short": short, "names": names}


def arguments(args=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--changed-models", nargs="+", choices=MODELS, default=["transformer"])
    parser.add_argument("--changes", nargs="+", choices=[*CHANGES, *NAMES, "short"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    text = "make only the first so many trials of each model, and no runs yet"
    parser.add_argument("--trials", type=int, default=SETTINGS["trials"], help=text)
    cache_folder = Path.home() / ".cache" / "attention_helpers" / "multi30k_runs"
    parser.add_argument("--cache", type=Path, default=cache_folder)
    parser.add_argument("--output", type=Path, default=DATA / "multi30k.json")
    return parser.parse_args(args)


if __name__ == "__main__":
    main(arguments())
