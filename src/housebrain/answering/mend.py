"""The valid design that comes nearest to whatever a model or a person wrote, and what was changed for it.

The draft's rectangles are read into slicing trees (`arrange.py`), to which the solver gives the nearest sizes that keep
the rules. Where that fails the trees are changed by small steps, the smallest first; and where none of these works, the
house is the solver's own, of several the nearest.
"""

import itertools
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import islice
from math import dist
from typing import Any, NamedTuple

from housebrain.answering.arrange import Leaf, arrange
from housebrain.answering.draft import Box, Change, Draft, DraftRoom, read_draft
from housebrain.answering.edits import Edit, beside, edits, placed
from housebrain.answering.gaps import gaps
from housebrain.answering.matching import ADDED_KINDS, Matched, match
from housebrain.answering.openings import openings_fit
from housebrain.answering.usable import usable
from housebrain.house.brief import Brief, Rejected, WantedRoom
from housebrain.house.design import Design
from housebrain.house.rooms import SHORT_NAMES
from housebrain.house.units import GRID_FT
from housebrain.language.designs import layouts
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from housebrain.rules.limits import STAIRS_LONG_FT, STAIRS_SHORT_FT
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import dimension, several, solve

TRIED = 60  # arrangements that are given sizes
BRANCHES, TWIGS = 40, 60  # changes and changes of these that are looked at where no single one helps
KEPT = 12  # changes of a floor that are tried with the others
ENOUGH = 3  # mended houses of which the nearest is taken
STARTS = 8  # ways to put missing rooms in
PROGRESS_FT = 40.0  # what it is worth that one floor more can work
WIDE_FT = 9.0  # a gap wider than this was no hall
OWN_RUNS = 6  # searches for a house of the solver's own
LOST_FT, FLIGHT_FT = 20.0, 15.0  # what a room that the draft lacks, and one on another floor, count as moved
_FIXED = frozenset({"stairs"})
# Beside what a missing room is put, best first.
_HOSTS: dict[str, tuple[str, ...]] = {
    "bath": ("hall", "master", "bed", "utility", "living"),
    "utility": ("kitchen", "bath", "hall"),
    "laundry": ("kitchen", "utility", "bath", "hall"),
    "store": ("kitchen", "utility", "hall"),
    "pooja": ("living", "dining", "hall"),
    "dining": ("kitchen", "living"),
    "kitchen": ("dining", "living", "utility"),
    "living": ("dining", "hall", "kitchen"),
    "garage": ("living", "utility", "hall"),
    "balcony": ("bed", "master", "living", "family"),
}
_HOSTS_ELSE = ("hall", "bed", "master", "living", "bath")


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


def repair(draft: Any, brief: Brief) -> Mended | Infeasible:
    """Mends a draft; never raises, whatever it is.

    Args:
        draft: a design, its JSON as a dict or as text, or an answer's text in either codec; right or wrong.
        brief: what it is for.

    Returns:
        The nearest valid design that was found, a valid draft itself unchanged; or why there is none: nothing could be
        read, or no house fits the brief.
    """
    read = read_draft(draft)
    if isinstance(read, Infeasible):
        return read
    matched = match(read, brief)
    if (valid := _valid(draft, brief)) is not None:
        return Mended(valid, False, (), _moved(valid, read, matched))
    found = _nearest(read, matched, brief)
    if found is not None:
        design, added = found
        return Mended(design, False, (*matched.changes, *added), _moved(design, read, matched))
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
    return design if not violations(design, brief) and openings_fit(design) else None


def _nearest(draft: Draft, matched: Matched, brief: Brief) -> tuple[Design, list[Change]] | None:
    """The house nearest to the draft's arrangement, and what was added for it; None where none was found."""
    if any(all(room.kind == "stairs" for room in level.values()) for level in matched.levels):
        return None
    width_ft, depth_ft = brief.envelope_ft
    size = min(max(draft.size[0], GRID_FT), width_ft), min(max(draft.size[1], GRID_FT), depth_ft)
    levels, changes = _with_stairs(matched.levels, draft.size, brief)
    leaves = [_leaves(level, draft.size, size) for level in levels]
    missing = _into_gaps(leaves, matched.missing, size)
    trees = [arrange(one) for one in leaves]
    design = _search(_filled(trees, missing, size), size, draft, matched, brief)
    if design is None:
        return None
    return design, [*changes, *(Change("added", room.name, "the draft has none") for room in matched.missing)]


