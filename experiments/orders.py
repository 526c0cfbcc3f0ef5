"""The orders of the French words of `one_change.py`: the words and the links stay, the places change."""

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

    Where a clause begins, the conjunctions of the source decide: no rule of places alone finds it.
    """
    joints = {i for i, word in enumerate(pair.source) if word in CONJUNCTIONS}
    joined = {j for i, j in pair.possible if i in joints}
    parts, last = [[]], len(pair.target) - 1  # the full stop stays where it is
    for j in range(last):
        if j and (j in joined) != (j - 1 in joined):
            parts.append([])
        parts[-1].append(j)
    return reordered(pair, [*(j for part in parts[::-1] for j in part), last])


ORDERS = {"natural": natural, "mirrored": mirrored, "clauses": clauses}
