"""The solver: from a brief to a layout in which every room fits, is reachable and has daylight.

Each level is a spine: a hall over the whole length with a row of rooms on one or both sides, so that every room
touches both the hall and an outer wall. Two small rooms may share a column; the outer one is then entered from the
neighbour (a bath from its bedroom). The stairs stand in the same place on every level. Depths of the rows are tried
from the best proportion outwards, and of the first few that fit inside the envelope the smallest house is taken.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.rooms import HABITABLE
from housebrain.house.tree import Box
from housebrain.rules.assemble import assemble
from housebrain.rules.limits import (
    DEFAULT_MIN_SIDE_FT,
    MIN_AREA_SQFT,
    MIN_HABITABLE_SQFT,
    MIN_SIDE_FT,
    STAIRS_LONG_FT,
    STAIRS_SHORT_FT,
)
from housebrain.rules.openings import awkwardness
from housebrain.rules.site import choose_materials, choose_site

HALL_FT = 4
MAX_ROW_DEPTH_FT = 24  # daylight reaches 7.5 m (NBC 2016, 20.1.2)
COMPARED = 5  # fitting arrangements of which the smallest is taken
RESTARTS = 12

# From the entrance inwards: the ground floor takes from the left.
PUBLIC = (
    "living_room", "garage", "dining_room", "kitchen", "utility", "store", "laundry", "pooja", "family_room",
    "home_office",
)  # fmt: skip
SMALL = frozenset({"bathroom", "utility", "balcony", "store", "laundry", "pooja"})


@dataclass(frozen=True, slots=True)
class Need:
    """A room to be placed: least area and least side in feet."""

    name: str
    type: str
    area_sqft: int
    side_ft: int


@dataclass(slots=True)
class Column:
    """A part of a row as long as its rooms need: one room, or an inner one at the hall with an outer one behind it."""

    inner: Need
    outer: Need | None
    width_ft: int


@dataclass(slots=True)
class Group:
    """Columns that must stay together: a room, and the stacks that are entered from it on either side."""

    columns: list[Column]
    host: Need

    @property
    def width_ft(self) -> int:
        return sum(column.width_ft for column in self.columns)


@dataclass(frozen=True, slots=True)
class Spine:
    """A candidate: the hall's direction and the depths of the rows before and behind it (0: no row there)."""

    along_street: bool
    front_ft: int
    back_ft: int
    length_limit_ft: int

    @property
    def stairs_ft(self) -> int:
        """The length of the row that the stairs take."""
        return STAIRS_SHORT_FT if (self.back_ft or self.front_ft) >= STAIRS_LONG_FT else STAIRS_LONG_FT


