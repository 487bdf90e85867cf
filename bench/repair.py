"""What `repair` makes of spoilt designs: `python -m bench.repair --dataset FILE --count 200`.

Real briefs are solved, each design is spoilt (tests/perturbed.py), at random and in each of the ways, and mended.
Printed is how many come back valid by the independent checker, how many by small changes of the draft, how far rooms
were moved in these, and the time that it takes.
"""

import argparse
import sys
import time
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

from bench.realism import records

from housebrain.answering.mending.mend import Mended, repair
from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.solver.solve import solve

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from design_checker import faults
from perturbed import WAYS, spoilt


def main() -> None:
    """Solves, spoils, mends and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200, help="designs spoilt at random")
    parser.add_argument("--each", type=int, default=20, help="designs spoilt in each of the ways")
    parser.add_argument("--step", type=int, default=230, help="every how manieth record is taken")
    args = parser.parse_args()
    solved: list[tuple[dict[str, Any], Brief, Design]] = []
    for number, record in enumerate(records(args.dataset)):
        if len(solved) == args.count:
            break
        if number % args.step:
            continue
        try:
            brief = parse_record(record)[1]
            solved.append((record, brief, solve(brief, seed=1)))
        except Rejected:
            continue
    again = [(repair(design.model_dump(mode="json"), brief), design) for _, brief, design in solved]
    unchanged = sum(isinstance(found, Mended) and found.design == design for found, design in again)
    print(f"{unchanged} of {len(solved)} valid designs come back unchanged", flush=True)
    for way, count in [("random", args.count), *((way, args.each) for way in WAYS if args.each)]:
        valid = kept = 0
        moves, spent = [], []
        for number, (record, brief, design) in enumerate(solved[:count]):
            draft = spoilt(design.model_dump(mode="json"), Random(number), None if way == "random" else way)
            started = time.perf_counter()
            found = repair(draft, brief)
            spent.append(time.perf_counter() - started)
            if isinstance(found, Mended) and not faults(found.design.model_dump(mode="json"), record):
                valid += 1
                kept += not found.replaced
                if not found.replaced:
                    moves.append(mean(room.moved_ft for room in found.rooms if room.moved_ft is not None))
        print(f"{way}: {valid} of {len(spent)} valid, {kept} by small changes of the draft;", end=" ")
        print(f"rooms moved by {median(moves or [0]):.1f} ft on average (median over designs);", end=" ")
        print(f"{median(spent):.2f} s, mean {mean(spent):.2f} s", flush=True)


if __name__ == "__main__":
    main()
