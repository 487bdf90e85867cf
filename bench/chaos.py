"""A round of six workers under many kills and faults, on the model of a few thousand weights: the test, for longer.

    python -m bench.chaos --kills 100 --faults 1000

Six processes at once on the simulated Google Drive; each is killed at random moments and started again. Ends with
status 0 if there were as many kills and faults as asked for, nothing was lost and nothing trained twice: every adapter
but that of the worker that never comes back is the undisturbed run's, byte for byte.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import pytest
from bench.machine import hardware

from housebrain.files import read_json, write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="over all workers, at least")
    parser.add_argument("--faults", type=int, default=1000, help="requests to the Drive that fail, at least")
    parser.add_argument("--rate", type=float, default=0.05, help="of requests that fail")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--epochs", type=int, default=300, help="so many that training outlasts the kills")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        os.environ |= {
            "HOUSEBRAIN_CHAOS_KILLS": str(arguments.kills),
            "HOUSEBRAIN_CHAOS_FAULTS": str(arguments.faults),
            "HOUSEBRAIN_CHAOS_FAULT_RATE": str(arguments.rate),
            "HOUSEBRAIN_CHAOS_SEED": str(arguments.seed),
            "HOUSEBRAIN_CHAOS_EPOCHS": str(arguments.epochs),
            "HOUSEBRAIN_CHAOS_RESULT": str(result),
        }
        status = pytest.main(["-s", "tests/test_chaos.py"])
        if status == 0 and arguments.out:
            command = f"python -m bench.chaos {' '.join(sys.argv[1:])}"
            write_json(arguments.out, read_json(result) | {"command": command, "hardware": hardware()})
    sys.exit(status)


if __name__ == "__main__":
    main()
