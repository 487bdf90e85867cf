"""How long drawings take: the scene, one plan as SVG, and every format, over solved houses.

    python -m bench.drawing

Prints the median and the slowest in milliseconds, after a first round that is not counted.
"""

from statistics import median
from time import perf_counter

import orjson

from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.solver.solve import solve

BRIEFS = 24


def houses() -> list[tuple[Design, Brief]]:
    """Designs for generated briefs, of one to four floors."""
    found = []
    for raw in generate_records(BRIEFS, seed=3):
        try:
            brief = parse_record(orjson.loads(raw.text))[1]
            found.append((solve(brief, seed=0), brief))
        except Rejected:
            continue
    return found


def main() -> None:
    times: dict[str, list[float]] = {}

    def timed(name: str, start: float) -> float:
        now = perf_counter()
        times.setdefault(name, []).append((now - start) * 1000)
        return now

    solved = houses()
    for _ in range(2):
        times.clear()
        for design, brief in solved:
            began = start = perf_counter()
            drawn = scene(design, brief)
            start = timed("scene", start)
            svg(plan_picture(drawn, 0))
            start = timed("one plan as SVG", start)
            for name, write in FORMATS.items():
                write(drawn)
                start = timed(name, start)
            timed("all", began)
    print(f"{len(solved)} houses, milliseconds: median, slowest")
    for name, taken in times.items():
        print(f"{name:16} {median(taken):7.1f} {max(taken):7.1f}")


if __name__ == "__main__":
    main()
