"""What the measurements share: both settings of TensorFlow, runs taken in turn, rows of one table.

A row says how many times better a program is than its peer: the median over the rounds of the
peer's time by the program's (of memory, the peer's bytes by the program's), with the least and the
greatest of the rounds.

TensorFlow computes with oneDNN unless `TF_ENABLE_ONEDNN_OPTS=0` says otherwise, which changes how
fast it multiplies matrices. What users have is the default; so each benchmark is a child process
under the default and, where that matters, another one without oneDNN.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

DEFAULTS, WITHOUT_ONEDNN = "defaults", "without oneDNN"
SETTINGS = {DEFAULTS: {}, WITHOUT_ONEDNN: {"TF_ENABLE_ONEDNN_OPTS": "0"}}


class Row(NamedTuple):
    case: str
    mode: str  # eager, graph, XLA, …
    program: str
    value: float
    unit: str
    peer: str = ""
    better: tuple[float, ...] = ()  # than the peer, of each round
    aim: float | None = None  # what `better` should reach under the defaults
    remark: str = ""
    setting: str = DEFAULTS


def interleaved(runs: dict, rounds: int) -> dict:
    """The seconds of each run, taken in turn; a first round warms up and is not counted."""
    seconds = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def by_round(peer: list[float], program: list[float]) -> tuple[float, ...]:
    """How many times faster the program was than its peer, from the seconds of each round."""
    return tuple(one / other for one, other in zip(peer, program, strict=True))


def best(rows: Iterable[Row]) -> Row:
    """Of the rows with a peer, the one with the greatest median."""
    return max((row for row in rows if row.better), key=lambda row: statistics.median(row.better))


def line(row: Row) -> str:
    value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
    text = f"{row.case:41} {row.mode:6} {row.program:28} {value:>7} {row.unit:12}"
    if row.better:
        middle, low, high = statistics.median(row.better), min(row.better), max(row.better)
        text += f" {middle:6.2f}× {row.peer}"
        if len(row.better) > 1:
            text += f" ({low:.2f}–{high:.2f})"
        if row.aim is not None and row.setting == DEFAULTS:
            text += f", {'reaches' if middle >= row.aim else 'MISSES'} {row.aim:.2g}×"
    return " ".join([text, row.remark]).rstrip()


def machine() -> str:
    """The processor, as far as it can be told, and the versions."""
    from importlib.metadata import PackageNotFoundError, version

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next((row.partition(":")[2].strip() for row in lines if "model name" in row), name)
    versions = []
    for package in ("tensorflow", "tensorflow-cpu", "keras", "numpy", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{name}, {os.cpu_count()} cores; {', '.join(versions)}"


def run(
    description: str,
    measure: Callable[[argparse.Namespace], Iterable[Row]],
    *,
    settings: Iterable[str] = tuple(SETTINGS),
    rounds: int = 5,
    **options,
) -> None:
    """The command line of a benchmark: one child process a setting, each prints and writes rows."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(settings))
    parser.add_argument("--setting", choices=SETTINGS, help=argparse.SUPPRESS)  # of a child
    for name, about in options.items():
        parser.add_argument(f"--{name}", **about)
    arguments = parser.parse_args()
    if arguments.setting:
        rows = measured_here(arguments, measure)
    else:
        print(machine(), flush=True)
        rows = [row for name in arguments.settings for row in measured_in_child(name)]
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        written = {"machine": machine(), "rows": [row._asdict() for row in rows]}
        arguments.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def measured_here(arguments: argparse.Namespace, measure: Callable) -> list[Row]:
    rows = []
    for row in measure(arguments):
        rows.append(row._replace(setting=arguments.setting))
        print(line(rows[-1]), flush=True)
    return rows


def measured_in_child(setting: str) -> list[Row]:
    environment = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "rows.json")
        command = [sys.executable, *sys.argv, "--setting", setting, "--json", str(result)]
        print(f"\n{setting}:", flush=True)
        subprocess.run(command, check=True, env={**environment, **SETTINGS[setting]})
        return read(result)


def read(path: Path) -> list[Row]:
    """The rows of a JSON that `run` wrote."""
    return [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
