"""One table of what the benchmarks of the package have written, both settings side by side.

python benchmarks/table.py FILE.json ...
"""

import json
import statistics
import sys
from pathlib import Path

from common import DEFAULTS, SETTINGS, Row, read


def cell(row: Row | None) -> str:
    if row is None:
        return "–"
    if not row.better:
        return f"{row.value:,.3g} {row.unit}"
    middle, low, high = statistics.median(row.better), min(row.better), max(row.better)
    spread = f" ({low:.2f}–{high:.2f})" if len(row.better) > 1 else ""
    return f"{middle:.2f}{spread}"


def reached(row: Row) -> str:
    if row.aim is None or not row.better:
        return ""
    return f"{row.aim:.2g}" + ("" if statistics.median(row.better) >= row.aim else " missed")


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]]
    for machine in dict.fromkeys(json.loads(path.read_text())["machine"] for path in paths):
        print(machine)
    rows = [row for path in paths for row in read(path)]
    by_key: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        key = row.case, row.mode, row.program, row.peer
        by_key.setdefault(key, {})[row.setting] = row
    print("| case | mode | program | times better than | " + " | ".join(SETTINGS) + " | aim |")
    print("|---" * (5 + len(SETTINGS)) + "|")
    for (case, mode, program, peer), of in by_key.items():
        cells = [cell(of.get(setting)) for setting in SETTINGS]
        aim = reached(of[DEFAULTS]) if DEFAULTS in of else ""
        print("| " + " | ".join([case, mode, program, peer, *cells, aim]) + " |")


if __name__ == "__main__":
    main()
