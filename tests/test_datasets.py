"""Multi30k by checksum, from a folder and from a server."""

import gzip
import hashlib
import os
import stat
import tempfile
import threading
from contextlib import contextmanager, nullcontext
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from attention_helpers import datasets
from attention_helpers.datasets import DatasetError, load_multi30k

ENGLISH = ["A small house .", "Two men  talk.", "Nobody is here…"]
FRENCH = ["Une petite maison .", "Deux hommes parlent.", "Personne n’est là…"]
NAMES = ("val.en.gz", "val.fr.gz")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with two small files whose checksums stand in for the recorded ones."""
    folder = tmp_path / "files"
    folder.mkdir()
    sums = {}
    for name, sentences in zip(NAMES, (ENGLISH, FRENCH), strict=True):
        text = "".join(f"{sentence}\n" for sentence in sentences)
        (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))
        sums[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(datasets, "MULTI30K_SHA256", sums)
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.requests.append(self.path)


@pytest.fixture
def server(files):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=files))
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def kept(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_folder_named_by_the_variable(files, monkeypatch):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(files))
    assert load_multi30k("val") == (ENGLISH, FRENCH)


def test_what_is_given_wins_over_the_variable(files, server, tmp_path, monkeypatch):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path / "nowhere"))
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / name)
    with pytest.raises(
        DatasetError, match="^ATTENTION_HELPERS_DATA: expected a folder .* got '.*nowhere'"
    ):
        load_multi30k("val")
    assert server.requests == []
    assert load_multi30k("val", base_url=server.url) == (ENGLISH, FRENCH)
    assert kept(tmp_path / "attention_helpers") == sorted(NAMES)
    monkeypatch.setattr(datasets, "MULTI30K_URL", server.url)
    assert load_multi30k("val", cache=tmp_path / "mine") == (ENGLISH, FRENCH)
    assert kept(tmp_path / "mine") == sorted(NAMES)
    assert len(server.requests) == 4


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_fetched_file_is_as_readable_as_its_folder(server, tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        load_multi30k("val", base_url=server.url, cache=tmp_path / "cache")
    finally:
        os.umask(before)
    for path in (tmp_path / "cache").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o777 & ~mask if path.is_dir() else mode)


@pytest.fixture
def shared(server):
    """A cache that another user could reach, filled; pytest's own folders are private."""
    before = os.umask(0o022)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        load_multi30k("val", base_url=server.url, cache=folder)
        server.requests.clear()
        yield Path(folder)
    os.umask(before)


@contextmanager
def another_user():
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_another_user_reads_the_shared_cache(server, shared):
    with another_user():
        assert load_multi30k("val", base_url=server.url, cache=shared) == (ENGLISH, FRENCH)
    assert server.requests == []


@pytest.mark.parametrize("closed", ["multi30k/val.fr.gz", "multi30k"])
def test_a_cached_file_that_cannot_be_read_is_named(server, shared, closed):
    (shared / closed).chmod(0)
    with (
        another_user() if os.geteuid() == 0 else nullcontext(),
        pytest.raises(
            DatasetError,
            match=r"^cache: expected files that can be read, got .*multi30k/val\...\.gz ",
        ),
    ):
        load_multi30k("val", base_url=server.url, cache=shared)
    (shared / closed).chmod(0o755)
    assert server.requests == []


def test_what_is_missing_from_a_cache_of_somebody_else_is_named(server, shared):
    (shared / "multi30k/val.fr.gz").unlink()
    with (
        another_user(),
        pytest.raises(
            DatasetError,
            match=r"^cache: expected a folder with val\.fr\.gz, or .* written, got .*multi30k ",
        ),
    ):
        load_multi30k("val", base_url=server.url, cache=shared)


def test_download_is_kept_and_silent(server, tmp_path, capfd, caplog, monkeypatch):
    # pooch's logger is outside of logging's hierarchy, where caplog does not hear it.
    monkeypatch.setattr(pooch.get_logger(), "handlers", [caplog.handler])
    cache = tmp_path / "cache"
    first = load_multi30k("val", base_url=server.url, cache=cache)
    second = load_multi30k("val", base_url=server.url, cache=cache)
    assert first == second == (ENGLISH, FRENCH)
    assert len(server.requests) == 2  # one a file; the second call asked nobody
    assert kept(cache) == sorted(NAMES)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("damage", ["truncated", "altered", "missing"])
