"""Whether what a refusal names helps: `python -m bench.mends --dataset FILE --count N`.

Takes the first N refused briefs of records spread over a dataset, makes each change that their refusals name, one at a
time, and solves again. Prints the share of changes after which a house was found, by sort, and what failed.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

from bench.realism import records

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Rejected
from housebrain.solver.engine import solve
from housebrain.solver.house import House, Infeasible
from housebrain.solver.needs import programme_of
from housebrain.solver.refusals import mends


def main() -> None:
    """Solves, mends and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300, help="refusals")
    parser.add_argument("--step", type=int, default=20, help="every so many records are looked at")
    parser.add_argument("--seconds", type=float, default=1e9, help="ends the work early")
    args = parser.parse_args()
    until = time.monotonic() + args.seconds
    refused, tried, helped = 0, Counter[str](), Counter[str]()
    unnamed = 0
    for index, record in enumerate(records(args.dataset)):
        if refused == args.count or time.monotonic() > until:
            break
        if index % args.step:
            continue
        try:
            brief = parse_record(record)[1]
        except Rejected:
            continue
        programme = programme_of(brief, max(brief.berths, key=lambda berth: berth.w * berth.d))
        found = solve(programme)
        if isinstance(found, House) or found.reason not in ("area_over_envelope", "no_layout_found"):
            continue
        refused += 1
        named = mends(programme)
        unnamed += not named
        for mend in named:
            sort = "floors" if mend.floors else "smaller rooms" if mend.smaller else "envelope"
            tried[sort] += 1
            if isinstance(solve(mend.applied(programme)), Infeasible):
                print(f"{record['id']}: {found.detail}; in vain: {mend}")
            else:
                helped[sort] += 1
    print(f"{refused} refusals, {unnamed} of them name no change")
    for sort in tried:
        print(f"{sort}: {helped[sort]} of {tried[sort]} help, {helped[sort] / tried[sort]:.1%}")
    print(f"in all {helped.total() / tried.total():.1%}")


if __name__ == "__main__":
    main()
