"""How long a model on a CPU takes for a token of each row: as transformers has it, and as this package asks it.

    python -m bench.writing --base models/base/smollm2-135m --out bench/results/writing.json

Each number of rows is asked in turn in both ways, round after round, in one process. The tokens before are random.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from bench.machine import hardware
from transformers import DynamicCache

from housebrain.files import write_json
from housebrain.model.folded import load_model
from housebrain.model.growing_cache import growing_cache
from housebrain.model.prepacked import prepack

ROWS = (1, 2, 3, 6, 24)
BEFORE = 250  # tokens of each row
TOKENS = 20  # measured at once
ROUNDS = 3


def milliseconds(model: Any, cache: DynamicCache, rows: int) -> float:
    """Of one pass that writes a token in each row."""
    ids = torch.randint(0, model.config.vocab_size, (rows, BEFORE), generator=torch.Generator().manual_seed(rows))
    with torch.inference_mode():
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        started = time.perf_counter()
        for _ in range(TOKENS):
            model(input_ids=ids[:, :1], past_key_values=cache, use_cache=True, logits_to_keep=1)
    return (time.perf_counter() - started) / TOKENS * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    theirs, ours = load_model(options.base, None).eval(), prepack(load_model(options.base, None))
    found: dict[int, dict[str, float]] = {}
    for rows in ROWS:
        times = [
            (
                milliseconds(theirs, DynamicCache(config=theirs.config), rows),
                milliseconds(ours, growing_cache(ours.config), rows),
            )
            for _ in range(ROUNDS)
        ]
        found[rows] = {
            name: round(median(one), 1)
            for name, one in zip(("transformers", "housebrain"), zip(*times, strict=True), strict=True)
        }
        print(f"{rows} rows: {found[rows]}", flush=True)
    settings = {name: os.environ.get(name) for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    write_json(options.out, {"machine": hardware(), **settings, "milliseconds_a_pass": found})


if __name__ == "__main__":
    main()
