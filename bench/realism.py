"""How near solved levels come to real ones: `python -m bench.realism --dataset FILE --count N --out CSV`.

Solves N records of a dataset, evenly spread over it, by the path of `prepare` with seed 0, and writes a row for each
level of six rooms or more. The columns are those of the floor plan statistics that the panel compares:

- circ_share: area of halls and stairs over indoor area
- hall_span, hall_aspect, hall_fill: of the largest of these, its length over the plan's, its ratio of sides, its area
  over its bounding box's
- door_max_deg_share: most doors on one room over rooms - 1; door_leaf_share: rooms with one door
- only_hall_share: rooms whose one door leads to a hall or stairs; door_diam: the longest of the shortest ways
- wet_touch: wet rooms that share 3 ft of wall with another
- rect_share, outline_fill, grid_lines_per_room: rectangular rooms, the outline over its bounding box, distinct wall
  lines a room

The real levels are flats, nearly all without stairs, whose box is the largest piece of circulation on most floors here.
With `--flats` a floor is measured as if its stairs were no room of it.
"""

import argparse
import csv
import json
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shapely.geometry import Polygon, box
from shapely.ops import unary_union

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Rejected
from housebrain.house.design import OUTSIDE, Level
from housebrain.house.rooms import OPEN_AIR
from housebrain.solver.solve import solve

CIRCULATION = frozenset({"corridor", "stairs"})
WET = frozenset({"bathroom", "kitchen", "utility", "laundry"})
SHARED_FT = 3  # of wall, for two rooms to count as neighbours
LEAST_ROOMS = 6


def records(dataset: Path) -> Iterator[Any]:
    """The records of a `.jsonl` or `.jsonl.zst` file."""
    if dataset.suffix == ".zst":
        with subprocess.Popen(["zstd", "-dc", str(dataset)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            yield from map(json.loads, process.stdout)
    else:
        with dataset.open("rb") as file:
            yield from map(json.loads, file)


def as_flat(level: Level) -> Level:
    """The level without its stairs and their doors."""
    rooms = [room for room in level.rooms if room.type != "stairs"]
    names = {room.name for room in rooms} | {OUTSIDE}
    doors = [door for door in level.doors if {door.a, door.b} <= names]
    return level.model_copy(update={"rooms": tuple(rooms), "doors": tuple(doors)})


def _ways(links: dict[int, set[int]], start: int) -> dict[int, int]:
    """How many doors each reachable room is away."""
    away = {start: 0}
    queue = deque([start])
    while queue:
        room = queue.popleft()
        for other in links[room]:
            if other not in away:
                away[other] = away[room] + 1
                queue.append(other)
    return away


def measure(level: Level) -> dict[str, float] | None:
    """The level's row, or None where it has fewer than six indoor rooms, no hall or too few wet rooms."""
    indoor = [room for room in level.rooms if room.type not in OPEN_AIR]
    types: list[str] = [room.type for room in indoor]
    shapes = [unary_union([box(part.x, part.y, part.right, part.rear) for part in room.boxes]) for room in indoor]
    halls = [shape for shape, kind in zip(shapes, types, strict=True) if kind in CIRCULATION]
    if len(indoor) < LEAST_ROOMS or not halls:
        return None
    number = {room.name: index for index, room in enumerate(indoor)}
    links: dict[int, set[int]] = {index: set() for index in range(len(indoor))}
    for door in level.doors:
        if door.b != OUTSIDE and door.a in number and door.b in number:
            links[number[door.a]].add(number[door.b])
            links[number[door.b]].add(number[door.a])
    component = max((_ways(links, room) for room in links), key=len)
    main = [room for room in links if types[room] not in CIRCULATION and links[room]]
    wet = [room for room in links if types[room] in WET]
    if len(wet) < 2 or len(component) < 3 or not main:
        return None
    touching = {
        one
        for one in wet
        for other in wet
        if one != other and shapes[one].exterior.intersection(shapes[other].exterior).length >= SHARED_FT
    }
    outline = unary_union([shape.buffer(0.01, join_style=2) for shape in shapes])
    x0, y0, x1, y1 = outline.bounds
    hall = max(halls, key=lambda shape: shape.area)
    hx0, hy0, hx1, hy1 = hall.bounds
    w, d = hx1 - hx0, hy1 - hy0
    lines = sum(len({round(c, 2) for s in shapes for c in (s.bounds[k], s.bounds[k + 2])}) for k in (0, 1))
    return {
        "n_rooms": len(indoor),
        "circ_share": sum(shape.area for shape in halls) / sum(shape.area for shape in shapes),
        "hall_span": min(1.0, max(w / (x1 - x0), d / (y1 - y0))),
        "hall_aspect": max(w, d) / min(w, d),
        "hall_fill": hall.area / (w * d),
        "door_max_deg_share": max(map(len, links.values())) / (len(indoor) - 1),
        "door_leaf_share": sum(len(own) == 1 for own in links.values()) / len(indoor),
        "only_hall_share": sum(len(links[room]) == 1 and types[next(iter(links[room]))] in CIRCULATION for room in main)
        / len(main),
        "door_diam": max(max(_ways(links, room).values()) for room in component),
        "wet_touch": len(touching) / len(wet),
        "rect_share": sum(_fill(shape) > 0.97 for shape in shapes) / len(shapes),
        "outline_fill": _fill(outline),
        "grid_lines_per_room": lines / len(indoor),
    }


def _fill(shape: Polygon) -> float:
    return float(shape.area / box(*shape.bounds).area)


def main() -> None:
    """Solves, measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--flats", action="store_true", help="leave out the stairs")
    args = parser.parse_args()
    total = sum(1 for _ in records(args.dataset))
    step = max(1, total // args.count)
    rows, solved, tried = [], 0, 0
    for index, record in enumerate(records(args.dataset)):
        if index % step or tried == args.count:
            continue
        tried += 1
        try:
            design = solve(parse_record(record)[1], seed=0)
        except Rejected:
            continue
        solved += 1
        levels = map(as_flat, design.levels) if args.flats else design.levels
        rows += [row for level in levels if (row := measure(level)) is not None]
    with args.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["n_rooms"])
        writer.writeheader()
        writer.writerows({key: round(value, 4) for key, value in row.items()} for row in rows)
    print(f"{solved} of {tried} solved, {len(rows)} levels of six rooms or more")


if __name__ == "__main__":
    main()
