"""A model's answer finished into a house: the sizes that come nearest to the answer's and keep to the rules."""

import json
from math import dist, fsum
from statistics import fmean
from typing import Any, NamedTuple

from housebrain.answering.mending.nearby import Near, nearest
from housebrain.house.brief import Brief
from housebrain.house.design import Design, Rect
from housebrain.house.tree import Box, TreeError, cut
from housebrain.house.units import GRID_FT
from housebrain.language.answer import Answer, Codec, DecodeError, Layout, read
from housebrain.solver.house import Infeasible
from housebrain.solver.solve import dimension

# Why an answer with the brief's rooms can't be finished: changes of its arrangement may help.
_ARRANGEMENT = frozenset({"no_fit", "invalid"})


class Proposal(NamedTuple):
    """A model's answer to a brief.

    Attributes:
        text: as the model wrote it; of a lost answer up to the level that could not be built, and what follows is the
            grammar's.
        built: the same as the solver could build it while it was written; None where nobody looked at it, or it is
            lost.
        edits: how many small changes of its arrangement `built` has.
        chosen: how many tokens the model chose, in all candidates for all levels.
        lost: whether a level could be neither built nor mended.
    """

    text: str
    built: str | None = None
    edits: int = 0
    chosen: int = 0
    lost: bool = False


class Finished(NamedTuple):
    """A house for a brief, made from an answer.

    Attributes:
        design: without violations.
        replaced: whether the answer could not be finished, so that this is the solver's own house.
        edits: how many small changes of the answer's arrangement it took: rooms changed places, a piece of hall was
            added or taken away, a cut was turned.
        moved_ft: by level (`0`) and room, how far the middle of each of the answer's rooms was moved. Empty where the
            house is the solver's.
        too_small: the rooms that the answer made smaller than the brief allows.
        penalty: what there is to object to in the house, as the solver weighs it; 0 is nothing.
    """

    design: Design
    replaced: bool
    edits: int
    moved_ft: dict[tuple[int, str], float]
    too_small: tuple[str, ...]
    penalty: float

    @property
    def mean_moved_ft(self) -> float | None:
        """Over the rooms; None where the house is the solver's own."""
        return fmean(self.moved_ft.values()) if self.moved_ft else None


def finish(proposal: Proposal, brief: Brief, codec: Codec = "tree") -> Finished | Infeasible:
    """Finishes an answer, whatever it is; the cuts and their order stay, their positions come as near as rules allow.

    Where that can't work the arrangement is changed by small steps, as few as may be, and where none of these helps the
    house is the solver's own; either is marked as such.

    Args:
        proposal: the answer; distances are from what the model itself wrote.
        brief: what it answers.
        codec: how its layout is written.

    Returns:
        The house; or why there is none for this brief.
    """
    if proposal.lost:
        return _solvers_own(brief)
    try:
        answer = read(proposal.text, codec)
    except DecodeError:
        return _solvers_own(brief)
    # The answer's own tree where it has one: another might have its cuts in another order.
    try:
        if codec == "tree":
            whole = json.loads(proposal.built or proposal.text)
            size, trees = tuple(whole["size"]), whole["levels"]
        else:
            size, trees = answer.size, [cut(layout) for layout in answer.layouts]
    except TreeError:
        return _solvers_own(brief)
    found = dimension(trees, brief, size, replace=False)
    edits = proposal.edits
    if isinstance(found, Infeasible):
        near = _mended(trees, size, answer, brief) if found.reason in _ARRANGEMENT else None
        if near is None:
            return _solvers_own(brief)
        found, edits = near.sized, edits + near.edits
    small = tuple(
        room.name for room in brief.wanted_rooms if 0 < _area_sqft(answer.layouts, room.name) < room.min_area_sqft
    )
    return Finished(found.design, False, edits, _moved(answer.layouts, found.design), small, found.penalty)


def _solvers_own(brief: Brief) -> Finished | Infeasible:
    found = dimension([], brief)
    return found if isinstance(found, Infeasible) else Finished(found.design, True, 0, {}, (), found.penalty)


def _mended(trees: list[Any], size: tuple[int, int], answer: Answer, brief: Brief) -> Near | None:
    """The nearest house that small changes of the arrangement lead to."""
    starts = [[in_feet(tree) for tree in trees]]
    size_ft = size[0] * GRID_FT, size[1] * GRID_FT
    return nearest(starts, size_ft, brief, lambda design: fsum(_moved(answer.layouts, design).values()))


def in_feet(node: Any) -> Any:
    """A tree with its cuts in feet."""
    if isinstance(node, list):
        return [part * GRID_FT if isinstance(part, int) else in_feet(part) for part in node]
    return node


def _area_sqft(layouts: list[Layout], name: str) -> float:
    """A room's area in an answer; 0 where it has none of that name."""
    return GRID_FT**2 * sum(w * d for layout in layouts for one, (_, _, w, d) in layout if one == name)


def _moved(layouts: list[Layout], design: Design) -> dict[tuple[int, str], float]:
    """How far each room's middle lies from where the answer has it, from the footprints' front left corners."""
    corner = design.footprint
    moved = {}
    for number, (layout, level) in enumerate(zip(layouts, design.levels, strict=True)):
        boxes: dict[str, list[Box]] = {}
        for name, box in layout:
            boxes.setdefault(name, []).append(box)
        for room in level.rooms:
            if room.name in boxes:
                wished = _middle([Rect(x=x, y=y, w=w, d=d) for x, y, w, d in boxes[room.name]])
                built = _middle(list(room.boxes))
                moved[number, room.name] = dist(
                    (GRID_FT * wished[0], GRID_FT * wished[1]), (built[0] - corner.x, built[1] - corner.y)
                )
    return moved


def _middle(boxes: list[Rect]) -> tuple[float, float]:
    """The centre of some boxes' area."""
    area = fsum(box.area_sqft for box in boxes)
    return (
        fsum(box.area_sqft * (box.x + box.w / 2) for box in boxes) / area,
        fsum(box.area_sqft * (box.y + box.d / 2) for box in boxes) / area,
    )
