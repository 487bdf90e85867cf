"""How the solver's fast judge agrees with the score: `python -m bench.score --dataset FILE --count 100`.

For each of some real briefs, all houses that the solver compares are finished and scored. Printed is Spearman's rank
correlation between the judge's order and the score's within a brief, its median and quartiles over briefs, how much
score the solver's choice lacks to the best candidate, and what each part of the score contributes to agreement.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bench.realism import records
from scipy.stats import spearmanr

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.rules.checks import violations
from housebrain.rules.score import Score, score
from housebrain.solver.engine import Solver
from housebrain.solver.finish import finish
from housebrain.solver.house import House
from housebrain.solver.needs import programme_of
from housebrain.solver.solve import design_of

SEEDS = 5
LEAST = 5  # candidates of a brief, for an order to mean something


class Judged(NamedTuple):
    """A house that the solver compared: what its judge says (less is better), and the score."""

    penalty: float
    score: Score
    design: Design
    house: House


def candidates(brief: Brief, seeds: int = SEEDS) -> Iterator[Judged]:
    """The valid houses that the solver compares for a brief, of several seeds, equal ones once."""
    programme = programme_of(brief)
    seen: set[str] = set()
    for seed in range(seeds):
        solver = Solver(programme, seed)
        solver.look(rounds=1 if brief.floors == 1 else 3, enough=6)
        for penalty, candidate in solver.found:
            house = finish(candidate, solver.unit_ft)
            design = design_of(house, brief)
            text = design.model_dump_json()
            if text not in seen and not violations(design, brief):
                seen.add(text)
                yield Judged(penalty, score(design, brief), design, house)


def main() -> None:
    """Solves, scores and correlates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--step", type=int, default=500, help="every how manieth record is taken")
    args = parser.parse_args()
    agreement: list[float] = []
    lacking, totals, spent = [], [], []
    by_part: dict[str, list[float]] = defaultdict(list)
    for number, record in enumerate(records(args.dataset)):
        if len(agreement) == args.count:
            break
        if number % args.step:
            continue
        try:
            brief = parse_record(record)[1]
        except Rejected:
            continue
        judged = list(candidates(brief))
        if len(judged) < LEAST:
            continue
        started = time.perf_counter()
        for one in judged:
            score(one.design, brief)
        spent.append((time.perf_counter() - started) / len(judged))
        order = [-one.penalty for one in judged]
        values = [one.score.total for one in judged]
        agreement.append(_correlation(order, values))
        lacking.append(max(values) - values[int(np.argmax(order))])
        totals += values
        for part in judged[0].score.parts:
            own = [found.value for one in judged if (found := one.score.part(part.name))]
            if len(own) == len(judged) and max(own) > min(own):
                by_part[part.name].append(_correlation(order, own))
    low, middle, high = np.percentile(agreement, [25, 50, 75])
    print(f"{len(agreement)} briefs: rank correlation median {middle:.2f}, quartiles {low:.2f} and {high:.2f}")
    print(f"the judge's choice lacks {np.mean(lacking):.3f} to the best score of its brief on average")
    print(f"scores: median {np.median(totals):.3f}, from {np.min(totals):.3f} to {np.max(totals):.3f}")
    print(f"a score takes {1000 * np.median(spent):.2f} ms")
    for name, values in sorted(by_part.items(), key=lambda item: -float(np.mean(item[1]))):
        print(f"  {name}: {np.mean(values):.2f} over {len(values)} briefs")


def _correlation(one: list[float], other: list[float]) -> float:
    """Spearman's; 0 where one of them is the same everywhere."""
    found = float(spearmanr(one, other).statistic) if len(set(one)) > 1 and len(set(other)) > 1 else 0.0
    return 0.0 if np.isnan(found) else found


if __name__ == "__main__":
    main()
