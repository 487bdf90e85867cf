"""How long drawings take: the scene, one plan as SVG, and every format, over solved houses.

    python -m bench.drawing --out bench/results/drawing.json

Prints the median and the slowest in milliseconds, after a first round that is not counted, and how large files get.
"""

import argparse
from pathlib import Path
from statistics import median
from time import perf_counter

import orjson
from bench.machine import hardware

from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.files import write_json
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")
    out = parser.parse_args().out
    sizes: dict[str, int] = {}
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
                files = write(drawn)
                start = timed(name, start)
                sizes[name] = max(sizes.get(name, 0), *(len(content) for content in files.values()))
            timed("all", began)
    print(f"{len(solved)} houses, milliseconds: median, slowest")
    for name, taken in times.items():
        size = f" {sizes[name] / 1000:7.0f} kB at most" if name in sizes else ""
        print(f"{name:16} {median(taken):7.1f} {max(taken):7.1f}{size}")
    if out:
        figures = {
            name: {"median": round(median(taken), 1), "slowest": round(max(taken), 1)} for name, taken in times.items()
        }
        rooms = [sum(len(level.rooms) for level in design.levels) for design, _ in solved]
        found = {"houses": len(solved), "rooms": [min(rooms), max(rooms)], "milliseconds": figures, "bytes": sizes}
        write_json(out, {"hardware": hardware(), **found})


if __name__ == "__main__":
    main()