def needs_of(brief: Brief) -> list[Need]:
    """The brief's rooms in the order in which levels are filled: public rooms first, each bedroom with a bath."""
    needs = []
    for name, room_type, min_area_sqft in brief.wanted_rooms:
        least_sqft = MIN_HABITABLE_SQFT if room_type in HABITABLE else MIN_AREA_SQFT.get(room_type, 0)
        area_sqft = max(math.ceil(min_area_sqft), least_sqft)
        needs.append(Need(name, room_type, area_sqft, MIN_SIDE_FT.get(room_type, DEFAULT_MIN_SIDE_FT)))
    ordered = [need for room_type in PUBLIC for need in needs if need.type == room_type]
    baths = [need for need in needs if need.type == "bathroom"]
    balconies = [need for need in needs if need.type == "balcony"]
    rooms = [need for need in needs if need.type not in PUBLIC and need.type not in ("bathroom", "balcony")]
    ordered += baths[:1]
    baths = baths[1:]
    for position, room in enumerate(rooms):
        left = len(rooms) - position
        ordered.append(room)
        for extras in (baths, balconies):
            share = -(-len(extras) // left)
            ordered += extras[:share]
            del extras[:share]
    return ordered + baths + balconies


def share_out(needs: list[Need], floors: int) -> list[list[Need]]:
    """Cuts the ordered rooms into one part a level, none empty, so that the largest part is as small as can be."""
    low, high = max(need.area_sqft for need in needs), sum(need.area_sqft for need in needs)
    while low < high:
        middle = (low + high) // 2
        if len(_fill(needs, floors, middle)) <= floors:
            high = middle
        else:
            low = middle + 1
    return _fill(needs, floors, low)


def _fill(needs: list[Need], floors: int, limit_sqft: int) -> list[list[Need]]:
    parts: list[list[Need]] = [[]]
    area_sqft = 0
    for index, need in enumerate(needs):
        left_to_open = floors - len(parts)
        if parts[-1] and (area_sqft + need.area_sqft > limit_sqft or len(needs) - index <= left_to_open):
            parts.append([])
            area_sqft = 0
        parts[-1].append(need)
        area_sqft += need.area_sqft
    return parts


def _spines(brief: Brief, level_sqft: int) -> Iterator[Spine]:
    """Candidates, best proportions first: rows on both sides of the hall, uneven rows, a row on one side."""
    width_ft, depth_ft = brief.envelope_ft
    sides = ((True, width_ft, depth_ft), (False, depth_ft, width_ft))
    # Length : depth of about 1.3 for the whole house, from level_sqft = 1.3 (2 d + 4) x 2 d.
    ideal_ft = round((math.sqrt(108 + 20.8 * level_sqft) - 10.4) / 10.4)
    ideal_ft = min(max(ideal_ft, 10), 15)
    for row_ft in sorted(range(10, MAX_ROW_DEPTH_FT + 1), key=lambda depth: (abs(depth - ideal_ft), depth)):
        for along_street, length, across in sides:
            if 2 * row_ft + HALL_FT <= across:
                yield Spine(along_street, row_ft, row_ft, length)
    for along_street, length, across in sides:
        if 22 <= across < 24 + HALL_FT:
            yield Spine(along_street, across - HALL_FT - 8, 8, length)
    for along_street, length, across in sides:
        if across >= 10 + HALL_FT:
            yield Spine(along_street, 0, min(across - HALL_FT, MAX_ROW_DEPTH_FT), length)


def _column(need: Need, depth_ft: int) -> Column:
    return Column(need, None, max(need.side_ft, -(-need.area_sqft // depth_ft)))


def _stack(inner: Need, outer: Need, depth_ft: int) -> Column | None:
    """Two small rooms in one column, or None where the row is too shallow."""
    least_ft = max(inner.side_ft, outer.side_ft)
    for width_ft in range(max(least_ft, -(-(inner.area_sqft + outer.area_sqft) // depth_ft)), 2 * depth_ft):
        needed_ft = max(inner.side_ft, -(-inner.area_sqft // width_ft)) + max(
            outer.side_ft, -(-outer.area_sqft // width_ft)
        )
        if needed_ft <= depth_ft:
            return Column(inner, outer, width_ft)
    return None


def _groups(needs: list[Need], depth_ft: int) -> list[Group]:
    """Columns of one level: large rooms alone, small ones stacked in pairs beside a room that they are entered from."""
    small = [need for need in needs if need.type in SMALL]
    groups = [Group([_column(need, depth_ft)], need) for need in needs if need.type not in SMALL]
    # From the end balconies are taken as outer rooms first, then baths; inner rooms, from the start, open to the hall.
    small.sort(
        key=lambda need: ("bathroom", "balcony").index(need.type) if need.type in ("bathroom", "balcony") else -1
    )
    while len(small) >= 2:
        outer, inner = small[-1], small[0]
        hosts = [
            (len(group.columns), cost, number)
            for number, group in enumerate(groups)
            if len(group.columns) < 3 and (cost := awkwardness(group.host.type, outer.type)) is not None
        ]
        stack = _stack(inner, outer, depth_ft) if hosts else None
        if stack is None:
            break
        small = small[1:-1]
        host = groups[min(hosts)[2]]
        host.columns = [*host.columns, stack] if len(host.columns) == 1 else [stack, *host.columns]
    return groups + [Group([_column(need, depth_ft)], need) for need in small]


Row = list[Group]


def _rows(groups: list[Group], spine: Spine, stairs_ft: int, living_in_front: bool) -> tuple[Row, Row]:
    """Shares groups out to the front and the back row, longest first into the shorter one; stairs stand at the back."""
    if not spine.front_ft:
        return [], groups
    front: Row = []
    back: Row = []
    front_length, back_length = 0, stairs_ft
    for group in sorted(groups, key=lambda group: -group.width_ft):
        shallow = min(spine.front_ft, spine.back_ft) < group.host.side_ft
        must_front = (living_in_front and group.host.type == "living_room") or (
            shallow and spine.back_ft < spine.front_ft
        )
        if must_front or front_length <= back_length:
            front.append(group)
            front_length += group.width_ft
        else:
            back.append(group)
            back_length += group.width_ft
    return front, back


def _length(row: Row) -> int:
    return sum(group.width_ft for group in row)


@dataclass(frozen=True, slots=True)
class Plan:
    """A spine with the rows of every level, all fitting in `length_ft`."""

    spine: Spine
    length_ft: int
    levels: list[tuple[Row, Row]]

    @property
    def footprint_sqft(self) -> int:
        return self.length_ft * (self.spine.front_ft + HALL_FT + self.spine.back_ft)

    @property
    def has_entrance(self) -> bool:
        """Whether anything on the street leads on: a row of rooms through which nothing is entered does not."""
        front = self.levels[0][0] if self.spine.along_street else []
        return not front or any(awkwardness(group.host.type, "corridor") is not None for group in front)


def _try(spine: Spine, levels: list[list[Need]], rng: random.Random | None) -> Plan | None:
    """Packs all levels around a spine; with `rng`, from shuffled rooms. None where something doesn't fit."""
    depth_ft = spine.back_ft
    stairs_ft = spine.stairs_ft if len(levels) > 1 else 0
    packed = []
    longest = 0
    for index, needs in enumerate(levels):
        if any(need.side_ft > max(spine.front_ft, spine.back_ft) for need in needs):
            return None
        if rng is not None:
            needs = rng.sample(needs, len(needs))
        groups = _groups(needs, min(spine.front_ft, spine.back_ft) or depth_ft)
        front, back = _rows(groups, spine, stairs_ft, living_in_front=index == 0 and spine.along_street)
        longest = max(longest, _length(front), stairs_ft + _length(back))
        if longest > spine.length_limit_ft:
            return None
        order = {need.name: number for number, need in enumerate(levels[index])}
        for row in (front, back):
            row.sort(key=lambda group: order[group.host.name])
        packed.append((front, back))
    return Plan(spine, longest, packed)


def _stretch(columns: list[Column], length_ft: int) -> list[int]:
    """Widths of a row's columns that fill `length_ft`: what is left over goes to the large rooms, by their width."""
    widths = [column.width_ft for column in columns]
    slack = length_ft - sum(widths)
    large = [index for index, column in enumerate(columns) if column.outer is None and column.inner.type not in SMALL]
    takers = large or list(range(len(columns)))
    total = sum(widths[index] for index in takers)
    given = 0
    for index in takers[:-1]:
        share = slack * widths[index] // total
        widths[index] += share
        given += share
    widths[takers[-1]] += slack - given
    return widths


def _lay_row(
    row: Row, start_ft: int, end_ft: int, across_ft: int, depth_ft: int, hall_below: bool
) -> list[tuple[str, Box]]:
    """Places a row: u runs along the hall from `start_ft` to `end_ft`, v across it from `across_ft` on.

    `hall_below` says on which side the hall is, where the inner rooms go.
    """
    if start_ft == end_ft:
        return []
    if not row:
        return [("terrace", (start_ft, across_ft, end_ft - start_ft, depth_ft))]
    columns = [column for group in row for column in group.columns]
    placed: list[tuple[str, Box]] = []
    u = start_ft
    for column, width_ft in zip(columns, _stretch(columns, end_ft - start_ft), strict=True):
        inner, outer = column.inner, column.outer
        if outer is None:
            placed.append((inner.name, (u, across_ft, width_ft, depth_ft)))
        else:
            least_ft = max(inner.side_ft, -(-inner.area_sqft // width_ft))
            most_ft = depth_ft - max(outer.side_ft, -(-outer.area_sqft // width_ft))
            inner_ft = round(depth_ft * inner.area_sqft / (inner.area_sqft + outer.area_sqft))
            inner_ft = min(max(inner_ft, least_ft), most_ft)
            outer_ft = depth_ft - inner_ft
            inner_v, outer_v = (across_ft, across_ft + inner_ft) if hall_below else (across_ft + outer_ft, across_ft)
            placed.append((inner.name, (u, inner_v, width_ft, inner_ft)))
            placed.append((outer.name, (u, outer_v, width_ft, outer_ft)))
        u += width_ft
    return placed


def _lay_out(plan: Plan) -> tuple[tuple[int, int], list[list[tuple[str, Box]]]]:
    """The footprint's size and, for each level, every room's box."""
    spine, length_ft = plan.spine, plan.length_ft
    back_v = spine.front_ft + HALL_FT
    stairs_ft = spine.stairs_ft if len(plan.levels) > 1 else 0
    layouts = []
    for front, back in plan.levels:
        placed: list[tuple[str, Box]] = [("hall", (0, spine.front_ft, length_ft, HALL_FT))]
        if spine.front_ft:
            placed += _lay_row(front, 0, length_ft, 0, spine.front_ft, hall_below=False)
        if stairs_ft:
            placed.append(("stairs", (0, back_v, stairs_ft, spine.back_ft)))
        placed += _lay_row(back, stairs_ft, length_ft, back_v, spine.back_ft, hall_below=True)
        if not spine.along_street:
            placed = [(name, (v, u, depth, width)) for name, (u, v, width, depth) in placed]
        layouts.append(placed)
    size = (length_ft, back_v + spine.back_ft)
    return (size if spine.along_street else (size[1], size[0])), layouts


def _plan(brief: Brief, levels: list[list[Need]], seed: int) -> Plan:
    level_sqft = max(sum(need.area_sqft for need in needs) for needs in levels)
    if len(levels) > 1:
        level_sqft += STAIRS_SHORT_FT * STAIRS_LONG_FT
    spines = [
        spine
        for spine in _spines(brief, level_sqft)
        if (spine.front_ft + spine.back_ft) * spine.length_limit_ft >= level_sqft
    ]
    fitting: list[Plan] = []
    for spine in spines:
        plan = _try(spine, levels, None)
        if plan is not None:
            fitting.append(plan)
            if len(fitting) >= COMPARED and any(plan.has_entrance for plan in fitting):
                break
    if any(plan.has_entrance for plan in fitting):
        return min((plan for plan in fitting if plan.has_entrance), key=lambda plan: plan.footprint_sqft)
    # Nothing fits as it comes: shuffle the rooms around the roomiest spines.
    spines.sort(key=lambda spine: -(spine.front_ft + spine.back_ft) * spine.length_limit_ft)
    rng = random.Random(f"{seed} {brief.key()}")
    for spine in spines[:3]:
        for _ in range(RESTARTS):
            plan = _try(spine, levels, rng)
            if plan is not None and plan.has_entrance:
                return plan
    raise Rejected("no_layout_found", f"{len(spines)} arrangements were tried and none fits the setback envelope")


def solve(brief: Brief, seed: int) -> Design:
    """Designs a house for a brief. The same brief and seed give the same design.

    Args:
        brief: what is asked for.
        seed: of the shuffles that are tried where no regular arrangement fits.

    Raises:
        Rejected: `too_few_rooms` (less than one a floor), `area_over_envelope` (the rooms' least areas exceed the
            setback envelope times the floors) or `no_layout_found`.
    """
    needs = needs_of(brief)
    if len(needs) < brief.floors:
        raise Rejected("too_few_rooms", f"{len(needs)} rooms can't make {brief.floors} floors")
    width_ft, depth_ft = brief.envelope_ft
    needed_sqft, envelope_sqft = sum(need.area_sqft for need in needs), width_ft * depth_ft * brief.floors
    if needed_sqft > envelope_sqft:
        raise Rejected(
            "area_over_envelope",
            f"the rooms need {needed_sqft} sqft, the setback envelope has {envelope_sqft} on {brief.floors} floors",
        )
    plan = _plan(brief, share_out(needs, brief.floors), seed)
    size_ft, layouts = _lay_out(plan)
    return assemble(size_ft, layouts, choose_materials(brief), choose_site(brief), None, brief)
