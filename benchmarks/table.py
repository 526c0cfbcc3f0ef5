"""One table of what the benchmarks of the package have written.

python benchmarks/table.py FILE.json ...
"""

import json
import sys
from pathlib import Path

from common import Row, line


def main() -> None:
    for name in sys.argv[1:]:
        for row in json.loads(Path(name).read_text(encoding="utf-8")):
            print(line(Row(**row)))


if __name__ == "__main__":
    main()
