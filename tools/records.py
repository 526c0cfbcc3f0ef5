"""What the files of book/data hold: runs by seed, settings, hours; for the page that lists them.

    python tools/records.py

Nothing here is typed by hand: the command and what it is about come from the docstring of the script
that names the file, the rest from the file itself. A file of another shape is listed as far as it goes.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from frame import ROOT, pages

DATA = ROOT / "book/data"
# What a record is of; what else it has is what was found.
OF_WHAT = ("task", "variant", "model", "positions", "order", "reads", "score", "start", "program")
OF_WHAT += ("mode", "change", "looks", "heads", "depth", "length")
NO_RESULT = {*OF_WHAT, "seed", "steps", "learning_rate"}
UNKNOWN = "—"


@dataclass
class Group:
    """Runs that differ in their seed alone: what they are of, the seeds, each result by its name."""

    file: str
    of: dict[str, object]
    seeds: list[int] = field(default_factory=list)
    results: dict[str, list[float]] = field(default_factory=dict)
    unit: str = "seeds"

    @property
    def name(self) -> str:
        words = [str(value) for key, value in self.of.items() if isinstance(value, str) and value]
        return ", ".join(words)


@cache
def load(file: str) -> dict:
    content = json.loads((DATA / file).read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {"runs": content}


def files() -> list[str]:
    """The names of the files, in alphabetical order."""
    return sorted(path.name for path in DATA.glob("*.json"))


def records(file: str, kind: str) -> list[dict]:
    """The runs, or the trials, of a file; none where it has another shape."""
    found = load(file).get(kind, [])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def flat(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a record, each with the keys that lead to it."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield name, float(value)
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from flat(inside, f"{name} {key}".strip())
    elif isinstance(value, list) and len(value) <= 64:
        for place, inside in enumerate(value, start=1):
            yield from flat(inside, f"{name} {place}".strip())


def is_list_of_numbers(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, int | float) for each in value)


@cache
def groups(file: str) -> list[Group]:
    """The runs of a file by what they are of."""
    found: dict[str, Group] = {}
    for record in records(file, "runs"):
        of = {key: record[key] for key in OF_WHAT if key in record}
        group = found.setdefault(str(of), Group(file, of))
        group.seeds.append(record.get("seed", 0))
        side_by_side = "seed" not in record  # five seeds at a time: a list has one number a seed
        for key, value in record.items():
            if key in NO_RESULT or key in ("losses", "curve"):
                continue
            if side_by_side and is_list_of_numbers(value):
                group.results[key] = [float(each) for each in value]
                group.seeds = list(range(len(value)))
                group.unit = "rounds" if key == "seconds" else "seeds"
                continue
            for name, number in flat(value, key):
                group.results.setdefault(name, []).append(number)
    return [*found.values()]


def settings(file: str) -> dict[str, float]:
    """Every number that a file's settings have, by its name."""
    return dict(flat(load(file).get("settings", {})))


@cache
def made_with(file: str) -> list[tuple[str, float]]:
    """The steps, rates and sizes that the runs of a file had, each once."""
    names = ("steps", "learning_rate", "parameters", "numbers_kept")
    found = {(n, float(r[n])) for r in records(file, "runs") for n in names if n in r}
    return sorted(found)


def files_read(source: str) -> list[str]:
    """The files of book/data that a program names."""
    return [file for file in files() if re.search(rf"data/{re.escape(file)}\b", source)]


# The page


def script_of(file: str) -> Path | None:
    """The script of experiments/ whose docstring or code names the file that it writes."""
    stem = Path(file).stem
    named = ROOT / "experiments" / f"{stem}.py"
    if named.exists():
        return named
    for path in sorted((ROOT / "experiments").glob("*.py")):
        if f"{stem}.json" in path.read_text(encoding="utf-8"):
            return path
    return None


def about(script: Path | None) -> str:
    """The first sentence of a script's docstring, without the name of its own file."""
    if script is None:
        return UNKNOWN
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or UNKNOWN
    return re.sub(r": book/data/\w+\.json\.$", ".", " ".join(text.split("\n\n")[0].split()))


def seconds(file: str) -> float | None:
    """The seconds of training of all runs and trials, each once; None where none are recorded.

    A trial that is also a run (the whole trainings of some files) stands in both lists.
    """
    seen, total = set(), 0.0
    for record in (*records(file, "runs"), *records(file, "trials")):
        if "train_seconds" in record:
            of = str([record.get(key) for key in (*OF_WHAT, "seed", "learning_rate", "steps")])
            if of not in seen:
                seen.add(of)
                total += record["train_seconds"]
    return total or None


