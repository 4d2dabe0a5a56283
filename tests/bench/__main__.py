"""The bench: prints every figure beside what it is held against, and writes them as JSON when asked to."""

import argparse
import importlib
import json
import sys
from pathlib import Path

from tests.bench.figures import Figure, table

MEASURES = (
    "warrants",
    "analysis",
    "backups",
    "clusters",
    "ceremonies",
    "dispatch",
    "lists",
    "applications",
    "idle",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", choices=MEASURES, action="append", help="one measure; may be given again")
    parser.add_argument("--scale", action="store_true", help="a thousand nodes and a million keys instead")
    parser.add_argument(
        "--faults",
        action="store_true",
        help="strike faults instead: nodes, links, broker, console, disk, clock",
    )
    arguments = parser.parse_args()
    figures: list[Figure] = []
    instead = [name for name in ("scale", "faults") if getattr(arguments, name)]
    for name in instead or arguments.only or MEASURES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        figures.extend(importlib.import_module(f"tests.bench.{name}").measure())
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps([figure.as_json() for figure in figures], indent=1) + "\n")
    return 0 if all(figure.ok is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
