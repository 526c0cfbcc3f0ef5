"""Real sentences: Multi30k, English and French.

Nothing of the corpus is part of this package. It is fetched once, file by file, from one commit
of its public repository, and every file is compared with the SHA-256 recorded here.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pooch

from ._arguments import choice

__all__ = [
    "DATA_VARIABLE",
    "MULTI30K_SHA256",
    "MULTI30K_URL",
    "SPLITS",
    "DatasetError",
    "load_multi30k",
]

MULTI30K_URL = (
    "https://raw.githubusercontent.com/multi30k/dataset/"
    "a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)

MULTI30K_SHA256 = {
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "test_2017_flickr.en.gz": "76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074",
    "test_2017_flickr.fr.gz": "3ba671ceb2299f3304ffafefea7a833d08632fbaf0ba18546f8a2ec2391af496",
}

SPLITS = ("train", "val", "test_2016_flickr", "test_2017_flickr")

DATA_VARIABLE = "ATTENTION_HELPERS_DATA"


class DatasetError(OSError):
    """A file of a data set could not be had, or is not the file it should be."""


def load_multi30k(
    split: str, *, base_url: str | None = None, cache: str | os.PathLike[str] | None = None
) -> tuple[list[str], list[str]]:
    """The English and the French sentences of one split of Multi30k, line by line.

    Where the files come from, in this order: if `base_url` or `cache` is given, from that cache,
    and what it lacks from that address; else from the folder that the environment variable
    ``ATTENTION_HELPERS_DATA`` names; else from the user's cache, and what it lacks from the public
    repository. Whichever it is, a file whose SHA-256 is not the recorded one is refused. A refused
    download is not kept, so the next call fetches it again. A fetched file can be read by whoever
    can read the folder of the cache.

    Args:
        split: ``"train"`` (29,000 pairs), ``"val"`` (1,014), ``"test_2016_flickr"`` (1,000) or
            ``"test_2017_flickr"`` (1,000).
        base_url: the folder, as a URL, from which the files are fetched; by default the public
            repository, `MULTI30K_URL`.
        cache: where fetched files are kept; by default the user's cache folder.

    Returns:
        ``(english, french)``, two lists of equal length. The sentences are as in the files,
        without white space at their ends: not tokenised, not lower-cased.

    Raises:
        ValueError: no such split.
        DatasetError: a file cannot be had or read, or is not the recorded one.

    Example:
        >>> english, french = load_multi30k("val")  # doctest: +SKIP
        >>> len(english), len(french)  # doctest: +SKIP
        (1014, 1014)

    Source: Elliott et al., Multi30K: Multilingual English-German Image Descriptions (2016);
    the French side: Elliott et al., Findings of the Second Shared Task on Multimodal Machine
    Translation (2017).
    """
    choice("split", split, SPLITS)
    names = (f"{split}.en.gz", f"{split}.fr.gz")
    folder = os.environ.get(DATA_VARIABLE)
    if folder and base_url is None and cache is None:
        paths = [_in_folder(Path(folder).expanduser(), name) for name in names]
    else:
        cache = Path(cache or pooch.os_cache("attention_helpers")).expanduser() / "multi30k"
        url = (base_url or MULTI30K_URL).rstrip("/") + "/"
        paths = [_fetch(name, url, cache) for name in names]
    english, french = (_read_lines(path) for path in paths)
    return english, french


def _in_folder(folder: Path, name: str) -> Path:
    path = folder / name
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(
            f"{DATA_VARIABLE}: expected a folder from which {name} can be read, got "
            f"{str(folder)!r} ({error.strerror}). Put it there from {MULTI30K_URL}{name}, or unset "
            f"{DATA_VARIABLE} to have it fetched over the network."
        ) from error
    if found != MULTI30K_SHA256[name]:
        raise DatasetError(
            f"{DATA_VARIABLE}: expected {path} with the SHA-256 {MULTI30K_SHA256[name]}, got "
            f"{found}: it is truncated or altered. Replace it from {MULTI30K_URL}{name}, or unset "
            f"{DATA_VARIABLE} to have it fetched over the network."
        )
    return path


def _fetch(name: str, base_url: str, cache: Path) -> Path:
    path = cache / name
    try:
        path.open("rb").close()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise DatasetError(
            f"cache: expected files that can be read, got {path} ({error.strerror}). Ask its owner to let "
            "others read it and its folder, or name another folder by cache=."
        ) from error
    # pooch downloads to a temporary file and moves it into place only when the hash is right.
    try:
        with _quiet(pooch.get_logger()):
            pooch.retrieve(base_url + name, MULTI30K_SHA256[name], name, cache)
    except PermissionError as error:
        raise DatasetError(
            f"cache: expected a folder with {name}, or where it can be written, got {path.parent} "
            f"({error}). Ask its owner to fetch the file, or name another folder by cache=."
        ) from error
    except (OSError, ValueError) as error:  # requests' exceptions are OSErrors
        raise DatasetError(
            f"cannot fetch {name} of Multi30k from {base_url}{name}: {error}\n"
            "Either connect to the network and call again (nothing was kept of this attempt), "
            f"or get the files {', '.join(MULTI30K_SHA256)} from {base_url} by other means and "
            f"set the environment variable {DATA_VARIABLE} to the folder that holds them."
        ) from error
    with suppress(PermissionError):  # somebody else's file, who has done it
        path.chmod(cache.stat().st_mode & 0o666)  # a temporary file is readable by its owner only
    return path


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """No "Downloading file …" on stderr, which an executed notebook would store."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _read_lines(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [line.strip() for line in lines]