def seeds_of(file: str) -> str:
    """How many seeds, or rounds of a clock, each variant has, from the fewest to the most."""
    counts = [len(set(group.seeds)) for group in groups(file)]
    if max(counts, default=1) == 1:
        return UNKNOWN
    low, high = min(counts), max(counts)
    return f"{low if low == high else f'{low} to {high}'} {groups(file)[0].unit}"


def versions_of(file: str) -> str:
    """The versions that a file has recorded, with how many records were made with them."""
    content = load(file)
    if programs := records(file, "programs"):
        return ", ".join(sorted({f"{p['framework']} {p['version']}" for p in programs}))
    found = content.get("versions", [])
    if isinstance(found, dict):
        found = [found]
    if not found and (machine := content.get("machine")):
        found = [{k: v for k, v in machine.items() if re.fullmatch(r"\d+\.\d[\w.]*", str(v))}]
    sets = []
    for each in found:
        of = f" ({each['records']} records)" if "records" in each else ""
        numbers = ", ".join(f"{name} {v}" for name, v in each.items() if name != "records")
        sets.append(f"{numbers}{of}")
    return "; ".join(filter(None, sets)) or UNKNOWN


def committed(file: str) -> str:
    """The day of the last commit of a file; unknown in a copy that has the last commits only."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    if git("rev-parse", "--is-shallow-repository") != "false":
        return UNKNOWN
    return git("log", "-1", "--format=%cs", "--", f"book/data/{file}") or UNKNOWN


def readers(file: str) -> list[str]:
    """The pages whose code names the file, in the order of the book."""
    found = []
    for page in pages():
        path = ROOT / f"{page}.ipynb"
        if path.exists():
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
            if file in files_read(code):
                found.append(Path(page).name)
        elif f"table of {file}" in (ROOT / f"{page}.md").read_text(encoding="utf-8"):
            found.append(page.removeprefix("book/"))
    return found


def holds(file: str) -> str:
    """What a file holds, counted; a file without runs by the names of its lists and counts."""
    runs, trials = records(file, "runs"), records(file, "trials")
    if not runs and not trials:
        named = {k: len(v) if isinstance(v, list) else v for k, v in load(file).items()}
        return ", ".join(f"{n} {k}" for k, n in named.items() if isinstance(n, int)) or UNKNOWN
    timings = all(is_list_of_numbers(run.get("seconds")) for run in runs)
    counts = [(len(runs), "timings" if timings else "runs"), (len(trials), "trials")]
    said = ", ".join(f"{n} {kind}" for n, kind in counts if n)
    seeds = seeds_of(file)
    return said if seeds == UNKNOWN else f"{said}; of each variant {seeds}"


def set_to(file: str) -> str:
    """The settings of a file, and the steps of its runs where these have several."""
    said = in_words(load(file).get("settings", {}))
    steps = [f"{value:,.0f}" for name, value in made_with(file) if name == "steps"]
    return f"{said}; runs of {' or '.join(steps)} steps" if len(steps) > 1 else said or UNKNOWN


def in_words(value: object) -> str:
    """A file's settings on one line."""
    if isinstance(value, dict):
        return ", ".join(
            f"{key.replace('_', ' ')} {in_words(inside)}" for key, inside in value.items()
        )
    if isinstance(value, list):
        return "/".join(map(str, value)) if len(value) <= 8 else f"{len(value)} numbers"
    return f"{value:,}" if isinstance(value, int) else str(value)


def markdown(repository: str) -> str:
    """The page's list of files."""
    blocks = []
    for file in files():
        script = script_of(file)
        spent, of_all = seconds(file), [*records(file, "runs"), *records(file, "trials")]
        with_time = sum("train_seconds" in record for record in of_all)
        timed = (
            f" ({with_time} of {len(of_all)} records say)" if 0 < with_time < len(of_all) else ""
        )
        command = f"python experiments/{script.name}" if script else UNKNOWN
        names = readers(file)
        read_by = ", ".join(f"[](./{n}{'.md' if '/' in n else '.ipynb'})" for n in names)
        source = f" ([source]({repository}/blob/main/experiments/{script.name}))" if script else ""
        known_as = about(script).rstrip(".:")
        lines = {
            "Command": f"`{command}`{source}",
            "Holds": holds(file),
            "Hours of training": UNKNOWN if spent is None else f"{spent / 3600:.1f}{timed}",
            "Settings": set_to(file),
            "Versions": versions_of(file),
            "Last commit": committed(file),
            "Read by": read_by or UNKNOWN,
        }
        blocks += [
            f"### {file}",
            f"{known_as}{'' if known_as.endswith('?') else '.'}",
            "\n".join(f"- {name}: {said}" for name, said in lines.items() if said != UNKNOWN),
        ]
    return "\n\n".join(blocks)


if __name__ == "__main__":
    from frame import repository_url

    print(markdown(repository_url()))
    sys.exit(0)
