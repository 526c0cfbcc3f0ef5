"""Fail unless the wheel and the sdist in a folder hold the package, and nothing of the book."""

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "attention_helpers"
# What an sdist may hold beside the package: what building and reading it needs.
TOP = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md"}
TOP |= {"pyproject.toml", "setup.cfg"}
LARGEST = 500_000  # bytes; the package is text


def sources(root: Path = ROOT) -> set[str]:
    """The files that belong into both, relative to `src`."""
    folder = root / "src" / PACKAGE
    return {f"{PACKAGE}/{path.name}" for path in folder.glob("*.py")} | {f"{PACKAGE}/py.typed"}


def wheel_problems(wheel: Path, root: Path = ROOT) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    metadata = {name for name in names if ".dist-info/" in name}
    problems = _differences(names - metadata, sources(root))
    if not any(name.endswith("/licenses/LICENSE") for name in metadata):
        problems.append("it lacks the licence")
    return [f"{wheel.name}: {problem}" for problem in problems + _size(wheel)]


def sdist_problems(sdist: Path, root: Path = ROOT) -> list[str]:
    with tarfile.open(sdist) as archive:
        members = [member.name for member in archive.getmembers() if member.isfile()]
    names = {name.partition("/")[2] for name in members}
    package = {name.removeprefix("src/") for name in names if name.startswith("src/")}
    package = {name for name in package if ".egg-info/" not in name}
    beside = {name for name in names if not name.startswith("src/")}
    problems = _differences(package, sources(root))
    problems += [f"it holds {name}, which it should not" for name in sorted(beside - TOP)]
    problems += [f"it lacks {name}" for name in sorted(TOP - {"setup.cfg"} - beside)]
    return [f"{sdist.name}: {problem}" for problem in problems + _size(sdist)]


def _differences(found: set[str], expected: set[str]) -> list[str]:
    return [f"it lacks {name}" for name in sorted(expected - found)] + [
        f"it holds {name}, which it should not" for name in sorted(found - expected)
    ]


def _size(archive: Path) -> list[str]:
    size = archive.stat().st_size
    return [] if size <= LARGEST else [f"it has {size} bytes, more than {LARGEST}"]


def main(folder: str) -> int:
    wheels, sdists = sorted(Path(folder).glob("*.whl")), sorted(Path(folder).glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"{folder}: expected one wheel and one sdist", file=sys.stderr)
        return 1
    problems = wheel_problems(wheels[0]) + sdist_problems(sdists[0])
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{wheels[0].name} and {sdists[0].name} hold the package and nothing else.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
