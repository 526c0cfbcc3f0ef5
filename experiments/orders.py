"""The orders of the French words of `one_change.py`: the words and the links stay, the places change."""

from itertools import chain

from attention_helpers.text import SentencePair

CONJUNCTIONS = frozenset({"and", "but", "because", "whereas"})  # between clauses, and only there


def reordered(pair, places):
    """The pair with the French word of each of the places in turn; its links move with it."""
    now = {old: new for new, old in enumerate(places)}

    def moved(links):
        return frozenset((i, now[j]) for i, j in links)

    target = tuple(pair.target[j] for j in places)
    return SentencePair(pair.source, target, moved(pair.sure), moved(pair.possible))


def natural(pair):
    """French as it is, in an order near that of English."""
    return pair


def mirrored(pair):
    """The last word first: a word near the start translates one near the end."""
    return reordered(pair, range(len(pair.target))[::-1])


def clauses(pair):
    """The last clause first; inside a clause and a conjunction the words keep their order.

    Where a clause begins, the conjunctions of the source decide.
    """
    parts = parts_of(pair)
    return reordered(pair, [*chain(*reversed(parts)), len(pair.target) - 1])


def alphabetical(pair):
    """The clauses in the alphabetical order of their first English words, the conjunctions between.

    Clauses that begin alike keep their order. Where a clause stands, no rule of places finds.
    """
    parts = parts_of(pair)
    starts = [0, *(i + 1 for i, word in enumerate(pair.source) if word in CONJUNCTIONS)]
    of_clauses = sorted(range(len(starts)), key=lambda n: pair.source[starts[n]])
    parts[::2] = [parts[2 * n] for n in of_clauses]
    return reordered(pair, [*chain(*parts), len(pair.target) - 1])


def parts_of(pair):
    """The places of the French words: a clause, a conjunction, a clause and so on; no full stop."""
    joints = {i for i, word in enumerate(pair.source) if word in CONJUNCTIONS}
    joined = {j for i, j in pair.possible if i in joints}
    parts = [[]]
    for j in range(len(pair.target) - 1):
        if j and (j in joined) != (j - 1 in joined):
            parts.append([])
        parts[-1].append(j)
    return parts


ORDERS = {
    "natural": natural,
    "mirrored": mirrored,
    "clauses": clauses,
    "alphabetical": alphabetical,
}