def _into_gaps(leaves: list[list[Leaf]], missing: list[WantedRoom], size: tuple[float, float]) -> list[WantedRoom]:
    """Puts missing rooms into gaps of about their size, and halls into those of levels without; returns the others."""
    empty = [(number, box) for number, level in enumerate(leaves) for box in gaps([leaf.box for leaf in level], size)]
    left = []
    for room in sorted(missing, key=lambda room: -room.min_area_sqft):
        fits = [spot for spot in empty if room.min_area_sqft / 2 < spot[1][2] * spot[1][3] < 2 * room.min_area_sqft]
        if not fits:
            left.append(room)
            continue
        spot = min(fits, key=lambda spot: abs(spot[1][2] * spot[1][3] - room.min_area_sqft))
        empty.remove(spot)
        leaves[spot[0]].append(Leaf(room.name, spot[1]))
    for number in [number for number, level in enumerate(leaves) if not any(leaf.name == "hall" for leaf in level)]:
        leaves[number] += [Leaf("hall", box) for at, box in empty if at == number and min(box[2], box[3]) < WIDE_FT]
    return left


def _search(
    starts: list[list[Any]], size: tuple[float, float], draft: Draft, matched: Matched, brief: Brief
) -> Design | None:
    """The nearest of the first few houses that small changes lead to, the least changes first.

    A floor is changed where those below it can work: `dimension` looks at them from the ground up.
    """
    wished = round(size[0] / GRID_FT), round(size[1] / GRID_FT)
    order = itertools.count()
    queue = [(float(rank), next(order), 0.0, trees) for rank, trees in enumerate(starts)]
    heapify(queue)
    changed: set[str] = set()
    good: list[tuple[float, int, Design]] = []
    for tried in range(TRIED):
        if not queue or len(good) == ENOUGH:
            break
        _, _, cost, trees = heappop(queue)
        sized = dimension([_steps(tree) for tree in trees], brief, wished, replace=False)
        if not isinstance(sized, Infeasible):
            good.append((_distance(sized.design, draft, matched), tried, sized.design))
            if not cost:
                break
            continue
        for number in _failing(trees, sized.level, size, brief):
            if (key := f"{number}{trees[number]}") in changed:
                continue  # the other floors differ: what can be done here is in the queue already
            changed.add(key)
            for edit in _working(trees[number], number, size, brief):
                total = cost + edit.cost
                ahead = [*trees[:number], edit.tree, *trees[number + 1 :]]
                heappush(queue, (total - PROGRESS_FT * number, next(order), total, ahead))
    return min(good)[2] if good else None


def _failing(trees: list[Any], level: int | None, size: tuple[float, float], brief: Brief) -> list[int]:
    """The floors that are to be changed: those that can't work by themselves, else the one that `dimension` names."""
    alone = [
        number
        for number, tree in enumerate(trees)
        if not usable([tree], brief, number == 0, size, _stairs_of(tree, size))[0]
    ]
    if alone:
        return alone[:1]
    return [level] if level is not None else list(range(len(trees)))


def _working(tree: Any, number: int, size: tuple[float, float], brief: Brief) -> list[Edit]:
    """Small changes of a floor's tree that make it one that works: one step away, or two where there is none."""
    stairs = _stairs_of(tree, size)
    near = edits(tree, size, _FIXED)
    works = usable([edit.tree for edit in near], brief, number == 0, size, stairs)
    found = [edit for edit, fine in zip(near, works, strict=True) if fine]
    if not found:
        far = [
            Edit(one.cost + other.cost, other.tree)
            for one in _spread(near, BRANCHES)
            for other in _spread(edits(one.tree, size, _FIXED), TWIGS)
        ]
        works = usable([edit.tree for edit in far], brief, number == 0, size, stairs)
        found = [edit for edit, fine in zip(far, works, strict=True) if fine]
    return sorted(found, key=lambda edit: edit.cost)[:KEPT]


