"""What the solver does on real briefs: `python -m bench.solver --dataset FILE --count N`, and on programmes.

Prints the seconds that compiling takes on a new machine, the solved share, refusals by reason, built area over what is
asked for (rooms other than balconies) and a stairs box a level, what the tests' independent checker finds, designs a
second of processor time with a cold and a warm library, and how many different typed topologies there are. With
`--records` each record gets a line of its own. With `--party-walls` each house stands between two neighbours.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from bench.realism import records

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Rejected
from housebrain.house.land import Side
from housebrain.solver.engine import solve
from housebrain.solver.house import House, Infeasible
from housebrain.solver.kinds import type_of
from housebrain.solver.needs import Programme, programme_of
from housebrain.solver.reading import Read, read_tree
from housebrain.solver.tree import leaves, typed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from solver_checker import wrong
from solver_houses import plain


def area_ratio(house: House, programme: Programme) -> float:
    """Built area over the indoor rooms asked for and a stairs box a level."""
    asked_sqft = sum(room.area_sqft for room in programme.rooms if room.type != "balcony")
    return house.built_sqft / (asked_sqft + programme.all_stairs_sqft)


def topology(house: House) -> str:
    """All levels' trees with types for names."""
    written = []
    for storey in house.storeys:
        read = read_tree(storey.tree)
        assert isinstance(read, Read)
        written.append(typed(read.node, {name: type_of(name) for name in leaves(read.node)}))
    return "|".join(written)


def compile_seconds() -> float:
    """Processor seconds that a first design takes where nothing is compiled yet."""
    code = (
        "from housebrain.solver.engine import solve; from housebrain.solver.needs import Programme, Room;"
        "solve(Programme((Room('living', 'living', 200.0), Room('bed', 'bed', 120.0)), 1, 40, 40, 'N', 'x'))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": folder}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Solves, checks and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--records", action="store_true")
    parser.add_argument("--party-walls", action="store_true")
    args = parser.parse_args()
    print(f"compiling: {compile_seconds():.1f} s of processor time")
    total = sum(1 for _ in records(args.dataset))
    step = max(1, total // args.count)
    refused: Counter[str] = Counter()
    programmes: list[tuple[str, Programme]] = []
    ratios: list[float] = []
    houses: list[House] = []
    faults = 0
    for index, record in enumerate(records(args.dataset)):
        if index % step or len(programmes) + refused["brief"] == args.count:
            continue
        try:
            brief = parse_record(record)[1]
            largest = max(brief.berths, key=lambda berth: berth.w * berth.d)
            walls: tuple[Side, ...] = ("left", "right") if args.party_walls else ()
            programmes.append((record["id"], programme_of(brief, largest)._replace(party_walls=walls)))
        except Rejected:
            refused["brief"] += 1
    solve(programmes[0][1])  # compiles
    started, checking = time.process_time(), 0.0
    for name, programme in programmes:
        found = solve(programme, args.seed)
        pause = time.process_time()
        if isinstance(found, Infeasible):
            refused[found.reason] += 1
            if args.records:
                print(f"{name}: {found.detail}")
            continue
        houses.append(found)
        ratios.append(area_ratio(found, programme))
        rooms = {room.name: room.area_sqft for room in programme.rooms}
        bad = wrong(plain(found), rooms, programme.floors, (programme.width_ft, programme.depth_ft))
        faults += len(bad)
        if bad or args.records:
            print(f"{name}: {found.width_ft:g} x {found.depth_ft:g} ft, ratio {ratios[-1]:.3f} {bad}")
        checking += time.process_time() - pause
    cold = len(programmes) / (time.process_time() - started - checking)
    again = programmes[:: max(1, len(programmes) // 200)]
    started = time.process_time()
    for _, programme in again:
        solve(programme, args.seed)
    warm = len(again) / (time.process_time() - started)
    kinds = Counter(map(topology, houses))
    tried = len(programmes) + refused["brief"]
    low, high = sorted(ratios)[len(ratios) // 10], sorted(ratios)[len(ratios) * 9 // 10]
    print(f"solved {len(houses) / tried:.1%} of {tried}; refused {dict(refused)}; violations {faults}")
    print(f"area ratio: median {median(ratios):.3f}, p10 {low:.3f}, p90 {high:.3f}")
    print(f"briefs a second of processor time: {cold:.1f} with a cold library, {warm:.1f} with a warm one")
    commonest = max(kinds.values()) / len(houses)
    print(f"typed topologies: {len(kinds)} of {len(houses)} houses, the commonest {commonest:.1%}")


if __name__ == "__main__":
    main()
