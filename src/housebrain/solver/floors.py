"""Which room stands on which floor: day rooms below, bedrooms with their baths above, floors about equally full."""

from functools import lru_cache
from itertools import combinations, pairwise
from random import Random
from typing import NamedTuple

from housebrain.solver.grammar import Level, Stairs
from housebrain.solver.kinds import BEDROOMS, OUTDOOR
from housebrain.solver.needs import Programme, Room
from housebrain.solver.rows import Big

# From the street door upwards.
_ORDER = {name: rank for rank, name in enumerate((
    "garage", "living", "dining", "kitchen", "guest", "office", "family", "bed", "master"))}  # fmt: skip
ROOMY = 0.7  # share of the envelope that rooms and stairs of a floor fill at ease
TABLE_APART = 0.5  # what kitchen and table on two floors cost, against the area of the largest floor
UNEVEN = 0.5  # and what the least filled floor lacks
_KITCHEN_SMALLS = ("utility", "laundry", "store")


class Floor(NamedTuple):
    """One floor: its level under canonical names, the room behind each of these, and the area asked for."""

    level: Level
    rooms: dict[str, Room]
    area_sqft: float


@lru_cache(maxsize=256)
def _cuts(units: int, floors: int) -> tuple[tuple[int, ...], ...]:
    """All ways to cut a list of units into floors, none empty."""
    return tuple((0, *cut, units) for cut in combinations(range(1, units), floors - 1))


def _units(rooms: list[Room], rng: Random, wild: bool) -> list[list[Room]]:
    """Rooms that stay together, from the street upwards: kitchen and its small rooms, the rest alone."""
    smalls = [room for room in rooms if room.type in _KITCHEN_SMALLS]
    kitchens = [room for room in rooms if room.type == "kitchen"]
    units: list[list[Room]] = []
    spread = 5.0 if wild else 0.9

    def rank(room: Room) -> float:
        # A garage stays on the ground, however rooms are mixed.
        return -1.0 if room.type == "garage" else _ORDER.get(room.type, 99) + spread * rng.random()

    for room in sorted(rooms, key=rank):
        if room.type in _KITCHEN_SMALLS or room.type in ("bath", "pooja") or room.type in OUTDOOR:
            continue
        if room.type == "garage" and units:
            units[0].append(room)
            continue
        units.append([room, *smalls] if kitchens and room is kitchens[0] else [room])
    if not kitchens and smalls:
        units.insert(0, smalls)
    return units


def share_out(programme: Programme, rng: Random, wild: bool = False) -> list[list[Room]] | None:
    """Rooms by floor, or None where there are fewer rooms than floors; `wild` mixes day rooms and bedrooms."""
    rooms = list(programme.rooms)
    floors = programme.floors
    baths = sorted((room for room in rooms if room.type == "bath"), key=lambda room: room.area_sqft)
    units = _units(rooms, rng, wild)
    if len(units) < floors:
        # A bath alone can fill a floor: better than a refusal.
        while baths and len(units) < floors:
            units.insert(len(units) - 1, [baths.pop()])
        if len(units) < floors:
            units = [[room] for unit in units for room in unit]
        if len(units) < floors:
            return None
    if floors == 1:
        return [rooms]
    bath_sqft = sum(room.area_sqft for room in baths)
    bedrooms = sum(unit[0].type in BEDROOMS for unit in units) or 1
    areas = [sum(room.area_sqft for room in unit) for unit in units]
    areas = [
        area + (bath_sqft / bedrooms * 0.8 if unit[0].type in BEDROOMS else 0)
        for area, unit in zip(areas, units, strict=True)
    ]
    sums = [0.0]
    for area in areas:
        sums.append(sums[-1] + area)
    kinds = [unit[0].type for unit in units]
    day_end = max((i for i, kind in enumerate(kinds) if kind in ("living", "dining", "kitchen")), default=-1) + 1
    # Day rooms are parted only where the ground floor can't well hold them all, kitchen and table last.
    holds = ROOMY * programme.width_ft * programme.depth_ft - programme.stairs_sqft
    parting = 0.0 if wild else 0.5 if sums[day_end] < holds else 0.12
    table = 0 if wild else _between_kitchen_and_table(kinds)
    best, best_cost = None, 0.0
    for cut in _cuts(len(units), floors):
        filled = [sums[j] - sums[i] for i, j in pairwise(cut)]
        parted = 1 + parting * sum(0 < c < day_end for c in cut) + TABLE_APART * (table in cut[1:-1])
        # All floors are as large as the largest: what one lacks becomes a terrace.
        cost = (max(filled) * parted + UNEVEN * (max(filled) - min(filled))) * (1 + 0.06 * rng.random())
        if best is None or cost < best_cost:
            best, best_cost = cut, cost
    assert best is not None
    levels = [[room for unit in units[i:j] for room in unit] for i, j in pairwise(best)]
    _share_baths(levels, baths)
    for room in rooms:
        if room.type == "pooja":
            levels[0].append(room)
        elif room.type in OUTDOOR:
            beds = [level for level in levels[1:] if any(other.type in BEDROOMS for other in level)] or levels[1:]
            min(beds, key=lambda level: sum(other.type in OUTDOOR for other in level)).append(room)
    return levels


