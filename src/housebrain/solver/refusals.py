"""Why no house was found: the constraint that binds, and changes after which one is found."""

from collections.abc import Iterator
from typing import NamedTuple

from housebrain.solver.kinds import ADDED, least_side_ft
from housebrain.solver.needs import Programme

# A programme is called easy if its envelope has at least this shorter side, and rooms and stairs fill no more than this
# share of what it holds. The numbers were measured (`python -m bench.mends`): of easy programmes nearly all are solved.
EASY = ((28.0, 0.64), (24.0, 0.55), (20.0, 0.48), (16.0, 0.42))  # shorter side in feet, share
EASIER = 0.85  # times what rooms and stairs fill of an envelope in which no arrangement was found
MORE_FLOORS, MOST_FLOORS = 2, 4  # that are added at most, and that a house has then
MOST_SMALLER = 40  # percent
STEP_FT = 1.0
MOST_STEPS = 60


class Mend(NamedTuple):
    """One change to a programme after which the solver should find a house."""

    floors: int = 0
    smaller: int = 0  # percent
    wider_ft: float = 0.0
    deeper_ft: float = 0.0

    def applied(self, programme: Programme) -> Programme:
        """The changed programme."""
        share = 1 - self.smaller / 100
        return programme._replace(
            rooms=tuple(room._replace(area_sqft=room.area_sqft * share) for room in programme.rooms),
            floors=programme.floors + self.floors,
            width_ft=programme.width_ft + self.wider_ft,
            depth_ft=programme.depth_ft + self.deeper_ft,
        )

    def __str__(self) -> str:
        if self.floors:
            return "one more floor" if self.floors == 1 else f"{self.floors} more floors"
        if self.smaller:
            return f"{self.smaller}% smaller rooms"
        more = [f"{self.wider_ft:g} ft more width"] * (self.wider_ft > 0)
        more += [f"{self.deeper_ft:g} ft more depth"] * (self.deeper_ft > 0)
        return f"an envelope with {' and '.join(more)}"


def what_binds(programme: Programme) -> str:
    """One sentence about a programme for which no layout was found."""
    named = [str(mend) for mend in mends(programme)]
    return f"{_constraint(programme)}: {', or '.join(named) if named else 'fewer rooms'}"


def mends(programme: Programme) -> list[Mend]:
    """The least change of each sort that makes a programme easy; a sort is left out where it would take too much."""
    most = EASIER * _needed_sqft(programme) / max(programme.holds_sqft, 1.0)
    found = [
        next((mend for mend in sort if _is_easy(mend.applied(programme), most)), None) for sort in _sorts(programme)
    ]
    return [mend for mend in found if mend is not None]


def _sorts(programme: Programme) -> Iterator[Iterator[Mend]]:
    """Changes of each sort, from small to large."""
    most = min(MORE_FLOORS, MOST_FLOORS - programme.floors)
    yield (Mend(floors=more) for more in range(1, most + 1))
    yield (Mend(smaller=percent) for percent in range(2, MOST_SMALLER + 1))
    short = programme.width_ft < programme.depth_ft
    # The shorter side grows first, up to the longer one, then both.
    gap = abs(programme.width_ft - programme.depth_ft)
    yield (_larger(step * STEP_FT, gap, short) for step in range(1, MOST_STEPS + 1))


def _larger(more_ft: float, gap_ft: float, is_narrow: bool) -> Mend:
    other_ft = max(0.0, more_ft - gap_ft) // STEP_FT * STEP_FT
    return Mend(wider_ft=more_ft, deeper_ft=other_ft) if is_narrow else Mend(wider_ft=other_ft, deeper_ft=more_ft)


def _is_easy(programme: Programme, most: float) -> bool:
    """Whether the solver is all but sure to solve a programme, of whose envelope no more than `most` may be filled."""
    short_ft, long_ft = sorted((programme.width_ft, programme.depth_ft))
    if programme.floors > 1 and (short_ft < 2 * programme.stairs_ft[0] or long_ft < 2 * programme.stairs_ft[1]):
        return False
    if any(side_ft > short_ft - 1 for _, side_ft in _sides(programme)) or len(programme.rooms) < 2 * programme.floors:
        return False
    share = next((share for side_ft, share in EASY if short_ft >= side_ft), 0.0)
    return _needed_sqft(programme) <= min(share, most) * programme.holds_sqft


def _sides(programme: Programme) -> list[tuple[str, float]]:
    """Each room's name and least side in feet."""
    return [(room.name, least_side_ft(room.type, room.area_sqft)) for room in programme.rooms if room.type not in ADDED]


def _needed_sqft(programme: Programme) -> float:
    return sum(room.area_sqft for room in programme.rooms) + programme.all_stairs_sqft


def _constraint(programme: Programme) -> str:
    """What binds: the stairs, a room's width, the area, or the arrangement."""
    width_ft, depth_ft, floors = programme.width_ft, programme.depth_ft, programme.floors
    short_ft, long_ft = sorted((width_ft, depth_ft))
    envelope = f"the envelope of {width_ft:g} x {depth_ft:g} ft"
    stairs_short_ft, stairs_long_ft = programme.stairs_ft
    if floors > 1 and (short_ft < stairs_short_ft or long_ft < stairs_long_ft):
        return f"the stairs need {stairs_short_ft:g} x {stairs_long_ft:g} ft, more than {envelope}"
    for name, side_ft in _sides(programme):
        if side_ft > short_ft:
            return f"the {name} needs {side_ft:.1f} ft across, {envelope} has {short_ft:g} ft"
    stairs_sqft, holds_sqft = programme.all_stairs_sqft, programme.holds_sqft
    needed = f"{_needed_sqft(programme) - stairs_sqft:,.0f} sqft"
    needed += f" and the stairs {stairs_sqft:,.0f}" if stairs_sqft else ""
    on_floors = f"on {floors} floor{'s' if floors > 1 else ''}"
    held = f"{envelope} holds {holds_sqft:,.0f} {on_floors}"
    if holds_sqft < width_ft * depth_ft * floors:
        held = f"only {holds_sqft:,.0f} of the plot may be built over {on_floors}"
    if _needed_sqft(programme) > holds_sqft:
        return f"the rooms need {needed}, {held}"
    lit = "its way and daylight" + (" between party walls" if programme.party_walls else "")
    return f"the rooms need {needed}, {held}, but no arrangement gives each {lit}"
