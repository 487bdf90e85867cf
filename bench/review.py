"""What an architect objects to in solved houses, by kind: `python -m bench.review --dataset FILE --count 400`.

Solves records evenly spread over a dataset by the path of `prepare` with seed 0, and prints in what share of the houses
each kind of objection is found. The kinds are those that were seen when plans were looked at one by one
(docs/design.md). With `--out` it draws the plans of the records named by `--ids`, the floors of a house in one picture.
"""

import argparse
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median

from bench.realism import records
from PIL import Image

from housebrain.dataset.v5 import parse_record
from housebrain.drawing.pictures import frame, plan_picture
from housebrain.drawing.png import png
from housebrain.drawing.scene import scene
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.rules.score import form, score, use
from housebrain.rules.score.plan import (
    DAY,
    OUTDOOR,
    SLEEPING,
    WET,
    Box,
    Plan,
    Space,
    asked_sqft,
    edge_ft,
    read_plan,
    wall_ft,
)
from housebrain.rules.score.use import Facts, facts_of
from housebrain.rules.score.ways import to_bath
from housebrain.rules.stairs import stairs_ft
from housebrain.solver.solve import solve

MUCH = 1.6  # times the area asked for; 2 for rooms where more is a luxury
LONG = {"bath": 2.3, "utility": 2.6, "laundry": 2.6, "store": 2.6, "kitchen": 2.0, "living": 1.8, "dining": 1.8}
LONG |= {"garage": 2.5}  # ratios of sides; 1.75 for all others
LARGE_LIVING_SQFT = 180.0
ARM_FT = 6.0  # an arm below this that is 2.5 times as long, with the room at its end, is a strip
FAR_FT = 40.0  # from the entrance to the stairs
PICTURE_PX = 400  # of width, for a floor
COLOURS = 32


def objections(facts: Facts) -> Iterator[str]:
    """The kinds of objections to a house; a kind comes as often as it is found."""
    plan = facts.plan
    yield from _arriving(facts)
    asked = asked_sqft(facts.brief)
    for number, space in enumerate(plan.spaces):
        yield from _used(facts, number, space)
        yield from _shaped(space, asked.get(space.name), plan.outline)
    for level in range(plan.levels):
        yield from _level(plan, level)
    yield from _over_floors(facts)
    found = use.service(facts)
    if found and found[0] < 1:
        yield "utility apart from the kitchen"


def _arriving(facts: Facts) -> Iterator[str]:
    plan, spaces = facts.plan, facts.plan.spaces
    root = spaces[plan.entrances()[0].a]
    ways = [facts.ways[one] for one in plan.of("living", "family") if spaces[one].level == 0 and one in facts.ways]
    if root.kind == "living" and root.area > LARGE_LIVING_SQFT:
        yield "entrance straight into a large living room"
    elif root.kind not in ("hall", "porch", "court", "living"):
        yield "entrance through another room"
    elif ways and root.kind != "living":
        passed = min(ways, key=lambda way: way.length_ft).through
        if any(spaces[one].kind not in ("hall", "porch", "court", "stairs") for one in passed):
            yield "living room reached through other rooms"
    front = {space.kind for space in spaces if space.level == 0 and _at_street(space, plan.outline)}
    if front & {"utility", "store", "laundry"}:
        yield "utility at the street"
    if front & SLEEPING and "living" not in front and any(s.kind == "living" and s.level == 0 for s in spaces):
        yield "bedroom at the street, living room behind"


def _at_street(space: Space, outline: Box) -> bool:
    return any(box[1] == outline[1] for box in space.boxes)


def _used(facts: Facts, number: int, space: Space) -> Iterator[str]:
    plan, spaces = facts.plan, facts.plan.spaces
    beside = {spaces[other].kind for other in plan.joined(number)}
    if space.kind == "bath" and beside & DAY:
        yield "bath opens to a day room"
    if space.kind == "balcony" and not beside & (SLEEPING | DAY | {"office"}):
        yield "balcony entered from no room"
    if space.kind == "kitchen":
        tables = plan.of("dining") or plan.of("living", "family")
        if tables and all(spaces[table].level != space.level for table in tables):
            yield "kitchen and table on two floors"
        elif tables and not set(tables) & set(plan.joined(number)):
            yield "kitchen not beside the dining room"
    if space.kind not in SLEEPING:
        return
    if beside & DAY:
        yield "bedroom opens to a day room"
    if number in facts.ways and any(spaces[one].kind in SLEEPING | {"bath"} for one in facts.ways[number].through):
        yield "bedroom through a private room"
    found = to_bath(plan, number)
    if found is None:
        yield "bath through another bedroom alone"
    elif spaces[found[0]].level != space.level:
        yield "bath on another floor"
    elif any(spaces[one].kind in DAY for one in found[1].through):
        yield "way to the bath past day rooms"