def _between_kitchen_and_table(kinds: list[str]) -> int:
    """Before which unit a cut parts the kitchen from the dining room, else the living room; 0 where there is none."""
    table = "dining" if "dining" in kinds else "living"
    if table not in kinds or "kitchen" not in kinds:
        return 0
    return kinds.index("kitchen")


def _share_baths(levels: list[list[Room]], baths: list[Room]) -> None:
    """A bath for each floor with bedrooms, then one for visitors, then where there are fewest for the bedrooms."""

    def count(level: list[Room], types: frozenset[str]) -> int:
        return sum(room.type in types for room in level)

    bath = frozenset({"bath"})
    areas = [sum(room.area_sqft for room in level) for level in levels]
    for room in sorted(baths, key=lambda room: room.area_sqft):

        def urgency(index: int) -> tuple[float, float]:
            level = levels[index]
            beds, own = count(level, BEDROOMS), count(level, bath)
            if own == 0:
                # Three bedrooms share a bath before visitors go without.
                return (-99.0 if beds else -2.6 if count(level, frozenset({"living"})) else -2.4, areas[index])
            return ((own - beds) * 1.0 if beds > own else 4.0 + own - beds / 2, areas[index])

        index = min(range(len(levels)), key=urgency)
        levels[index].append(room)
        areas[index] += room.area_sqft


def floor_of(rooms: list[Room], ground: bool, stairs: Stairs | None, terrace: bool, rng: Random) -> Floor:
    """Groups a floor's rooms: which bath belongs to which bedroom, what is reached from the hall."""
    names: dict[str, Room] = {}

    def canonical(room: Room) -> str:
        number = 1 + sum(other.type == room.type for other in names.values())
        name = f"{room.type}{number}"
        names[name] = room
        return name

    def by_type(*types: str) -> list[Room]:
        return [room for room in rooms if room.type in types]

    beds = by_type("master", "guest", "bed")
    beds.sort(key=lambda room: ("master", "guest", "bed").index(room.type))
    baths = by_type("bath")
    baths.sort(key=lambda room: -room.area_sqft)
    day = bool(by_type("living", "dining", "kitchen"))
    # The least bath is for all; floors of bedrooms alone need none if each bedroom has its own.
    if len(baths) <= 1:
        own = len(baths) if len(beds) == 1 and not day else 0
    elif day or len(baths) < len(beds):
        own = min(len(baths) - 1, len(beds))
    else:
        own = min(len(baths), len(beds))
    hosted: list[list[str]] = [[] for _ in beds]
    bed_names = [canonical(room) for room in beds]
    for index in range(own):
        hosted[index].append(canonical(baths[index]))
    commons = [canonical(room) for room in baths[own:]]
    living = [canonical(room) for room in by_type("living")]
    dining = [canonical(room) for room in by_type("dining")]
    kitchens = [canonical(room) for room in by_type("kitchen")]
    smalls = [canonical(room) for room in by_type(*_KITCHEN_SMALLS)]
    others = [Big(canonical(room)) for room in by_type("office", "family")]
    commons += [canonical(room) for room in by_type("pooja")]
    others += [Big(name) for name in living[1:] + dining[1:] + kitchens[1:]]
    garages = [canonical(room) for room in by_type("garage")]
    if not kitchens:
        commons += smalls
    outdoor = [canonical(room) for room in by_type("balcony")]
    hosts = list(range(len(beds)))
    rng.shuffle(hosts)
    free_balconies = []
    for index, name in enumerate(outdoor):
        if hosts:
            hosted[hosts[index % len(hosts)]].append(name)
        else:
            free_balconies.append(name)
    bedrooms = tuple(Big(name, tuple(own_rooms)) for name, own_rooms in zip(bed_names, hosted, strict=True))
    if free_balconies:
        if others:
            others[0] = Big(others[0].name, tuple(free_balconies))
        elif kitchens:
            smalls += free_balconies
        else:
            commons += free_balconies
    level = Level(
        ground, stairs, bedrooms, tuple(commons), living[0] if living else None, dining[0] if dining else None,
        Big(kitchens[0], tuple(smalls)) if kitchens else None, tuple(others), tuple(garages), terrace,
    )  # fmt: skip
    return Floor(level, names, sum(room.area_sqft for room in rooms))
