"""Draw the README's figure, BLEU by sentence length in two orders, from the book's own numbers."""

import hashlib
import json

import matplotlib

matplotlib.use("agg")

from frame import ROOT

from attention_helpers.plots import bleu_by_order

DATA = ROOT / "book/data/one_change.json"
FIGURE = ROOT / "book/_static/headline.png"

# The finding in one look, as the first page draws it; the chapters show the other models.
LABELS = {"mean": "one mean", "moving": "walks along", "bahdanau": "attention"}
TITLES = {"natural": "French in order", "mirrored": "French mirrored"}

Scores = dict[str, dict[str, dict[str, list[float]]]]


def data_digest() -> str:
    """Return what tells one state of the numbers shown from another."""
    shown = json.dumps(scores(), sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()


def scores() -> Scores:
    """Return BLEU of what is shown as {order: {model: {bucket: [one score a seed]}}}."""
    runs = json.loads(DATA.read_text(encoding="utf-8"))["runs"]
    found: Scores = {order: {model: {} for model in LABELS} for order in TITLES}
    for run in runs:
        if run["order"] in TITLES and run["variant"] in LABELS:
            of_model = found[run["order"]][run["variant"]]
            for bucket, bleu in run["bleu"].items():
                of_model.setdefault(bucket, []).append(bleu)
    return found


def main() -> None:
    figure = bleu_by_order(scores(), labels=LABELS, titles=TITLES)[0].figure
    box = {"bbox_inches": "tight", "pad_inches": 0.15}
    figure.savefig(FIGURE, dpi=160, metadata={"Source": data_digest()}, **box)
    print(FIGURE)


if __name__ == "__main__":
    main()
