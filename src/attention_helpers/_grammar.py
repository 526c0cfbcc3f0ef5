"""Phrases and clauses: what writes a sentence in both languages at once.

A builder is given a random number generator and the number of English words that it has to fill,
and returns pieces. Pieces concatenate; what changes order (adjectives, negation, possessors) does
so inside one piece.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from ._lexicon import (
    A_NOT_AN,
    ADJECTIVES_OF,
    ADVERBIALS_OF,
    AN,
    ARTICLES,
    AS,
    AS_THAN,
    BE,
    BEHIND_NOUN,
    BEHIND_VERB,
    CONJUNCTION_LIST,
    CONTRACTION,
    DETERMINERS_OF,
    ELISION,
    FREQUENCY_WORDS,
    GROUP_LENGTHS,
    INTRANSITIVE,
    NAMES,
    NOUNS_OF,
    OF,
    POSSESSOR_DETERMINERS,
    PREDICATES_OF,
    PRONOUNS,
    SAYING,
    SHAPES,
    SOME_BEFORE_ADJECTIVE,
    STOP,
    TAKING,
    THAT,
    THAT_SUBJECT,
    TRANSITIVE,
    VERY,
    VOWELS,
    WHO,
    Adjective,
    Determiner,
    Fitting,
    Head,
    Link,
    Noun,
    Piece,
    Verb,
)
from .text import SentencePair

SHORTEST, LONGEST = 5, 60  # English words of a sentence, the full stop included

Option = TypeVar("Option")

# --------------------------------------------------------------------------------------------
# Noun phrases
# --------------------------------------------------------------------------------------------


def pick(rng: random.Random, options: Sequence[Option]) -> Option:
    """One of the options; `rng.random` gives the same numbers in every version of Python."""
    return options[int(rng.random() * len(options))]


def arrange(pieces: Sequence[Piece], order: Sequence[int]) -> Piece:
    """One piece out of several: their English as it comes, their French in another order.

    Args:
        pieces: in the English order.
        order: positions in `pieces`, in the French order.

    Returns:
        A `Piece`.

    Example:
        >>> from attention_helpers._lexicon import unit
        >>> piece = arrange([unit("black", "noirs"), unit("cats", "chats")], [1, 0])
        >>> piece.target, piece.sure
        (('chats', 'noirs'), ((0, 1), (1, 0)))
    """
    starts = [0] * len(pieces)
    target: tuple[str, ...] = ()
    for k in order:
        starts[k] = len(target)
        target += pieces[k].target
    source: tuple[str, ...] = ()
    sure: tuple[Link, ...] = ()
    maybe: tuple[Link, ...] = ()
    for piece, to in zip(pieces, starts, strict=True):
        at = len(source)
        sure += tuple([(i + at, j + to) for i, j in piece.sure])
        if piece.maybe:
            maybe += tuple([(i + at, j + to) for i, j in piece.maybe])
        source += piece.source
    return Piece(source, target, sure, maybe)


@lru_cache(maxsize=2**14)
def noun_group(determiner: Determiner, adjectives: tuple[Adjective, ...], noun: Noun) -> Piece:
    """Determiner, adjectives and noun as one piece, in the order of each language.

    Args:
        determiner: a `Determiner`; the noun takes its number from it.
        adjectives: in the English order: before, outer, inner (each at most once).
        noun: a `Noun`.

    Returns:
        A `Piece`.

    Example:
        >>> from attention_helpers._lexicon import ADJECTIVE_LIST, DETERMINER_LIST, NOUN_LIST
        >>> noun = next(n for n in NOUN_LIST if n.pieces[0].source == ("area",))
        >>> european, economic = (a for a in ADJECTIVE_LIST
        ...                       if a.pieces[0][0].source[0] in ("european", "economic"))
        >>> piece = noun_group(DETERMINER_LIST[2], (european, economic), noun)
        >>> " ".join(piece.source), " ".join(piece.target)
        ('this european economic area', 'cette zone économique européenne')
    """
    first = determiner.pieces[noun.gender]
    described, order = describe(determiner.plural, adjectives, noun)
    if first.target == ("des",) and adjectives and adjectives[0].place == "before":
        first = SOME_BEFORE_ADJECTIVE  # des chats, but de petits chats
    following = described[0].source[0]
    if first.source == ("a",) and following[0] in "aeiou" and following not in A_NOT_AN:
        first = AN[noun.gender]
    return arrange([first, *described], [0, *[k + 1 for k in order]])


def describe(
    plural: int, adjectives: tuple[Adjective, ...], noun: Noun
) -> tuple[list[Piece], list[int]]:
    """The pieces of adjectives and noun in the English order, and their French order."""
    pieces = [a.pieces[plural][noun.gender] for a in adjectives]
    last = len(adjectives)
    before = int(last > 0 and adjectives[0].place == "before")
    if before and noun.vowel and not plural and not noun.gender:
        pieces[0] = adjectives[0].before_vowel
    return [*pieces, noun.pieces[plural]], [*range(before), last, *range(last - 1, before - 1, -1)]


def draw_noun_group(rng: random.Random, length: int, kind: str, use: str) -> tuple[Piece, Head]:
    """A determiner, up to three adjectives and a noun: a piece and its `Head`."""
    d, places, n = pick(rng, SHAPES[kind, use][length])
    determiner, noun = pick(rng, DETERMINERS_OF[use, d]), pick(rng, NOUNS_OF[kind, n])
    adjectives: tuple[Adjective, ...] = ()
    if places:
        adjectives = tuple([pick(rng, ADJECTIVES_OF[kind, place]) for place in places])
    head = Head(kind, noun.gender, determiner.plural, adjectives)
    return noun_group(determiner, adjectives, noun), head


def possessive(
    possessor: Piece, plural: int, adjectives: tuple[Adjective, ...], noun: Noun
) -> Piece:
    """A possessor and what it has: "the king 's old cat" = "le vieux chat de le roi".

    The article that English does not say is possibly linked with the noun.
    """
    described, order = describe(plural, adjectives, noun)
    pieces = [possessor, OF, *described]
    whole = arrange(pieces, [*[k + 2 for k in order], 1, 0])
    source, target, sure, maybe = whole
    article = ARTICLES[plural][noun.gender]
    sure = tuple([(i, j + 1) for i, j in sure])
    maybe = (*[(i, j + 1) for i, j in maybe], (len(source) - len(noun.pieces[0].source), 0))
    whole = Piece(source, (article, *target), sure, maybe)
    return contract(whole, len(whole.target) - len(possessor.target) - 1)


def contract(piece: Piece, at: int) -> Piece:
    """Contract the preposition at position `at` of the French with the article behind it.

    "du" says two English words at once, so the links of both become possible ones.

    Example:
        >>> from attention_helpers._lexicon import unit
        >>> piece = contract(arrange([unit("near", "près de", "0-0"), unit("the", "le"),
        ...                           unit("cat", "chat")], [0, 1, 2]), 1)
        >>> piece.target, piece.sure, piece.maybe
        (('près', 'du', 'chat'), ((0, 0), (2, 2)), ((0, 1), (1, 1)))
    """
    source, target, sure, maybe = piece
    merged = CONTRACTION.get(" ".join(target[at : at + 2]))
    if merged is None or merged in ("du", "au") and target[at + 2][0] in VOWELS:
        return piece
    target = (*target[:at], merged, *target[at + 2 :])
    moved = [(i, j - (j > at)) for i, j in sure]
    doubtful = [(i, j - (j > at)) for i, j in maybe] + [link for link in moved if link[1] == at]
    sure = tuple(link for link in moved if link[1] != at)
    return Piece(source, target, sure, tuple(dict.fromkeys(doubtful)))


def draw_possessor(rng: random.Random) -> Piece:
    """Two words for one person: of several, English would write "the kings ' cat"."""
    return noun_group(pick(rng, POSSESSOR_DETERMINERS), (), pick(rng, NOUNS_OF["p", 1]))


def draw_possessive(rng: random.Random, length: int, kind: str) -> tuple[Piece, Head]:
    """A possessive noun phrase of 3 English words or more (possessor, 's, at most 2 adjectives)."""
    one_word = length == 3 or length < 7 and rng.random() < 0.5
    possessor = pick(rng, NAMES)[0] if one_word else draw_possessor(rng)
    more = length - len(possessor.source) - 2
    places = ((), (pick(rng, ("before", "outer", "inner")),), ("before", "outer"))[more]
    adjectives = tuple([pick(rng, ADJECTIVES_OF[kind, place]) for place in places])
    noun, plural = pick(rng, NOUNS_OF[kind, 1]), int(rng.random() < 0.5)
    return possessive(possessor, plural, adjectives, noun), Head(
        kind, noun.gender, plural, adjectives
    )


def noun_phrase(
    rng: random.Random, length: int, kind: str, use: str = "any", subject: bool = False
) -> tuple[list[Piece], Head]:
    """A noun phrase of exactly `length` English words.

    Args:
        rng: a `random.Random`.
        length: at least 1 for people (a name or a pronoun), at least 2 for everything else.
        kind: one of `KINDS`.
        use: which determiners may open it: a key of `DETERMINER_USES`.
        subject: whether "he" and "everyone" are allowed.

    Returns:
        A list of pieces, and the `Head`.
    """
    if length == 1:
        single = pick(rng, PRONOUNS["any" if use == "any" else "definite"] if subject else NAMES)
        return [single[0]], single[1]
    if 3 <= length <= 5 and rng.random() < 0.15:
        piece, head = draw_possessive(rng, length, kind)
        return [piece], head
    group = length if length < 4 else pick(rng, GROUP_LENGTHS[min(length, 7)])
    piece, head = draw_noun_group(rng, group, kind, use)
    rest = length - group
    if not rest:
        return [piece], head
    if kind != "m" and rng.random() < 0.35:
        return [piece, *prepositional_phrase(rng, rest, BEHIND_NOUN[kind])], head
    return [piece, *relative_clause(rng, rest, head)], head


def prepositional_phrase(rng: random.Random, length: int, prepositions: Fitting) -> list[Piece]:
    """A preposition and its noun phrase, `length` English words together (3 or more)."""
    preposition = pick(rng, prepositions[min(length, 5)])
    left = length - len(preposition.piece.source)
    kind = "p" if left == 1 else pick(rng, preposition.kinds)
    pieces, _ = noun_phrase(rng, left, kind, preposition.determiners)
    both = arrange([preposition.piece, pieces[0]], (0, 1))
    return [contract(both, len(preposition.piece.target) - 1), *pieces[1:]]


# --------------------------------------------------------------------------------------------
# Predicates and clauses
# --------------------------------------------------------------------------------------------


def draw_verb(
    rng: random.Random, verb: Verb, plural: int, negated: bool, room: int
) -> Piece | None:
    """One form of the verb, at most `room` English words long; None if there is none."""
    options = verb.up_to[plural][negated].get(min(room, 5))
    return pick(rng, options) if options else None


def relative_clause(rng: random.Random, length: int, head: Head) -> list[Piece]:
    """A relative clause of `length` English words, 3 or more, behind its noun.

    "that" is "qui" in front of a verb and "que" in front of a subject.
    """
    negated = rng.random() < 0.2
    if TAKING[head.kind] and rng.random() < 0.4:
        verb = pick(rng, TAKING[head.kind])
        kind = pick(rng, verb.subjects)
        use = "definite" if negated else "any"
        size = pick(rng, range(1 if kind == "p" else 2, 5))
        groups = verb.groups[0][negated]
        if length - 1 - size in groups:
            subject, who = noun_phrase(rng, size, kind, use, subject=True)
            group = pick(rng, verb.groups[who.plural][negated][length - 1 - size])
            return [THAT, *subject, group]
    opening = WHO if head.kind == "p" else THAT_SUBJECT
    return [opening, *predicate(rng, length - 1, head, negated)]


def predicate(rng: random.Random, length: int, head: Head, negated: bool) -> list[Piece]:
    """A verb that agrees with `head`, and what follows it: `length` English words."""
    draw = rng.random()
    if draw < (0.2 if TRANSITIVE[head.kind] else 0.75):
        pieces = attribute(rng, length, head, negated)
    elif (draw < 0.9 or length == 3) and TRANSITIVE[head.kind]:
        pieces = transitive(rng, length, head, negated)
    else:
        pieces = None
    return pieces or intransitive(rng, length, head, negated)


def intransitive(rng: random.Random, length: int, head: Head, negated: bool) -> list[Piece]:
    """A verb without object, and an adverbial if there is room for one."""
    verb = pick(rng, INTRANSITIVE[head.kind])
    group = draw_verb(rng, verb, head.plural, negated, length)
    assert group is not None  # an intransitive verb is one word, two or three when negated
    return [group, *adverbial(rng, length - len(group.source), head.kind, group)]


def transitive(rng: random.Random, length: int, head: Head, negated: bool) -> list[Piece] | None:
    """A verb, its object, and perhaps an adverbial; None if `length` is too short."""
    verb = pick(rng, TRANSITIVE[head.kind])
    kind = pick(rng, verb.objects)
    group = draw_verb(rng, verb, head.plural, negated, length - (1 if kind == "p" else 2))
    if group is None:
        return None
    left = length - len(group.source)
    rest = 0 if left < 3 or rng.random() < 0.5 else 1 + int(rng.random() * min(left - 2, 6))
    pieces, _ = noun_phrase(rng, left - rest, kind, "definite" if negated else "any")
    return [group, *pieces, *adverbial(rng, rest, head.kind, group)]


def attribute(rng: random.Random, length: int, head: Head, negated: bool) -> list[Piece] | None:
    """To be and an adjective that agrees with `head`, alone, with "very" or compared."""
    groups = BE.groups[head.plural][negated]
    sizes = [n for n in groups if length - n in (1, 2) or length - n > 4]
    if not sizes:
        return None
    size = pick(rng, sizes)
    left = length - size
    new = [a for a in PREDICATES_OF[head.kind] if a not in head.adjectives]
    adjective = pick(rng, new).pieces[head.plural][head.gender]
    start = [pick(rng, groups[size])]
    if left < 3:
        return [*start, *[VERY] * (left - 1), adjective]
    pieces, _ = noun_phrase(rng, left - 3, head.kind, "definite")
    return [*start, AS, adjective, AS_THAN, *pieces]


def adverbial(rng: random.Random, length: int, kind: str, group: Piece) -> list[Piece]:
    """A time, a place, company or a reason in `length` English words (0: nothing)."""
    if not length:
        return []
    if length < 3 or length == 3 and (kind == "m" or rng.random() < 0.5):
        return [pick(rng, ADVERBIALS_OF[length, not FREQUENCY_WORDS.isdisjoint(group.source)])]
    return prepositional_phrase(rng, length, BEHIND_VERB[kind])


def clause(rng: random.Random, length: int) -> list[Piece]:
    """A subject and a predicate, `length` English words (4 or more) together."""
    kind = pick(rng, "ppppppaaaammtfl")
    negated = rng.random() < (0.25 if length > 5 else 0.08)
    least = 1 if kind == "p" else 2
    room = min(length - 1 - negated, 8) - least + 1
    size = least + int(room * rng.random() ** (2 if length > 5 else 0.6))
    use = "definite" if negated else "any"
    subject, head = noun_phrase(rng, size, kind, use, subject=True)
    left = length - size
    if kind == "p" and not negated and left > 6 and rng.random() < 0.35:
        group = draw_verb(rng, pick(rng, SAYING), head.plural, False, 2)
        assert group is not None  # one word or, in the future or with an adverb, two
        return [*subject, group, THAT, *clause(rng, left - len(group.source) - 1)]
    return [*subject, *predicate(rng, left, head, negated)]


def sentence(rng: random.Random, length: int) -> list[Piece]:
    """Clauses joined by conjunctions and a full stop: `length` English words, a list of pieces."""
    pieces, left = [], length - 1
    while left > 15 or left > 8 and rng.random() < 0.5:
        size = 4 + int(rng.random() * (min(left - 5, 12) - 3))
        pieces += clause(rng, size)
        pieces.append(pick(rng, CONJUNCTION_LIST))
        left -= size + 1
    return [*pieces, *clause(rng, left), STOP]


# --------------------------------------------------------------------------------------------
# Whole sentences
# --------------------------------------------------------------------------------------------


# One object for each link there can be, so that a corpus is small and quickly made. No English
# word has more than three French ones.
LINKS = [[(i, j) for j in range(3 * LONGEST)] for i in range(LONGEST)]


def elide(target: Sequence[str]) -> list[str]:
    """French words with the elisions (and "cet", "mon") that the next word asks for.

    Example:
        >>> elide(["le", "oiseau", "ne", "est", "pas", "sur", "ma", "école"])
        ["l'", 'oiseau', "n'", 'est', 'pas', 'sur', 'mon', 'école']
    """
    following = [*target[1:], "."]
    return [
        ELISION[word] if word in ELISION and after[0] in VOWELS else word
        for word, after in zip(target, following, strict=True)
    ]


def assemble(pieces: Iterable[Piece]) -> SentencePair:
    """The `SentencePair` that the pieces make in a row."""
    source: list[str] = []
    target: list[str] = []
    sure: list[Link] = []
    maybe: list[Link] = []
    for piece in pieces:
        at, to = len(source), len(target)
        source += piece.source
        target += piece.target
        sure += [LINKS[i + at][j + to] for i, j in piece.sure]
        if piece.maybe:
            maybe += [LINKS[i + at][j + to] for i, j in piece.maybe]
    links = frozenset(sure)
    return SentencePair(tuple(source), tuple(elide(target)), links, links.union(maybe))
