"""The words of the corpus: tables of English and French, and what is read from them.

Only `_grammar` and `corpus` read this module. A *piece* is a few English words, their French
translation and the links between them; the tables below become lists of pieces, sorted by what a
sentence asks for: so many words, of this kind, of that number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

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


def all_pieces() -> Iterator[Piece]:
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
