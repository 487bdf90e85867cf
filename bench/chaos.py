"""Rounds of six workers under many kills and faults, on the model of a few thousand weights: the test, for longer.

    python -m bench.chaos --kills 60 --faults 600 --out bench/results/chaos.json

One call plays one round: six processes at once on the simulated Google Drive; each is killed at random moments and
started again. It ends with status 0 if there were as many kills and faults as asked for, nothing was lost and nothing
trained twice: every adapter but that of the worker that never comes back is the undisturbed run's, byte for byte.

Call it as often as you like: each call takes the next seed, and adds its round as a row, and the sums over all rounds,
to the file. A round that failed is a row too, and counts as failed in the sums.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bench.machine import hardware

from housebrain.files import read_json, write_json
from housebrain.git import git_commit

SUMMED = (
    "kills_of_fresh_interpreters",
    "ended_with_an_error",
    "requests_served",
    "seconds",
    "adapters_as_undisturbed",
    "promoted",
)


def totals(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums over rounds.

    Args:
        rounds: a row each, as `main` writes them.

    Returns:
        Kills by what the process was doing, faults by kind, both also in all, how many rounds there were and failed,
        and the sums of the other counts.
    """
    kills, faults = (sum((Counter(row.get(key, {})) for row in rounds), Counter()) for key in ("kills", "faults"))
    return {
        "rounds": len(rounds),
        "rounds_failed": sum(row["failed"] for row in rounds),
        "kills": kills.total(),
        "kills_while": dict(kills),
        "faults": faults.total(),
        "faults_of_kind": dict(faults),
        **{key: sum(row.get(key, 0) for row in rounds) for key in SUMMED},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="over all workers, at least")
    parser.add_argument("--faults", type=int, default=1000, help="requests to the Drive that fail, at least")
    parser.add_argument("--rate", type=float, default=0.05, help="of requests that fail")
    parser.add_argument("--seed", type=int, help="of the moments; else the one after the last in the file")
    parser.add_argument("--epochs", type=int, default=300, help="so many that training outlasts the kills")
    parser.add_argument("--life", type=float, default=60, help="seconds that a worker lives at most")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rounds = read_json(arguments.out).get("each", []) if arguments.out and arguments.out.exists() else []
    seed = arguments.seed
    if seed is None:
        seed = max((row["seed"] for row in rounds), default=-1) + 1
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        os.environ |= {
            "HOUSEBRAIN_CHAOS_KILLS": str(arguments.kills),
            "HOUSEBRAIN_CHAOS_FAULTS": str(arguments.faults),
            "HOUSEBRAIN_CHAOS_FAULT_RATE": str(arguments.rate),
            "HOUSEBRAIN_CHAOS_SEED": str(seed),
            "HOUSEBRAIN_CHAOS_EPOCHS": str(arguments.epochs),
            "HOUSEBRAIN_CHAOS_LIFE": str(arguments.life),
            "HOUSEBRAIN_CHAOS_RESULT": str(result),
        }
        commit = git_commit()
        if not commit.endswith("+"):  # of the same code, undisturbed trainings come to the same
            kept = Path(tempfile.gettempdir()) / f"housebrain-undisturbed-{commit}-{arguments.epochs}.json"
            os.environ["HOUSEBRAIN_CHAOS_UNDISTURBED"] = str(kept)
        status = pytest.main(["-s", "tests/test_chaos.py"])
        row = {"seed": seed, "epochs": arguments.epochs, "fault_rate": arguments.rate}
        row |= {"commit": commit, "failed": status != 0, **(read_json(result) if result.exists() else {})}
    if arguments.out:
        command = f"python -m bench.chaos {' '.join(sys.argv[1:])}"
        rounds = [*rounds, row | {"command": command}]
        write_json(arguments.out, {"totals": totals(rounds), "each": rounds, "hardware": hardware()})
    sys.exit(status)


if __name__ == "__main__":
    main()
