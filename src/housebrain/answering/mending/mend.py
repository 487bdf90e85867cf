"""The valid design that comes nearest to whatever a model or a person wrote, and what was changed for it.

The draft's rectangles are read into slicing trees (`starts.py`), to which the solver gives the nearest sizes that keep
the rules. Where that fails the trees are changed by small steps, the smallest first (`nearby.py`); and where none of
these works, the house is the solver's own, of several the nearest.
"""

from collections.abc import Callable
from math import dist
from typing import Any, NamedTuple

from housebrain.answering.mending.draft import Change, Draft, DraftRoom, read_draft
from housebrain.answering.mending.matching import ADDED_KINDS, Matched, match
from housebrain.answering.mending.nearby import nearest
from housebrain.answering.mending.openings import openings_fit
from housebrain.answering.mending.starts import starts_of
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.limits import check_brief
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.units import GRID_FT
from housebrain.language.designs import layouts
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import several, solve

OWN_RUNS = 6  # searches for a house of the solver's own
LOST_FT, FLIGHT_FT = 20.0, 15.0  # what a room that the draft lacks, and one on another floor, count as moved


class Moved(NamedTuple):
    """A room of the mended house: where, how far its middle was moved, and its area before and after.

    A room that the draft lacks has neither a way nor an area before.
    """

    level: int
    room: str
    moved_ft: float | None
    before_sqft: float | None
    after_sqft: float


class Mended(NamedTuple):
    """A valid design, and what was changed to get it.

    Attributes:
        design: without violations.
        replaced: whether nothing of the draft's arrangement could be kept, so that this is the solver's own house.
        changes: what was added, left out, renamed, or could not be read. Empty for a valid draft.
        rooms: every room of the design.
    """

    design: Design
    replaced: bool
    changes: tuple[Change, ...]
    rooms: tuple[Moved, ...]

    @property
    def changed(self) -> bool:
        return bool(self.changes) or any(
            room.moved_ft is None or room.moved_ft > 1e-6 or abs(room.after_sqft - (room.before_sqft or 0)) > 1e-6
            for room in self.rooms
        )


def repair(draft: Any, brief: Brief, check: Callable[[], None] = lambda: None) -> Mended | Infeasible:
    """Mends a draft; never raises of itself, whatever the draft is.

    Args:
        draft: a design, its JSON as a dict or as text, or an answer's text in either codec; right or wrong.
        brief: what it is for.
        check: called between steps; what it raises ends the mending.

    Returns:
        The nearest valid design that was found, a valid draft itself unchanged; or why there is none: nothing could be
        read, or no house fits the brief.
    """
    try:
        check_brief(brief)
    except Rejected as rejected:
        return Infeasible(rejected.reason, rejected.detail)
    read = read_draft(draft)
    if isinstance(read, Infeasible):
        return read
    matched = match(read, brief)
    if (valid := _valid(draft, brief)) is not None:
        return Mended(valid, False, (), _moved(valid, read, matched))
    if (starts := starts_of(read, matched, brief)) is not None:
        near = nearest(starts.trees, starts.size, brief, lambda design: _distance(design, read, matched), check)
        if near is not None:
            changes = *matched.changes, *starts.added
            return Mended(near.sized.design, False, changes, _moved(near.sized.design, read, matched))
    check()
    own = _own(read, matched, brief)
    if isinstance(own, Infeasible):
        return own
    changes = (
        *matched.changes,
        Change("replaced", "house", "no small change of the draft makes a valid house: this is the solver's own"),
    )
    return Mended(own, True, changes, _moved(own, read, matched))


def _valid(draft: Any, brief: Brief) -> Design | None:
    """The draft as a design, where it is a valid one; None where it is not."""
    try:
        if isinstance(draft, Design):
            design = draft
        elif isinstance(draft, str | bytes):
            design = Design.model_validate_json(draft)
        else:
            design = Design.model_validate(draft)
    except (ValueError, RecursionError):
        return None
    return design if not violations(design, brief) and openings_fit(design, brief.plot.side_street) else None


def _own(draft: Draft, matched: Matched, brief: Brief) -> Design | Infeasible:
    """Of the solver's houses for the brief, and their mirror images, the one that is nearest to the draft."""
    best: tuple[float, int, Design] | None = None
    for number, design in enumerate(several(brief, 0, OWN_RUNS)):
        for one in (design, _mirrored(design, brief)):
            found = (_distance(one, draft, matched), number, one)
            if (best is None or found[:2] < best[:2]) and not violations(one, brief):
                best = found
    if best is not None:
        return best[2]
    try:
        return solve(brief, 0)
    except Rejected as rejected:
        return Infeasible(rejected.reason, rejected.detail)


def _mirrored(design: Design, brief: Brief) -> Design:
    wide, deep = round(design.footprint.w / GRID_FT), round(design.footprint.d / GRID_FT)
    levels = [[(name, (wide - x - w, y, w, d)) for name, (x, y, w, d) in layout] for layout in layouts(design)]
    return assemble((wide, deep), levels, brief)


def _distance(design: Design, draft: Draft, matched: Matched) -> float:
    """How far a design is from a draft: feet that rooms were moved, with a flight's worth for those on other floors."""
    rooms = _moved(design, draft, matched)
    was = {name: number for number, level in enumerate(matched.levels) for name in level}
    return sum(
        LOST_FT if room.moved_ft is None else room.moved_ft + FLIGHT_FT * (was.get(room.room) != room.level)
        for room in rooms
    )


def _moved(design: Design, draft: Draft, matched: Matched) -> tuple[Moved, ...]:
    """How far each room of a design lies from where the draft has it, both from their front left corners."""
    corner = design.footprint
    drawn = {name: room for level in matched.levels for name, room in level.items() if room.kind not in ADDED_KINDS}
    found = []
    for number, level in enumerate(design.levels):
        spare = [room for room in draft.rooms if room.boxes and room.level == number and room.kind in ADDED_KINDS]
        for room in level.rooms:
            boxes = tuple((box.x - corner.x, box.y - corner.y, box.w, box.d) for box in room.boxes)
            built = DraftRoom(number, room.name, SHORT_NAMES[room.type], boxes)
            before = drawn.get(room.name)
            if built.kind in ADDED_KINDS:
                alike = [other for other in spare if other.kind == built.kind]
                before = min(alike, key=lambda other: dist(other.middle, built.middle), default=None)
                if before is not None:
                    spare.remove(before)
            moved_ft = None if before is None else dist(before.middle, built.middle)
            found.append(Moved(number, room.name, moved_ft, before and before.area, built.area))
    return tuple(found)
