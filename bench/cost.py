"""How the cost by quantities stands to the plinth-area method, and what a concrete house takes, on real or made briefs.

    python -m bench.cost --dataset FILE --count 1000 --out bench/results/cost.json

`FILE` is any file of records that `housebrain ingest` reads; without one, briefs are made. Each brief is solved with
seed 0. `own` is each house at its own region's rates in its own quality; the other rows are all houses by one rate file
in one quality. The share within a tenth of the plinth-area method is `within`; `milliseconds` is what quantities, four
qualities and the choice take a house.
"""

import argparse
import time
from itertools import islice
from pathlib import Path
from statistics import median

import orjson
from bench.machine import hardware

from housebrain.dataset.generate import generate_records
from housebrain.dataset.records import read_records
from housebrain.dataset.v5 import parse_record
from housebrain.files import write_json
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.rules.bill import bill
from housebrain.rules.cost import choose_quality
from housebrain.rules.quantities import materials, measure
from housebrain.rules.rates import QUALITIES
from housebrain.solver.solve import solve

REGIONS = ("US_Midwest", "Asia_India")  # one of each rate file


def solved(dataset: Path | None, count: int, step: int) -> list[tuple[Brief, Design]]:
    """Houses for `count` briefs that can be solved, every `step`th of them."""
    records = generate_records(10 * count, seed=0) if dataset is None else islice(read_records(dataset), 0, None, step)
    houses = []
    for raw in records:
        try:
            brief = parse_record(orjson.loads(raw.text))[1]
            houses.append((brief, solve(brief, seed=0)))
        except Rejected:
            continue
        if len(houses) == count:
            break
    return houses


def row(ratios: list[float]) -> dict[str, float]:
    ordered = sorted(ratios)
    return {
        "within": sum(abs(one - 1) <= 0.1 for one in ordered) / len(ordered),
        "median": median(ordered),
        "p2.5": ordered[len(ordered) // 40],
        "p97.5": ordered[-1 - len(ordered) // 40],
    }


def compare(houses: list[tuple[Brief, Design]]) -> dict[str, dict[str, float]]:
    """The rows of the docstring."""

    def ratio(brief: Brief, design: Design) -> float:
        made = bill(design, brief)
        return made.total / made.plinth

    rows = {"own": row([ratio(brief, design) for brief, design in houses])}
    for region in REGIONS:
        for quality in QUALITIES:
            rows[f"{region} {quality}"] = row(
                [
                    ratio(brief.model_copy(update={"region": region}), design.model_copy(update={"quality": quality}))
                    for brief, design in houses
                ]
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--step", type=int, default=70, help="takes every so many-th record")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    houses = solved(arguments.dataset, arguments.count, arguments.step)
    started = time.perf_counter()
    for brief, design in houses:
        choose_quality(design.levels, design.materials, design.site, brief)
    seconds = time.perf_counter() - started
    taken = [(materials(measure(design.levels)), design.built_area_sqft) for _, design in houses]
    rows = compare(houses)
    found = {
        "houses": len(houses),
        "plinth": rows,
        "a_square_foot": {
            name: median(getattr(each, name) / sqft for each, sqft in taken)
            for name in ("cement_bags", "steel_kg", "concrete_m3")
        },
        "milliseconds": 1000 * seconds / len(houses),
        "machine": hardware(),
    }
    for name, values in rows.items():
        print(f"{name:22} within a tenth {values['within']:.1%}, median {values['median']:.3f}")
    print(found["a_square_foot"], f"{found['milliseconds']:.2f} ms a house")
    if arguments.out:
        write_json(arguments.out, found)


if __name__ == "__main__":
    main()
