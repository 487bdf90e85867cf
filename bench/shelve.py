"""Writes the library's file: `python -m bench.shelve LEVELS`.

`LEVELS` has a level a line, as `repr` writes it, most wanted first; `--seconds` ends the work. What is not on file is
made when it is first needed, in about a tenth of a second.
"""

import argparse
import gzip
import json
import sys
import time
from pathlib import Path

from tqdm import tqdm

from housebrain.solver.grammar import Level, Stairs
from housebrain.solver.library import SHELF, key_of, written
from housebrain.solver.rows import Big

_NAMES = {"Level": Level, "Stairs": Stairs, "Big": Big}


def main() -> None:
    """Makes the topologies of the levels in turn and writes them all at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("levels", type=Path)
    parser.add_argument("--seconds", type=float, default=3600.0)
    args = parser.parse_args()
    until = time.monotonic() + args.seconds
    trees = {}
    for line in tqdm(args.levels.read_text().splitlines(), unit=" levels", file=sys.stderr, mininterval=5):
        level = eval(line, {"__builtins__": {}}, _NAMES)  # the maintainer's own file
        trees[key_of(level)] = written(level)
        if time.monotonic() > until:
            break
    with SHELF.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(json.dumps(trees, separators=(",", ":")).encode())
    print(f"{len(trees)} levels, {sum(map(len, trees.values()))} trees, {SHELF.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
