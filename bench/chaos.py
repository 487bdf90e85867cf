"""A round of six workers under many kills, on the model of a few thousand weights: what the test does, for longer.

    python -m bench.chaos --kills 100

Prints the kills by what the worker was doing, and ends with status 0 if nothing was lost and nothing trained twice.
"""

import argparse
import os
import sys

import pytest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="over all workers, at least")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--epochs", type=int, default=300, help="so many that training outlasts the kills")
    arguments = parser.parse_args()
    os.environ |= {
        "HOUSEBRAIN_CHAOS_KILLS": str(arguments.kills),
        "HOUSEBRAIN_CHAOS_SEED": str(arguments.seed),
        "HOUSEBRAIN_CHAOS_EPOCHS": str(arguments.epochs),
    }
    sys.exit(pytest.main(["-s", "tests/test_chaos.py"]))


if __name__ == "__main__":
    main()