def _spread(changes: list[Edit], number: int) -> list[Edit]:
    """Some of many changes: half of them the least, the others evenly from all."""
    least, others = changes[: number // 2], changes[number // 2 :]
    return [*least, *others[:: max(1, 2 * len(others) // number)]]


def _stairs_of(tree: Any, size: tuple[float, float]) -> tuple[float, float, bool] | None:
    """Where a tree has its stairs, and whether they lie along the street."""
    leaf = next((leaf for leaf in placed(tree, (0.0, 0.0, *size)) if leaf.name == "stairs"), None)
    return None if leaf is None else (leaf.box[0], leaf.box[1], leaf.box[2] > leaf.box[3])


def _with_stairs(
    levels: list[dict[str, DraftRoom]], size: tuple[float, float], brief: Brief
) -> tuple[list[dict[str, DraftRoom]], list[Change]]:
    """The levels with stairs at one place in all of them: where most have them, or at the left wall where none has."""
    if brief.floors == 1:
        return levels, []
    drawn = [_bounds(level["stairs"].boxes) for level in levels if "stairs" in level]
    wide, deep = (STAIRS_SHORT_FT, STAIRS_LONG_FT) if size[0] < size[1] else (STAIRS_LONG_FT, STAIRS_SHORT_FT)
    at_side = (0.0, max(0.0, (size[1] - deep) / 2), wide, deep)
    box = min(drawn, key=lambda one: sum(dist(one, other) for other in drawn), default=at_side)
    changes = [
        Change("added", "stairs", f"level {number} has none")
        for number, level in enumerate(levels)
        if "stairs" not in level
    ]
    return [level | {"stairs": DraftRoom(number, "stairs", "stairs", (box,))} for number, level in enumerate(levels)], (
        changes
    )


def _bounds(boxes: tuple[Box, ...]) -> Box:
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x, y, max(box[0] + box[2] for box in boxes) - x, max(box[1] + box[3] for box in boxes) - y


def _leaves(level: dict[str, DraftRoom], drawn: tuple[float, float], size: tuple[float, float]) -> list[Leaf]:
    """A level's boxes as they should come: made smaller with the house where that must be, none outside of it."""
    found = []
    for name, room in level.items():
        kind = "hall" if room.kind == "hall" else name
        for box in room.boxes:
            sides: list[float] = []
            for axis in (0, 1):
                scale = min(1.0, size[axis] / drawn[axis])
                side = min(max(box[axis + 2] * scale, GRID_FT), size[axis])
                sides += [min(max(box[axis] * scale, 0.0), size[axis] - side), side]
            found.append(Leaf(kind, (sides[0], sides[2], sides[1], sides[3])))
    return found


def _filled(trees: list[Any], missing: list[WantedRoom], size: tuple[float, float]) -> list[list[Any]]:
    """The trees with missing rooms put beside rooms they belong to: some ways to do so, the likeliest first."""
    ways = [trees]
    for room in sorted(missing, key=lambda room: -room.min_area_sqft):
        ways = [
            [*one[:index], tree, *one[index + 1 :]]
            for one in ways
            for index, tree in islice(_added(one, room, size), STARTS if len(ways) == 1 else 2)
        ][:STARTS]
    return ways


def _added(trees: list[Any], room: WantedRoom, size: tuple[float, float]) -> Iterator[tuple[int, Any]]:
    """The trees of one level with a room added: beside what it belongs to, on the emptiest level first."""
    kind = SHORT_NAMES[room.type]
    hosts = _HOSTS.get(kind, _HOSTS_ELSE)
    order = sorted(range(len(trees)), key=lambda index: (kind == "garage" and index > 0, len(repr(trees[index]))))
    spots = []
    for rank, index in enumerate(order):
        for leaf in placed(trees[index], (0.0, 0.0, *size)):
            beside_ = leaf.name.rstrip("0123456789")
            if beside_ != "stairs":
                belongs = hosts.index(beside_) if beside_ in hosts else len(hosts)
                spots.append((belongs, rank, -leaf.area, index, leaf))
    for *_, index, leaf in sorted(spots):
        for tree in beside(trees[index], leaf, room.name, room.min_area_sqft):
            yield index, tree


def _steps(node: Any) -> Any:
    """A tree with its cuts in steps of the grid."""
    if isinstance(node, str):
        return node
    return [_steps(part) if isinstance(part, str | list) else part / GRID_FT for part in node]


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
