"""An English-French corpus from a grammar, with gold word alignments.

Every sentence is derived from a small grammar that writes both languages at once, so that which
word translates which is known rather than estimated. A phrase builder returns *pieces*: a few
English words, their French translation, and the links between them. Pieces concatenate; what
changes order (adjectives, negation, possessors) does so inside one piece.

Four conventions:

* **One English sentence has one French translation.** Gender and number come from the English
  noun; no synonym is chosen at random, and a relative clause always modifies the noun just before
  it.
* **The length is planned, not awaited.** Every builder receives the number of English words that
  it has to fill, and divides them among its parts.
* **Spelling across words** is done in two places: `contract` (de + le = du) where a preposition
  meets a noun phrase, and `elide` (le + oiseau = l' oiseau) over the finished sentence.
* **Links** are *sure* (this word is that word) or *possible* (this word has to do with that one).
  Within a unit such as "next to" = "à côté de" every pair is possible and the main pairs are
  sure. Auxiliaries (will, does) and particles (look *for*) are possible with the verb; an article
  that only French has, with its noun; "du", which says two English words at once, with both. Of
  the two words that "not" or "never" becomes, the first (ne) is sure; the second (pas, jamais),
  which a reader of the first already expects, is possible. Every word has at least one link.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

from ._arguments import integer
from .text import SentencePair, Vocabulary

__all__ = ["generate_pairs", "source_vocabulary", "target_vocabulary"]

SHORTEST, LONGEST = 5, 60
TEST_SHARE = 8  # one sentence in eight belongs to the test split
MOST_REDRAWS = 10  # of a sentence that was drawn before; then it may occur again

# --------------------------------------------------------------------------------------------
# Lexicon. The first column says which kinds of noun a word is, or goes with:
# p people, a animals, t things, f food, l places, m matters of state.
# --------------------------------------------------------------------------------------------

NOUNS = """
p | man            | men             | homme           | m
p | woman          | women           | femme           | f
p | child          | children        | enfant          | m
p | king           | kings           | roi             | m
p | queen          | queens          | reine           | f
p | doctor         | doctors         | médecin         | m
p | neighbour      | neighbours      | voisin          | m
p | farmer         | farmers         | fermier         | m
p | nurse          | nurses          | infirmière      | f
p | minister       | ministers       | ministre        | m
p | police officer | police officers | policier        | m
a | cat            | cats            | chat            | m
a | dog            | dogs            | chien           | m
a | horse          | horses          | cheval          | m
a | bird           | birds           | oiseau          | m
a | cow            | cows            | vache           | f
a | hen            | hens            | poule           | f
a | mouse          | mice            | souris          | f
a | wolf           | wolves          | loup            | m
t | car            | cars            | voiture         | f
t | book           | books           | livre           | m
t | hat            | hats            | chapeau         | m
t | key            | keys            | clé             | f
t | newspaper      | newspapers      | journal         | m
t | toothbrush     | toothbrushes    | brosse à dents  | f
t | alarm clock    | alarm clocks    | réveil          | m
f | apple          | apples          | pomme           | f
f | potato         | potatoes        | pomme de terre  | f
f | cake           | cakes           | gâteau          | m
f | orange         | oranges         | orange          | f
l | house          | houses          | maison          | f
l | garden         | gardens         | jardin          | m
l | school         | schools         | école           | f
l | church         | churches        | église          | f
l | castle         | castles         | château         | m
l | hotel          | hotels          | hôtel           | m
l | swimming pool  | swimming pools  | piscine         | f
m | area           | areas           | zone            | f
m | policy         | policies        | politique       | f
m | agreement      | agreements      | accord          | m
m | project        | projects        | projet          | m
m | idea           | ideas           | idée            | f
m | law            | laws            | loi             | f
"""

# before: in front of its French noun. outer, inner: after it; English says outer inner noun,
# French noun inner outer. A star marks adjectives that can also follow "to be".
ADJECTIVES = """
patfl | before * | small     | petit      | petite
atl   | before * | large     | grand      | grande
patl  | before * | old       | vieux      | vieille    | vieil
pa    | before * | young     | jeune      | jeune
patl  | before * | beautiful | beau       | belle      | bel
tlm   | before   | new       | nouveau    | nouvelle   | nouvel
afm   | before * | good      | bon        | bonne
pa    | outer  * | happy     | heureux    | heureuse
pa    | outer  * | tired     | fatigué    | fatiguée
palm  | outer  * | dangerous | dangereux  | dangereuse
tlm   | outer  * | modern    | moderne    | moderne
tfl   | outer  * | expensive | cher       | chère
pm    | outer  * | important | important  | importante
m     | outer    | european  | européen   | européenne
at    | inner    | black     | noir       | noire
atl   | inner    | white     | blanc      | blanche
tf    | inner    | red       | rouge      | rouge
tf    | inner    | green     | vert       | verte
pl    | inner    | french    | français   | française
ptl   | inner    | foreign   | étranger   | étrangère
m     | inner    | economic  | économique | économique
m     | inner    | social    | social     | sociale
m     | inner    | public    | public     | publique
"""

# subjects > objects | English, he/she form | French il form, ils form, future il form
VERBS = """
pa > patfl    | see       | sees       | voit      | voient       | verra
pa > pa       | follow    | follows    | suit      | suivent      | suivra
pa > patfl    | look for  | looks for  | cherche   | cherchent    | cherchera
pa > pa       | wait for  | waits for  | attend    | attendent    | attendra
pa > pa       | listen to | listens to | écoute    | écoutent     | écoutera
pam > pal     | protect   | protects   | protège   | protègent    | protégera
pm > pa       | help      | helps      | aide      | aident       | aidera
p > plm       | know      | knows      | connaît   | connaissent  | connaîtra
p > atf       | buy       | buys       | achète    | achètent     | achètera
p > atf       | hide      | hides      | cache     | cachent      | cachera
p > at        | lose      | loses      | perd      | perdent      | perdra
pa > f        | eat       | eats       | mange     | mangent      | mangera
pa > l        | leave     | leaves     | quitte    | quittent     | quittera
p > pm        | defend    | defends    | défend    | défendent    | défendra
p > m         | explain   | explains   | explique  | expliquent   | expliquera
p > m         | study     | studies    | étudie    | étudient     | étudiera
pa >          | sleep     | sleeps     | dort      | dorment      | dormira
pa >          | run       | runs       | court     | courent      | courra
p >           | sing      | sings      | chante    | chantent     | chantera
p >           | work      | works      | travaille | travaillent  | travaillera
p >           | laugh     | laughs     | rit       | rient        | rira
patf >        | fall      | falls      | tombe     | tombent      | tombera
tflm >        | disappear | disappears | disparaît | disparaissent | disparaîtra
lm >          | change    | changes    | change    | changent     | changera
p > that      | say       | says       | dit       | disent       | dira
p > that      | think     | thinks     | pense     | pensent      | pensera
patflm > be   | be        | is         | est       | sont         | sera
"""

# number | English | French masculine, feminine | sure links | definite, article or quantity
DETERMINERS = """
one  | the         | le             | la             | 0-0     | definite
many | the         | les            | les            | 0-0     | definite
one  | this        | ce             | cette          | 0-0     | definite
many | these       | ces            | ces            | 0-0     | definite
one  | my          | mon            | ma             | 0-0     | definite
many | my          | mes            | mes            | 0-0     | definite
one  | his         | son            | sa             | 0-0     | definite
many | his         | ses            | ses            | 0-0     | definite
one  | our         | notre          | notre          | 0-0     | definite
many | our         | nos            | nos            | 0-0     | definite
one  | a           | un             | une            | 0-0     | article
many | two         | deux           | deux           | 0-0     | article
many | some        | des            | des            | 0-0     | quantity
one  | every       | chaque         | chaque         | 0-0     | quantity
many | several     | plusieurs      | plusieurs      | 0-0     | quantity
many | many        | beaucoup de    | beaucoup de    | 0-0     | quantity
many | all the     | tous les       | toutes les     | 0-0 1-1 | quantity
many | most of the | la plupart des | la plupart des | 0-1 1-2 | quantity
"""

# Noun phrases of one word. Those with a star are not used with a negated verb, nor as objects.
SINGLES = """
he         | il            | m
she        | elle          | f
mary       | marie         | f
julia      | julie         | f
paul       | paul          | m
peter      | pierre        | m
* everyone | tout le monde | m
* someone  | quelqu'un     | m
"""

# use | kinds of noun that follow | English | French | sure links
PREPOSITIONS = """
place   | l   | in          | dans        | 0-0
place   | lpa | behind      | derrière    | 0-0
place   | lpa | in front of | devant      | 1-0
place   | lpa | near        | près de     | 0-0
place   | lpa | next to     | à côté de   | 0-1 1-2
place   | lpa | far from    | loin de     | 0-0 1-1
place   | lpa | opposite    | en face de  | 0-1
company | pa  | with        | avec        | 0-0
company | pa  | without     | sans        | 0-0
reason  | pm  | because of  | à cause de  | 0-1 1-2
reason  | pm  | thanks to   | grâce à     | 0-0 1-1
"""

# A star marks those that do not go with "often", "always" or "never".
ADVERBIALS = """
* today        | aujourd'hui | 0-0
* tonight      | ce soir     | 0-1
here           | ici         | 0-0
outside        | dehors      | 0-0
* every day    | chaque jour | 0-0 1-1
at night       | la nuit     | 1-1
in the morning | le matin    | 1-0 2-1
"""

CONJUNCTIONS = """
and     | et         | 0-0
but     | mais       | 0-0
because | parce que  | 0-0
whereas | tandis que | 0-0
"""

FREQUENCY = (("often", "souvent"), ("always", "toujours"))
NEGATIONS = (("not", "pas"), ("never", "jamais"))
VOWELS = frozenset("aeiouâàéèêëîïôûùœh")  # every h in this lexicon is mute
ELISION = {"le": "l'", "la": "l'", "de": "d'", "ne": "n'", "que": "qu'", "ce": "cet"}
ELISION |= {"ma": "mon", "sa": "son"}
CONTRACTION = {"de le": "du", "de les": "des", "à le": "au", "à les": "aux"}
A_NOT_AN = frozenset({"european"})  # begins with a vowel on paper only

# --------------------------------------------------------------------------------------------
# Data structures
# --------------------------------------------------------------------------------------------


Link: TypeAlias = tuple[int, int]
Groups: TypeAlias = "dict[int, list[Piece]]"
Single: TypeAlias = "tuple[Piece, Head, bool, bool]"
Shape: TypeAlias = tuple[int, tuple[str, ...], int]
Fitting: TypeAlias = "Mapping[int, Sequence[Preposition]]"
Option = TypeVar("Option")


class Piece(NamedTuple):
    """Words of both languages that belong together; `maybe` are the links that are not sure."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: tuple[Link, ...]
    maybe: tuple[Link, ...]


