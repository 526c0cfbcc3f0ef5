"""BLEU on real sentences: Multi30k English to French, with and without attention.

    python experiments/real_sentences.py --jobs 2

Writes book/data/real_sentences.json. Needs the corpus (from the network, or from the folder that
ATTENTION_HELPERS_DATA names) and sentencepiece; stores no sentence of it.
"""

from common import arguments, run_all

from attention_helpers import datasets, metrics, text

BUCKETS = ((1, 10), (11, 15), (16, 20), (21, 40))  # words of the English sentence
SUBWORDS = 3_000  # joint: both languages share them
TRAINING = {"batch_size": 64, "learning_rate": 6e-3}
STEPS = 2_600
LONGEST = 40  # subwords a sentence of the training data: the few longer ones would set the padding
SHARED = {"embedding_dim": 128, "dropout": 0.1}
# As on the book's own corpus, the model with one vector has more parameters.
MODELS = {
    "fixed": {"attention": None, "units": 160, **SHARED},
    "bahdanau": {"attention": "bahdanau", "units": 96, **SHARED},
}
SETTINGS = {
    "subwords": SUBWORDS,
    "steps": STEPS,
    "longest": LONGEST,
    **TRAINING,
    "models": MODELS,
    "test": "test_2016_flickr",
    "signature": metrics.bleu_signature("13a"),
}


def load(split, subwords):
    """The sentence pairs of a split, cut into subwords."""
    english, french = datasets.load_multi30k(split)
    pairs = zip(map(subwords.encode, english), map(subwords.encode, french), strict=True)
    return [text.SentencePair(source, target) for source, target in pairs]


def run(name, seed):
    """Train one model on the training split and score it on test 2016: one record."""
    from attention_helpers.seq2seq import Seq2Seq
    from attention_helpers.training import train

    english, french = datasets.load_multi30k("train")
    subwords = text.Subwords.train(english + french, size=SUBWORDS)
    vocabulary = text.Vocabulary(subwords.tokens)
    model = Seq2Seq(vocabulary, vocabulary, **MODELS[name], seed=seed)
    history = train(
        model,
        load("train", subwords),
        steps=STEPS,
        max_length=LONGEST,
        **TRAINING,
        seed=seed,
        verbose=False,
    )
    english, references = datasets.load_multi30k(SETTINGS["test"])
    sources = [subwords.encode(sentence) for sentence in english]
    hypotheses = [subwords.decode(t.tokens) for t in model.translate(sources)]
    lengths = [len(sentence.split()) for sentence in english]

    def bleu(hypotheses, references):
        return metrics.bleu(hypotheses, references, tokenize="13a")

    def by_length(metric):
        return metrics.by_length(metric, hypotheses, references, lengths, BUCKETS)

    return {
        "model": name,
        "seed": seed,
        "parameters": model.count_params(),
        "steps": STEPS,
        "train_seconds": round(history["seconds"], 1),
        "tokens_per_second": round(history["tokens_per_second"]),
        "bleu": round(bleu(hypotheses, references), 2),
        "bleu_by_length": {bucket: round(score, 2) for bucket, score in by_length(bleu).items()},
        "sentences_by_length": by_length(lambda hypotheses, references: len(hypotheses)),
    }


if __name__ == "__main__":
    run_all(run, arguments(__doc__, list(MODELS), [0], "real_sentences.json"), SETTINGS)
