"""Draw the README's figure, BLEU by sentence length, from the book's own numbers."""

import hashlib
import json

import matplotlib

matplotlib.use("agg")

from frame import ROOT

from attention_helpers.plots import bleu_by_length

DATA = ROOT / "book/data/bottleneck_by_length.json"
FIGURE = ROOT / "book/_static/headline.png"

# The finding in one look, as the first page draws it; the chapters show the other models.
MODELS = ("fixed", "fixed-long", "bahdanau", "dot")


def data_digest() -> str:
    """Return what tells one state of the data from another."""
    return hashlib.sha256(DATA.read_bytes()).hexdigest()


def scores_by_model(runs: list[dict]) -> dict[str, dict[str, list[float]]]:
    """Return BLEU of the models shown as {model: {bucket: [one score a seed]}}."""
    scores: dict = {}
    for run in runs:
        if run["model"] not in MODELS:
            continue
        for bucket, bleu in run["bleu"].items():
            scores.setdefault(run["model"], {}).setdefault(bucket, []).append(bleu)
    return scores


def main() -> None:
    runs = json.loads(DATA.read_text(encoding="utf-8"))["runs"]
    figure = bleu_by_length(scores_by_model(runs)).figure
    box = {"bbox_inches": "tight", "pad_inches": 0.15}
    figure.savefig(FIGURE, dpi=160, metadata={"Source": data_digest()}, **box)
    print(FIGURE)


if __name__ == "__main__":
    main()
