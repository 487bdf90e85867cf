"""The fuzzers for long: whatever is given, the result is right, or one clear line says what is wrong.

    PYTHONPATH=tests python -m bench.fuzz --examples 10000 --target records --out bench/results/fuzz.json

Every call draws anew, from another seed, and adds its counts to those in the file. It ends with status 1 where the
promise was broken, and shows the smallest case of each fault, which belongs into the target's `kept`. What was found is
also in .hypothesis and tried first the next time.
"""

import argparse
import logging
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from bench.machine import hardware
from hypothesis import HealthCheck, given, seed, settings

from fuzz.target import Target
from fuzz.targets import TARGETS
from housebrain.files import read_json, write_json
from housebrain.service.warm import warm


def run(target: Target, examples: int, number: int) -> tuple[Counter[str], str]:
    """Draws cases of a target and checks them.

    Args:
        target: whose.
        examples: how many, at most: a small target may have fewer.
        number: the seed.

    Returns:
        How often each outcome was met, and the first fault's traceback, empty where there was none.
    """
    outcomes: Counter[str] = Counter()

    @seed(number)
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(target.cases)
    def hold(case: Any) -> None:
        outcomes[target.check(case)] += 1

    try:
        hold()
    except Exception:
        return outcomes, traceback.format_exc()
    return outcomes, ""


def main() -> None:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1000, help="of each target")
    parser.add_argument("--target", choices=names, nargs="+", default=names)
    parser.add_argument("--seed", type=int, help="else the number of runs in the file")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    known = read_json(arguments.out)["targets"] if arguments.out and arguments.out.exists() else {}
    warm()  # a case's time is watched
    broken = False
    for target in TARGETS:
        if target.name not in arguments.target:
            continue
        before = known.get(target.name, {"runs": 0, "seconds": 0, "outcomes": {}, "faults": 0})
        started = time.monotonic()
        outcomes, fault = run(target, arguments.examples, before["runs"] if arguments.seed is None else arguments.seed)
        total = Counter(before["outcomes"]) + outcomes
        known[target.name] = {
            "about": target.about,
            "examples": total.total(),
            "outcomes": dict(total),
            "faults": before["faults"] + bool(fault),
            "runs": before["runs"] + 1,
            "seconds": round(before["seconds"] + time.monotonic() - started),
        }
        print(f"{target.name}: {dict(outcomes)}{f', broken: {fault}' if fault else ''}", flush=True)
        broken |= bool(fault)
        if arguments.out:
            write_json(arguments.out, {"targets": known, "hardware": hardware()})
    sys.exit(broken)


if __name__ == "__main__":
    main()