class Head(NamedTuple):
    """What a verb or a relative clause must know of its noun phrase."""

    kind: str
    gender: int  # 0 masculine, 1 feminine
    plural: int  # 0 singular, 1 plural
    adjectives: tuple[Adjective, ...] = ()  # which it has, and which it need not be again


@dataclass(frozen=True, eq=False)
class Noun:
    kind: str
    gender: int
    pieces: tuple[Piece, Piece]  # by number
    vowel: bool  # the French noun begins with a vowel


@dataclass(frozen=True, eq=False)
class Adjective:
    kinds: str
    place: str
    predicate: bool
    pieces: tuple[tuple[Piece, ...], ...]  # by number, then by gender
    before_vowel: Piece  # masculine singular in front of a vowel


@dataclass(frozen=True, eq=False)
class Verb:
    subjects: str
    objects: str
    groups: tuple[tuple[Groups, Groups], ...]  # by number, then by negation, by English length
    up_to: tuple[tuple[Groups, ...], ...]  # the same, {room for English words: pieces}


@dataclass(frozen=True, eq=False)
class Determiner:
    plural: int
    use: str
    pieces: tuple[Piece, ...]  # by gender


@dataclass(frozen=True, eq=False)
class Preposition:
    kinds: str
    piece: Piece
    determiners: str


