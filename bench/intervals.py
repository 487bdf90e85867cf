"""How often the evaluation's 95% intervals hold the true value, by the number of briefs.

    python bench/intervals.py --draws 1000

Losses are lognormal with a spread of 0.4, on answers of 100 to 300 tokens; shares are of verdicts that pass with the
probability named. Draws without an interval are left out and counted.
"""

import argparse
import math
from collections.abc import Callable

import numpy as np

from housebrain.evaluation.intervals import interval
from housebrain.evaluation.metrics import Measure


def losses(rng: np.random.Generator, n: int) -> Measure:
    return Measure(rng.lognormal(-1, 0.4, n), rng.integers(100, 300, n).astype(float), None)


def share(p: float) -> Callable[[np.random.Generator, int], Measure]:
    return lambda rng, n: Measure((rng.random(n) < p).astype(float), np.ones(n), (0.0, 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    kinds = {
        "loss": (losses, math.exp(-1 + 0.4**2 / 2)),
        "share 50%": (share(0.5), 0.5),
        "share 90%": (share(0.9), 0.9),
    }
    for name, (draw, truth) in kinds.items():
        for n in (4, 10, 20, 50, 200):
            rng = np.random.default_rng(n)
            found = [one for one in (interval(draw(rng, n)) for _ in range(draws)) if one is not None]
            held = sum(one.low <= truth <= one.high for one in found)
            print(
                f"{name:<10} {n:>4} briefs  {held / len(found):.1%}  without an interval {draws - len(found)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