def test_damaged_download_is_refused_and_fetched_again(server, files, tmp_path, damage):
    cache = tmp_path / "cache"
    path = files / "val.fr.gz"
    good = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        wrong = gzip.compress(b"Autre chose.\n" * 3, mtime=0)
        path.write_bytes(good[: len(good) // 2] if damage == "truncated" else wrong)
    with pytest.raises(DatasetError, match=r"val\.fr\.gz.*\n?.*ATTENTION_HELPERS_DATA"):
        load_multi30k("val", base_url=server.url, cache=cache)
    assert kept(cache) == ["val.en.gz"]  # nothing half-written
    path.write_bytes(good)
    assert load_multi30k("val", base_url=server.url, cache=cache) == (ENGLISH, FRENCH)


def test_a_connection_cut_short_leaves_nothing(server, files, tmp_path, monkeypatch):
    # The server promises more bytes than it sends, as when a connection breaks.
    good = (files / "val.en.gz").read_bytes()

    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(good)))
        handler.end_headers()
        handler.wfile.write(good[:20])

    with monkeypatch.context() as broken:
        broken.setattr(_Handler, "do_GET", cut)
        with pytest.raises(DatasetError, match="cannot fetch val.en.gz"):
            load_multi30k("val", base_url=server.url, cache=tmp_path / "cache")
    assert kept(tmp_path / "cache") == []
    assert load_multi30k("val", base_url=server.url, cache=tmp_path / "cache")[0] == ENGLISH


def test_cached_file_altered_on_disk_is_fetched_again(server, tmp_path):
    cache = tmp_path / "cache"
    load_multi30k("val", base_url=server.url, cache=cache)
    path = next(cache.rglob("val.en.gz"))
    path.write_bytes(path.read_bytes()[:-10])
    assert load_multi30k("val", base_url=server.url, cache=cache) == (ENGLISH, FRENCH)
    assert len(server.requests) == 3


def test_without_network_the_error_names_both_ways_out(files, tmp_path):
    with pytest.raises(DatasetError) as error:
        load_multi30k("val", base_url="http://127.0.0.1:9/data", cache=tmp_path / "cache")
    message = str(error.value)
    assert "connect to the network" in message
    assert "set the environment variable ATTENTION_HELPERS_DATA" in message
    assert "http://127.0.0.1:9/data/val.en.gz" in message
    assert isinstance(error.value, OSError)


@pytest.mark.parametrize("damage", ["truncated", "altered", "missing"])
def test_damaged_folder_is_refused(files, monkeypatch, damage):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(files))
    path = files / "val.en.gz"
    good = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        wrong = gzip.compress(b"Something else.\n", mtime=0)
        path.write_bytes(good[:-8] if damage == "truncated" else wrong)
    with pytest.raises(DatasetError) as error:
        load_multi30k("val")
    for part in ("val.en.gz", str(files), datasets.MULTI30K_URL, "unset ATTENTION_HELPERS_DATA"):
        assert part in str(error.value)


def test_unknown_split():
    with pytest.raises(ValueError, match="split: expected one of 'train', 'val', .*, got 'dev'"):
        load_multi30k("dev")


def test_the_source_is_one_commit_and_every_file_has_a_checksum():
    assert "/a3d2e0d26b56f3846f66a952536ffed4e401d05a/" in datasets.MULTI30K_URL
    expected = {f"{split}.{side}.gz" for split in datasets.SPLITS for side in ("en", "fr")}
    assert set(datasets.MULTI30K_SHA256) == expected


needs_corpus = pytest.mark.skipif(
    not os.environ.get(datasets.DATA_VARIABLE),
    reason=f"{datasets.DATA_VARIABLE} is not set: the real corpus is not at hand",
)


@needs_corpus
@pytest.mark.parametrize(
    "split, size",
    [("train", 29_000), ("val", 1_014), ("test_2016_flickr", 1_000), ("test_2017_flickr", 1_000)],
)
def test_real_corpus(split, size):
    english, french = load_multi30k(split)
    assert len(english) == len(french) == size
    assert all(sentence and sentence == sentence.strip() for sentence in english + french)
    # The sides are not swapped: each is written with its language's commonest words.
    assert sum(" the " in s for s in english) > size / 5 > sum(" the " in s for s in french)
    assert sum(" une " in s for s in french) > size / 5 > sum(" une " in s for s in english)
