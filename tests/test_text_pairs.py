"""Own sentences: files of pairs, and words of them."""

import gzip
import unicodedata

import pytest

from attention_helpers.text import SentencePair, Vocabulary, read_pairs, tokenize

TEXT = "Le 27/11/2026, à 12:30.\tOn 27/11/2026 at 12:30.\nпривет мир\thello world\nCafé\tCoffee\n"
PAIRS = [
    ("Le 27/11/2026, à 12:30.", "On 27/11/2026 at 12:30."),
    ("привет мир", "hello world"),
    ("Café", "Coffee"),
]


@pytest.fixture
def write(tmp_path):
    def write(content, name="pairs.tsv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("content", [
    TEXT.encode(),
    TEXT.removesuffix("\n").encode(),
    TEXT.replace("\n", "\r\n").encode(),
    TEXT.replace("\n", "\r").encode(),
    TEXT.encode("utf-8-sig"),
    unicodedata.normalize("NFD", TEXT).encode(),
    TEXT.replace("\t", " \t  ").replace("\n", " \n\u00a0").removesuffix("\u00a0").encode(),
], ids=["plain", "no last end", "Windows", "old Mac", "mark", "NFD", "spaces"])  # fmt: skip
def test_a_file_with_tabs(write, content):
    assert read_pairs(write(content)) == PAIRS
    assert read_pairs(str(write(gzip.compress(content), "pairs.tsv.gz"))) == PAIRS


def test_two_files(write):
    sources, targets = zip(*PAIRS, strict=True)
    source = write("\n".join(sources), "text.fr")
    target = write(("\r\n".join(targets) + "\r\n").encode("utf-8-sig"), "text.en")
    assert read_pairs(source, target) == PAIRS
    packed = write(gzip.compress("\n".join(targets).encode()), "text.en.gz")
    assert read_pairs(source, packed) == PAIRS


def test_only_the_end_of_a_line_ends_a_line(write):
    # str.splitlines would make three lines of it
    assert read_pairs(write("a\u2028b\x0cc\td\x85e\n")) == [("a\u2028b\x0cc", "d\x85e")]


@pytest.mark.parametrize("content, message", [
    (b"", "pairs.tsv: expected a sentence in each line, got an empty file"),
    (b"\xef\xbb\xbf", "pairs.tsv: expected a sentence in each line, got an empty file"),
    ("a\tb\na b\n", r"pairs.tsv, line 2: expected one tab, .* got 0: 'a b'"),
    ("a\tb\nc\td\te\n", r"pairs.tsv, line 2: expected one tab, .* got 2: 'c\\td\\te'"),
    ("a\tb\n\nc\td\n", "pairs.tsv, line 2: expected one tab, .* got 0: ''"),
    ("a\tb\n\n", "pairs.tsv, line 2: expected one tab, .* got 0: ''"),
    ("a\tb\r\n \td\r\n", "pairs.tsv, line 2: expected a sentence, got an empty one"),
    ("a\tb\nc\t\u00a0\n", "pairs.tsv, line 2: expected a sentence, got an empty one"),
    (b"a\tb\nc\td\xe9\n", "pairs.tsv, line 2: expected UTF-8, got the byte 0xe9 at position 3"),
    ("a\tb\n".encode("utf-16"), "pairs.tsv, line 1: expected UTF-8, got the byte 0xff"),
    ("a\tb\n".encode("utf-16-le"), "pairs.tsv, line 1: expected text, got a null .* not UTF-16"),
])  # fmt: skip
def test_a_bad_line_is_named(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_pairs(write(content))


def test_bad_pairs_of_files_are_named(write):
    one, two = write("a\nb\n", "one.txt"), write("c\n", "two.txt")
    with pytest.raises(ValueError, match=r"two.txt: expected as many .*one.txt has, 2, got 1"):
        read_pairs(one, two)
    empty_line = write("c\n \n", "empty.txt")
    for arguments in ((one, empty_line), (empty_line, one)):
        with pytest.raises(ValueError, match=r"empty.txt, line 2: expected a sentence"):
            read_pairs(*arguments)
    with pytest.raises(ValueError, match=r"latin.txt, line 2: expected UTF-8, got the byte 0xe9"):
        read_pairs(one, write(b"c\n\xe9\n", "latin.txt"))


@pytest.mark.parametrize("content", [b"a\tb\n", gzip.compress(b"a\tb\n" * 99, mtime=0)[:-9], b""])
def test_a_damaged_gzip_file_is_named(write, content):
    with pytest.raises(ValueError, match=r"pairs.gz: expected "):
        read_pairs(write(content, "pairs.gz"))


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.tsv"):
        read_pairs(tmp_path / "nothing.tsv")


@pytest.mark.parametrize("sentence, words", [
    ("I don't know, it's O'Neil's.", "I don't know , it's O'Neil's ."),
    ("L'été d’Anne : « Qu'il s'en aille ! »", "L' été d’ Anne : « Qu' il s' en aille ! »"),
    ("Jusqu'aujourd'hui, quelqu'un…", "Jusqu' aujourd'hui , quelqu'un …"),
    ("l'e\u0301te\u0301", "l' e\u0301te\u0301"),
    ("3.14, 1,000 or 27/11/2026 at 12:30.", "3.14 , 1,000 or 27/11/2026 at 12:30 ."),
    ("2026-11-27 and 50%", "2026-11-27 and 50 %"),
    ("Привет, мир!", "Привет , мир !"),
    ("हिन्दी में १२/०५।", "हिन्दी में १२/०५ ।"),
    ("Wait... (what?!) -- no", "Wait ... ( what ? ! ) -- no"),
    ("'well-known' <pad>", "' well-known ' < pad >"),
    ("日本語です。", "日本語です 。"),
    (" \t\u00a0\n", ""),
    ("", ""),
])  # fmt: skip
def test_words_numbers_and_signs_are_tokens(sentence, words):
    assert tokenize(sentence) == tuple(words.split())


def test_no_character_is_lost():
    for start in range(0, 0x20000, 512):
        sentence = "".join(f"a{chr(number)}" for number in range(start, start + 512))
        assert "".join(tokenize(sentence)) == "".join(sentence.split())


def test_a_sentence_of_words_is_not_tokenised_again():
    with pytest.raises(TypeError, match="sentence: expected a string, got .'le', 'chat'"):
        tokenize(("le", "chat"))


def test_a_pair_needs_no_links():
    pair = SentencePair(("a", "cat"), ("un", "chat"))
    assert pair.sure == pair.possible == frozenset()


def test_from_a_file_to_ids(write):
    pairs = [SentencePair(tokenize(s), tokenize(t)) for s, t in read_pairs(write(TEXT))]
    vocabulary = Vocabulary.from_sentences([pair.source for pair in pairs])
    for pair in pairs:
        ids = vocabulary.encode(pair.source, start=True, end=True)
        assert vocabulary.decode(ids) == pair.source
    assert vocabulary.decode(vocabulary.encode(tokenize("À 12:30."), unknown="replace")) == (
        "<unk>", "12:30", ".",
    )  # fmt: skip
