"""Sentences of a batch, and heads, are apart from each other."""

from __future__ import annotations

import numpy as np

from .registry import must_hold
from .results import ATTENTION
from .subject import Case, Subject, changed, differs, parts_alone, unequal

HEADS = "Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.2; bentrevett/pytorch-seq2seq#83, #148"


@must_hold(
    why="What one sentence says must not be heard in another.",
    source=f"{ATTENTION}, for each sentence",
)
def sentences_apart(attention: Subject, case: Case) -> str | None:
    case = attention.case(2, *case.sizes[1:])
    other = attention.case(2, *case.sizes[1:])
    last = changed(other.sentences([1]), keys=slice(None), queries=slice(None))
    both = (
        np.concatenate(pair) for pair in zip(case.sentences([0]).arrays, last.arrays, strict=True)
    )
    got, expected = attention(Case(*both)), attention(case)
    return unequal(
        "another sentence beside it, the context",
        got.context[:1],
        expected.context[:1],
        attention.tolerance,
    )


@must_hold(
    why="A translation must not depend on the batch it came in.",
    source=f"{ATTENTION}, for each sentence; tensorflow/tensorflow#43941",
)
def sentence_alone(attention: Subject, case: Case) -> str | None:
    case = attention.case(17, *case.sizes[1:])
    together = attention(case)
    for number in (0, 1, 16):
        alone = attention(case.sentences([number]))
        rows = (None if array is None else array[[number]] for array in together)
        found = differs(
            attention,
            f"sentence {number} of 17 alone",
            alone,
            type(alone)(*rows),  # type: ignore[arg-type]
        )
        if found:
            return found
    return None


@must_hold(
    why="The last batch of an epoch is smaller: a size that was remembered from the first does not fit.",
    source="NVIDIA-NeMo/Megatron-Bridge#3117",
)
def smaller_batch(attention: Subject, case: Case) -> str | None:
    case = attention.case(3, *case.sizes[1:])
    whole = attention(case).context
    return unequal(
        "two sentences after a batch of three, the context",
        attention(case.sentences(slice(0, 2))).context,
        whole[:2],
        10 * attention.tolerance,
    )


@must_hold(
    why="A view in place of a transpose mixes the heads with the words, and every shape is right.",
    source=HEADS,
    needs="heads",
)
def heads_apart(attention: Subject, case: Case) -> str | None:
    whole = attention.case(*case.sizes, heads=(3,))
    return parts_alone(
        attention,
        attention(whole).context.swapaxes(0, 1),
        {f"head {head} of 3 alone": (of_head(whole, head),) for head in range(3)},
    )


@must_hold(
    why="One mask of a sentence serves all its heads: lined up with the wrong axis it fits when the two "
    "are equal.",
    source=HEADS,
    needs="heads masks",
)
def mask_of_heads(attention: Subject, case: Case) -> str | None:
    batch = case.sizes[0]
    whole = attention.case(*case.sizes, heads=(batch,))
    mask = attention.some_mask(case)
    return parts_alone(
        attention,
        attention(whole, mask[:, None]).context.swapaxes(0, 1),
        {
            f"a mask (b, 1, q, k), head {head} alone": (of_head(whole, head), mask)
            for head in range(batch)
        },
    )


def of_head(case: Case, head: int) -> Case:
    return Case(*(array[:, head] for array in case.arrays))