# --------------------------------------------------------------------------------------------
# From the tables to those structures
# --------------------------------------------------------------------------------------------


def _rows(table: str) -> list[list[str]]:
    """The cells of a table, line by line."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def french_plural(words: str) -> str:
    """The plural of a French noun or adjective; of several words, the first one takes it.

    Example:
        >>> french_plural("cheval"), french_plural("gâteau"), french_plural("pomme de terre")
        ('chevaux', 'gâteaux', 'pommes de terre')
    """
    first, space, rest = words.partition(" ")
    if first.endswith("al"):
        first = first[:-2] + "aux"
    elif first.endswith("eau"):
        first += "x"
    elif not first.endswith(("s", "x")):
        first += "s"
    return first + space + rest


def unit(source: str, target: str, sure: str = "0-0") -> Piece:
    """A fixed expression: all its words are possibly linked, the named ones surely."""
    english, french = tuple(source.split()), tuple(target.split())
    ends = (link.split("-") for link in sure.split())
    main = tuple((int(i), int(j)) for i, j in ends)
    every = ((i, j) for i in range(len(english)) for j in range(len(french)))
    return Piece(english, french, main, tuple(link for link in every if link not in main))


def verb_group(
    base: str,
    present: str,
    french: str,
    *,
    future: bool = False,
    negation: tuple[str, str] | None = None,
    adverb: tuple[str, str] | None = None,
) -> Piece:
    """A verb with its auxiliaries, negation or adverb of frequency.

    Args:
        base, present: English verb, as "look for", "looks for".
        french: the French form, inflected already (a future is one word).
        negation, adverb: a row of `NEGATIONS` or of `FREQUENCY`, or None.

    Returns:
        A `Piece`.

    Example:
        >>> piece = verb_group("see", "sees", "voit", negation=("not", "pas"))
        >>> " ".join(piece.source), " ".join(piece.target)
        ('does not see', 'ne voit pas')
        >>> piece.sure, piece.maybe
        (((1, 0), (2, 1)), ((1, 2), (0, 1)))
    """
    middle = negation or adverb
    word = (middle[0],) if middle else ()
    be = base == "be"
    source: tuple[str, ...]
    if future:
        source = ("will", *word, *base.split())
    elif be:
        source = (present, *word)
    elif word == ("not",):
        source = ("does" if present != base else "do", "not", *base.split())
    else:
        source = (*word, *present.split())
    verb = source.index(
        base.split()[0] if future or "not" in word and not be else present.split()[0]
    )
    at = 1 if negation else 0
    sure: list[Link] = [(verb, at)]
    maybe: list[Link] = []
    target: tuple[str, ...]
    if negation:
        target = ("ne", french, negation[1])
        where = source.index(negation[0])
        sure.insert(0, (where, 0))
        maybe.append((where, 2))
    else:
        target = (french, adverb[1]) if adverb else (french,)
        if adverb:
            sure.append((source.index(adverb[0]), 1))
    linked = {i for i, _ in sure + maybe}
    maybe += [(i, at) for i in range(len(source)) if i not in linked]
    return Piece(source, target, tuple(sure), tuple(maybe))


def _verb_groups(base: str, third: str, french: Sequence[str]) -> tuple[tuple[Groups, Groups], ...]:
    """All groups of one verb: by number, then by negation, then by English length.

    A group occurs in its list as often as its weight: plain forms are the most frequent.
    """
    groups = []
    for plural in (0, 1):
        present = third if not plural else "are" if base == "be" else base
        future = french[2] if not plural else french[2][:-1] + "ont"
        affirmative: Groups = {}
        negative: Groups = {}
        for form, is_future in ((french[plural], False), (future, True)):
            for negation, weight in zip(NEGATIONS, (2, 1), strict=True):
                piece = verb_group(base, present, form, future=is_future, negation=negation)
                negative.setdefault(len(piece.source), []).extend([piece] * weight)
            for adverb, weight in zip((None, *FREQUENCY), (6, 1, 1), strict=True):
                piece = verb_group(base, present, form, future=is_future, adverb=adverb)
                affirmative.setdefault(len(piece.source), []).extend([piece] * weight)
        groups.append((affirmative, negative))
    return tuple(groups)


def _read_nouns() -> list[Noun]:
    nouns = []
    for kind, one, many, french, gender in _rows(NOUNS):
        pieces = (unit(one, french), unit(many, french_plural(french)))
        nouns.append(Noun(kind, int(gender == "f"), pieces, french[0] in VOWELS))
    return nouns


def _read_adjectives() -> list[Adjective]:
    adjectives = []
    for kinds, place, english, *french in _rows(ADJECTIVES):
        masculine, feminine, before_vowel = [*french, french[0]][:3]
        forms = ((masculine, feminine), (french_plural(masculine), french_plural(feminine)))
        pieces = tuple(tuple(unit(english, form) for form in row) for row in forms)
        place, _, star = place.partition(" ")
        adjectives.append(Adjective(kinds, place, bool(star), pieces, unit(english, before_vowel)))
    return adjectives


def _read_verbs() -> list[Verb]:
    verbs = []
    for kinds, base, third, *french in _rows(VERBS):
        subjects, _, objects = (part.strip() for part in kinds.partition(">"))
        groups = _verb_groups(base, third, french)
        up_to = tuple(
            tuple(_up_to(by_length) for by_length in by_negation) for by_negation in groups
        )
        verbs.append(Verb(subjects, objects, groups, up_to))
    return verbs


def _up_to(groups: Groups) -> Groups:
    """{room: groups of at most so many English words}; five are enough for every group."""
    return {room: [group for n in groups if n <= room for group in groups[n]] for room in range(6)}


def _read_determiners() -> list[Determiner]:
    determiners = []
    for number, english, *french, sure, use in _rows(DETERMINERS):
        pieces = tuple(unit(english, form, sure) for form in french)
        determiners.append(Determiner(int(number == "many"), use, pieces))
    return determiners


def _read_singles() -> list[Single]:
    """(piece, head, usable everywhere, usable as an object) of each one-word noun phrase."""
    singles = []
    for english, french, gender in _rows(SINGLES):
        starred, english = english.startswith("*"), english.lstrip("* ")
        head = Head("p", int(gender == "f"), 0)
        is_name = not starred and english not in ("he", "she")
        singles.append((unit(english, french), head, not starred, is_name))
    return singles


def _read_prepositions() -> dict[str, list[Preposition]]:
    prepositions: dict[str, list[Preposition]] = {"place": [], "company": [], "reason": []}
    for use, kinds, english, french, sure in _rows(PREPOSITIONS):
        # "de des", "de beaucoup de" and "sans un" are avoided by the choice of determiners.
        contracts = french.endswith((" de", " à"))
        determiners = "after de" if contracts else "definite" if french == "sans" else "any"
        prepositions[use].append(Preposition(kinds, unit(english, french, sure), determiners))
    return prepositions


NOUN_LIST, ADJECTIVE_LIST, VERB_LIST = _read_nouns(), _read_adjectives(), _read_verbs()
DETERMINER_LIST, PREPOSITION_TABLE, SINGLE_LIST = (
    _read_determiners(),
    _read_prepositions(),
    _read_singles(),
)
KINDS = "patflm"
NOUNS_OF = {
    (k, n): [x for x in NOUN_LIST if x.kind == k and len(x.pieces[0].source) == n]
    for k in KINDS
    for n in (1, 2)
}
ADJECTIVES_OF = {
    (k, p): [x for x in ADJECTIVE_LIST if k in x.kinds and x.place == p]
    for k in KINDS
    for p in ("before", "outer", "inner")
}
PREDICATES_OF = {k: [x for x in ADJECTIVE_LIST if k in x.kinds and x.predicate] for k in KINDS}
BE = VERB_LIST[-1]
SAYING = [v for v in VERB_LIST if v.objects == "that"]
INTRANSITIVE = {k: [v for v in VERB_LIST if k in v.subjects and not v.objects] for k in KINDS}
TRANSITIVE_LIST = [v for v in VERB_LIST if v.objects not in ("", "that", "be")]
TRANSITIVE = {k: [v for v in TRANSITIVE_LIST if k in v.subjects] for k in KINDS}
TAKING = {k: [v for v in TRANSITIVE_LIST if k in v.objects] for k in KINDS}
DETERMINER_USES = {
    "definite": ("definite",),
    "after de": ("definite", "article"),
    "any": ("definite", "article", "quantity"),
}
DETERMINERS_OF = {
    (use, n): [d for d in DETERMINER_LIST if d.use in uses and len(d.pieces[0].source) == n]
    for use, uses in DETERMINER_USES.items()
    for n in (1, 2, 3)
}
POSSESSOR_DETERMINERS = [d for d in DETERMINER_LIST if d.use == "definite" and not d.plural]
PRONOUNS = {"any": SINGLE_LIST, "definite": [s for s in SINGLE_LIST if s[2]]}
NAMES = [s for s in SINGLE_LIST if s[3]]
ADVERBIAL_LIST = [
    (unit(row[0].lstrip("* "), *row[1:]), row[0].startswith("*")) for row in _rows(ADVERBIALS)
]
ADVERBIALS_OF = {
    (n, frequency): [
        piece
        for piece, star in ADVERBIAL_LIST
        if len(piece.source) == n and not (star and frequency)
    ]
    for n in (1, 2, 3)
    for frequency in (False, True)
}
# English words of the noun group in a noun phrase of 4, 5, 6, 7 and more: what follows it gets
# none or at least three ("that sleep" alone gave "the cats that sleep sleep" too often).
GROUP_LENGTHS = {4: (4,), 5: (2, 5), 6: (2, 3), 7: (2, 3, 4)}
# One object for each link there can be, so that a corpus is small and quickly made. No English
# word has more than three French ones.
LINKS = [[(i, j) for j in range(3 * LONGEST)] for i in range(LONGEST)]
FREQUENCY_WORDS = frozenset({"often", "always", "never"})


def _fitting(*uses: str) -> Fitting:
    """{length: prepositions of these uses that leave room for a noun phrase}; 5 is enough."""
    return {
        length: [
            p
            for use in uses
            for p in PREPOSITION_TABLE[use]
            if len(p.piece.source) + (1 if "p" in p.kinds else 2) <= length
        ]
        for length in range(3, 6)
    }


BEHIND_NOUN = {k: _fitting("place") for k in "tfl"} | {
    k: _fitting("place", "company") for k in "pa"
}
BEHIND_VERB = (
    {"m": _fitting("reason")}
    | {k: _fitting("place", "reason") for k in "tfl"}
    | {k: _fitting("place", "company", "reason", "reason") for k in "pa"}
)
CONJUNCTION_LIST = [unit(*row) for row in _rows(CONJUNCTIONS)]
WHO, THAT_SUBJECT, THAT = unit("who", "qui"), unit("that", "qui"), unit("that", "que")
VERY, AS, AS_THAN = unit("very", "très"), unit("as", "aussi"), unit("as", "que")
OF, STOP = unit("'s", "de"), unit(".", ".")
AN, SOME_BEFORE_ADJECTIVE = (unit("an", "un"), unit("an", "une")), unit("some", "de")
ARTICLES = (("le", "la"), ("les", "les"))  # by number, then by gender


def _noun_phrase_shapes(kind: str, use: str) -> dict[int, list[Shape]]:
    """For each English length: (determiner words, adjective places, noun words), by weight."""
    shapes: dict[int, list[Shape]] = {n: [] for n in range(2, 8)}
    orders: tuple[tuple[str, ...], ...] = (
        (),
        ("before",),
        ("outer",),
        ("inner",),
        ("before", "outer"),
        ("before", "inner"),
        ("outer", "inner"),
        ("before", "outer", "inner"),
    )
    for places in orders:
        for d in (1, 2, 3):
            for n in (1, 2):
                if DETERMINERS_OF[use, d] and NOUNS_OF[kind, n] and d + len(places) + n < 8:
                    weight = (8 if d == 1 else 1) * (4 if n == 1 else 1)
                    shapes[d + len(places) + n] += [(d, places, n)] * weight
    return shapes


SHAPES = {(k, use): _noun_phrase_shapes(k, use) for k in KINDS for use in DETERMINER_USES}

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
# Sentence pairs
# --------------------------------------------------------------------------------------------


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


def generate_pairs(
    size: int,
    *,
    seed: int = 0,
    split: str = "train",
    min_length: int = 5,
    max_length: int = 50,
    length: int | None = None,
) -> list[SentencePair]:
    """Draw sentence pairs with gold alignments from the grammar.

    A sentence belongs to one split for ever: CRC-32 of its English words, joined by spaces,
    divisible by 8, makes it a test sentence, whatever the seed. Training and test sentences are
    therefore disjoint by construction. A sentence that was drawn before is drawn anew, ten times at
    most: there are repetitions only where so many very short sentences are asked for that the
    grammar runs out of them.

    Args:
        size: number of pairs, 0 or more. The first pairs do not depend on it.
        seed: an integer, 0 or more; the same seed gives the same pairs on every machine.
        split: "train" or "test".
        min_length, max_length: bounds of the English length in words, the full stop included,
            within 5..60. Lengths are min + ⌊(max - min + 1) u²⌋ with u uniform on [0, 1): short
            sentences are the most frequent.
        length: the exact English length of every sentence, instead of that law.

    Returns:
        A list of `SentencePair`.

    Raises:
        TypeError: a number is not an integer, or `split` is not a string.
        ValueError: a number is out of range, or `split` is unknown.

    Example:
        >>> pairs = generate_pairs(100, seed=1, length=12)
        >>> {len(pair.source) for pair in pairs}
        {12}
        >>> tests = generate_pairs(100, seed=1, length=12, split="test")
        >>> {pair.source for pair in pairs} & {pair.source for pair in tests}
        set()
    """
    integer("size", size, 0)
    integer("seed", seed, 0)
    if length is not None:
        integer("length", length, SHORTEST, LONGEST)
        min_length = max_length = length
    integer("min_length", min_length, SHORTEST, LONGEST)
    integer("max_length", max_length, SHORTEST, LONGEST)
    if min_length > max_length:
        raise ValueError(
            f"min_length must be at most max_length, got {min_length} and {max_length}"
        )
    if not isinstance(split, str):
        raise TypeError(f"split must be a string, got {split!r} ({type(split).__name__})")
    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    wants_test = split == "test"
    rng = random.Random(2 * int(seed) + wants_test)
    pairs: list[SentencePair] = []
    seen: set[str] = set()
    while len(pairs) < size:
        n = min_length + int((max_length - min_length + 1) * rng.random() ** 2)
        for _ in range(MOST_REDRAWS):
            pieces, english = draw_from_split(rng, n, wants_test)
            if english not in seen:
                break
        seen.add(english)
        pairs.append(assemble(pieces))
    return pairs


def draw_from_split(rng: random.Random, length: int, wants_test: bool) -> tuple[list[Piece], str]:
    """The pieces of a sentence of the split, and its English as one string."""
    while True:
        pieces = sentence(rng, length)
        english = " ".join([word for piece in pieces for word in piece.source])
        if (zlib.crc32(english.encode()) % TEST_SHARE == 0) == wants_test:
            return pieces, english


# --------------------------------------------------------------------------------------------
# Vocabularies
# --------------------------------------------------------------------------------------------


def _lexicon() -> Iterator[Piece]:
    """Every piece that can enter a sentence, before contraction and elision."""
    for noun in NOUN_LIST:
        yield from noun.pieces
    for adjective in ADJECTIVE_LIST:
        yield from (*adjective.pieces[0], *adjective.pieces[1], adjective.before_vowel)
    for verb in VERB_LIST:
        for by_negation in verb.groups:
            for by_length in by_negation:
                for pieces in by_length.values():
                    yield from pieces
    for determiner in DETERMINER_LIST:
        yield from determiner.pieces
    for prepositions in PREPOSITION_TABLE.values():
        yield from [preposition.piece for preposition in prepositions]
    yield from [single[0] for single in SINGLE_LIST]
    yield from [piece for piece, _ in ADVERBIAL_LIST]
    yield from (*CONJUNCTION_LIST, *AN, WHO, THAT_SUBJECT, THAT, VERY, AS, AS_THAN, OF, STOP)


def source_vocabulary() -> Vocabulary:
    """All English words of the grammar.

    Returns:
        A `Vocabulary`.

    Example:
        >>> "potatoes" in source_vocabulary()
        True
    """
    return Vocabulary.from_sentences(piece.source for piece in _lexicon())


def target_vocabulary() -> Vocabulary:
    """All French words of the grammar, contracted and elided forms included.

    Returns:
        A `Vocabulary`.

    Example:
        >>> [word in target_vocabulary() for word in ("terre", "du", "qu'")]
        [True, True, True]
    """
    joined = [tuple(CONTRACTION.values()), tuple(ELISION.values())]
    return Vocabulary.from_sentences([*(piece.target for piece in _lexicon()), *joined])