def _shaped(space: Space, asked: float | None, outline: Box) -> Iterator[str]:
    wide, deep = _sides(space.main)
    if space.kind == "balcony" and edge_ft(space, outline) < 0.4 * max(wide, deep):
        yield "balcony in a slot"
    if space.kind in OUTDOOR | {"hall", "stairs"}:
        return
    if asked and space.area > (2.0 if space.kind in ("living", "family") else MUCH) * asked:
        yield "room far larger than asked for"
    if max(wide, deep) / min(wide, deep) > LONG.get(space.kind, 1.75):
        yield "long and narrow room"
    for box in space.boxes:
        short, long = sorted(_sides(box))
        if box != space.main and long > 2.5 * short and short < ARM_FT and _along(box, space.main) < 0.8 * long:
            yield "arm that is a strip"


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _along(one: Box, other: Box) -> float:
    """The wall that two boxes share."""
    shared = 0.0
    for axis in (0, 1):
        if one[axis + 2] == other[axis] or other[axis + 2] == one[axis]:
            across = 1 - axis
            shared = max(shared, min(one[across + 2], other[across + 2]) - max(one[across], other[across]))
    return shared


def _level(plan: Plan, level: int) -> Iterator[str]:
    spaces = [space for space in plan.spaces if space.level == level]
    wide, deep = _sides(plan.outline)
    indoor = sum(space.area for space in spaces if space.kind not in OUTDOOR)
    halls = [space for space in spaces if space.kind == "hall"]
    if sum(space.area for space in halls) > 0.14 * indoor:
        yield "more than 14% of a floor in halls"
    for hall in halls:
        across = max(box[2] for box in hall.boxes) - min(box[0] for box in hall.boxes)
        along = max(box[3] for box in hall.boxes) - min(box[1] for box in hall.boxes)
        if max(across / wide, along / deep) > 0.7:
            yield "hall through the whole house"
    if any(space.kind == "terrace" and space.area > 0.4 * wide * deep for space in spaces):
        yield "terrace over 40% of a floor"
    if plan.levels > 1 and not {space.kind for space in spaces} & (DAY | SLEEPING):
        yield "floor for an office or a bath alone"
    wet = [space for space in spaces if space.kind in WET]
    if len(wet) > 1 and any(all(one is other or wall_ft(one, other) < 2 for other in wet) for one in wet):
        yield "wet room apart from the others"


def _over_floors(facts: Facts) -> Iterator[str]:
    plan = facts.plan
    stacked = form.stacked(facts)
    if stacked and stacked[0] < 0.5:
        yield "wet rooms not over one another"
    baths = Counter(plan.spaces[bath].level for bath in plan.of("bath"))
    if plan.levels > 1 and not baths[0] and max(baths.values(), default=0) > 1:
        yield "no bath where visitors are"
    ground = next((one for one in plan.of("stairs") if plan.spaces[one].level == 0), None)
    if ground is not None and ground in facts.ways:
        way = facts.ways[ground]
        passed = {plan.spaces[one].kind for one in way.through}
        if passed & {"dining", "kitchen", "office"} or way.length_ft > FAR_FT:
            yield "stairs far from the entrance"


def area_ratio(design: Design, brief: Brief) -> float:
    """Built area over what is asked for and a stairs box a floor."""
    short_ft, long_ft = stairs_ft(brief)
    stairs_sqft = short_ft * long_ft * brief.floors if brief.floors > 1 else 0.0
    asked = sum(room.min_area_sqft for room in brief.wanted_rooms if room.type != "balcony") + stairs_sqft
    outdoor = ("balcony", "terrace", "porch", "court")
    return sum(room.area_sqft for level in design.levels for room in level.rooms if room.type not in outdoor) / asked


def draw(design: Design, brief: Brief, path: Path) -> None:
    """Draws the floors of a house side by side, as small as it can still be read."""
    house = scene(design, brief)
    around = frame(house)
    floors = [
        Image.open(io.BytesIO(png(plan_picture(house, number, around), PICTURE_PX))).convert("RGB")
        for number in range(len(design.levels))
    ]
    sheet = Image.new("RGB", (PICTURE_PX * len(floors), max(floor.height for floor in floors)), "white")
    for number, floor in enumerate(floors):
        sheet.paste(floor, (PICTURE_PX * number, 0))
    sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Solves, counts and draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--ids", nargs="*", default=[], help="of the records that are drawn")
    parser.add_argument("--out", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    total = sum(1 for _ in records(args.dataset))
    step = max(1, total // args.count)
    houses = []
    for index, record in enumerate(records(args.dataset)):
        if index % step or index // step >= args.count:
            continue
        try:
            name, brief = parse_record(record)
            design = solve(brief, seed=0)
        except Rejected:
            continue
        houses.append((design, brief))
        if args.out and name in args.ids:
            args.out.mkdir(parents=True, exist_ok=True)
            draw(design, brief, args.out / f"{name}.png")
    kinds: Counter[str] = Counter()
    for design, brief in houses:
        kinds.update(set(objections(facts_of(read_plan(design), brief))))
    print(f"{len(houses)} of {args.count} solved; {kinds.total() / len(houses):.2f} kinds of objections a house")
    for kind, count in kinds.most_common():
        print(f"{count / len(houses):6.1%} {kind}")
    print(f"score {mean(score(design, brief).total for design, brief in houses):.3f}")
    print(f"area over asked for: median {median(area_ratio(design, brief) for design, brief in houses):.3f}")


if __name__ == "__main__":
    main()
