"""The solver's two ways in: a house for a brief, and sizes for given topologies."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, NamedTuple

from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import OUTSIDE, Design
from housebrain.house.limits import check_brief
from housebrain.house.tree import OPEN, Box, boxes
from housebrain.house.units import GRID_FT
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from housebrain.rules.massing import exceeded, height_ft, massing_of
from housebrain.solver import engine
from housebrain.solver.dimension import Wish, begin
from housebrain.solver.dimension import dimension as dimension_programme
from housebrain.solver.house import House, Infeasible, mirrored
from housebrain.solver.kinds import STAIRS_FT
from housebrain.solver.needs import Programme, around_corner, largest_first, programme_of
from housebrain.solver.tree import MAX_DEPTH

ATTEMPTS = 3  # where a house that the search took fails a rule that it does not look at
_NEXT_SEED = 1_000_003
_FARTHEST = 1e6  # steps of the grid; JSON has whole numbers that are too large for any arithmetic


class Sized(NamedTuple):
    """A design for given topologies.

    Attributes:
        design: without violations.
        replaced: whether only another topology could work.
        penalty: the sum of what there is to object to, as the search weighs it (`judge.MEANING`); 0 is nothing.
    """

    design: Design
    replaced: bool
    penalty: float


def solve(brief: Brief, seed: int) -> Design:
    """Designs a house for a brief. The same brief and seed give the same design; other seeds give other houses.

    Args:
        brief: what is asked for.
        seed: picks among good houses.

    Raises:
        Rejected: `too_large` (more than any house), `too_few_rooms` (less than one a floor), `area_over_envelope`
            (the rooms' least areas exceed the setback envelope times the floors, or what may be built on the plot),
            `over_height` (more floors than may be built) or `no_layout_found`; `detail` names what binds and what would
            mend it.
    """
    return _solved(brief, seed).design


def _solved(brief: Brief, seed: int) -> Sized:
    check_brief(brief)
    _check_height(brief)
    rectangles = [programme_of(brief, berth) for berth in largest_first(brief)]
    if not rectangles:
        raise Rejected("area_over_envelope", "the setbacks leave no room for a house")
    round_corner = around_corner(brief)
    for programmes in _by_stairs([*rectangles, *([round_corner] if round_corner else [])]):
        refusals = []
        for programme in programmes:
            made = _solve_for(programme, brief, seed)
            if isinstance(made, Sized):
                return made
            refusals.append(made)
    # What the largest rectangle lacks is what is said; that rooms fit none by their area only where it is so for all.
    refusals = refusals[: len(rectangles)]
    raise next((refusal for refusal in refusals if refusal.reason == "no_layout_found"), refusals[0])


def _by_stairs(programmes: Sequence[Programme]) -> list[list[Programme]]:
    """Some programmes of a brief with stairs as its building code has them, and with the least, where those are less.

    Where the code's have no room, the least must do; whether the code is kept is said of every design
    (`rules/codes.py`).
    """
    least = [programme._replace(stairs_ft=STAIRS_FT) for programme in programmes]
    if least == list(programmes) or any(one.floors == 1 for one in least):
        return [least]
    return [list(programmes), least]


def _check_height(brief: Brief) -> None:
    """Refuses more floors than may be built: the search below knows no height.

    Raises:
        Rejected: `over_height`.
    """
    most_ft, high_ft = massing_of(brief).height_ft, height_ft(brief.floors)
    if high_ft > most_ft:
        lower = int(most_ft / height_ft(1))
        raise Rejected(
            "over_height",
            f"{brief.floors} floors are {high_ft:g} ft high, {most_ft:.1f} ft are allowed here: {lower} floors",
        )


def _solve_for(programme: Programme, brief: Brief, seed: int) -> Sized | Rejected:
    """A house in one of the envelope's rectangles or round its corner, or why there is none."""
    for attempt in range(ATTEMPTS):
        found = engine.solve(programme, seed + attempt * _NEXT_SEED)
        if isinstance(found, Infeasible):
            return Rejected(found.reason, found.detail)
        design = _best_turned(found, brief)
        wrong = violations(design, brief)
        if not wrong:
            return Sized(design, True, found.penalty)
    return Rejected("no_layout_found", f"{wrong[0].where}: {wrong[0].detail}, in each of {ATTEMPTS} houses")


def several(brief: Brief, seed: int, runs: int) -> Iterator[Design]:
    """Valid designs of many kinds for a brief, in no order, equal ones among them: `runs` searches from a seed on.

    The first is that of `solve`, unless there is none. There are none at all where the floors are more than may be
    built.
    """
    with suppress(Rejected):
        yield solve(brief, seed)
    with suppress(Rejected):
        _check_height(brief)
        for (programme,) in _by_stairs([programme_of(brief)]):
            valid = False
            for house in engine.candidates(programme, seed, runs):
                design = _best_turned(house, brief)
                if not violations(design, brief):
                    valid = True
                    yield design
            if valid:
                return


def dimension(
    topologies: Sequence[Any], brief: Brief, wish: tuple[int, int] | None = None, replace: bool = True
) -> Sized | Infeasible:
    """The best sizes for given topologies; never raises, whatever they are.

    The order of cuts and leaves is kept. Without a wish the house is as small as it can be; with one it comes as near
    to the wished size and cuts as least areas, least sides and the stairs' one place allow.

    Args:
        topologies: a tree a level from the ground up, as an answer's `levels` have them; positions may be left out.
        brief: what the house is for.
        wish: the wished width and depth, in steps of the grid; the wished cuts are the positions in `topologies`.
        replace: whether the solver's own house is returned where these topologies can't work.
    """
    trees = [_in_feet(tree) for tree in topologies] if isinstance(topologies, list | tuple) else []
    wished = None if wish is None else Wish(wish[0] * GRID_FT, wish[1] * GRID_FT, trees)
    try:
        check_brief(brief)
    except Rejected as refusal:
        return Infeasible(refusal.reason, refusal.detail)
    why = Infeasible("envelope", "the setbacks leave no room for a house")
    first = brief.berth_of(*wish) if wish else None
    programmes = [
        programme_of(brief, berth) for berth in sorted(largest_first(brief), key=lambda berth: berth != first)
    ]
    round_corner = around_corner(brief) if any(map(_has_open, trees)) else None
    for programme in chain(*_by_stairs(programmes if round_corner is None else [round_corner])):
        found = dimension_programme(trees, programme, wished, replace=False)
        if isinstance(found, Infeasible):
            why = found
            continue
        design = design_of(found, brief)
        wrong = [f"{fault.where}: {fault.detail}" for fault in violations(design, brief)]
        wrong += exceeded(design, brief)
        if not wrong:
            return Sized(design, False, found.penalty)
        why = Infeasible("invalid", wrong[0])
    if not replace:
        return why
    try:
        return _solved(brief, 0)
    except Rejected as refusal:
        return Infeasible(refusal.reason, refusal.detail)


def begun(topologies: Sequence[Any], brief: Brief, wish: tuple[int, int]) -> House | Infeasible:
    """The lower levels of a house with the sizes that come nearest to a wish; the arguments are those of `dimension`.

    The rooms that they lack are left to the levels above.
    """
    trees = [_in_feet(tree) for tree in topologies]
    why = Infeasible("envelope", "the setbacks leave no room for a house")
    first = brief.berth_of(*wish)
    berths = sorted(largest_first(brief), key=lambda berth: berth != first)
    for programme in chain(*_by_stairs([programme_of(brief, berth) for berth in berths])):
        found = begin(trees, programme, Wish(wish[0] * GRID_FT, wish[1] * GRID_FT, trees))
        if isinstance(found, House):
            return found
        why = found
    return why


def _best_turned(house: House, brief: Brief) -> Design:
    """The design of a house; on a corner plot turned over, where that gives it its entrance at the side street."""
    design = design_of(house, brief)
    may_turn = brief.plot.side_street and design.corner is None and not brief.plot.party_walls
    if may_turn and not _from_side(design):
        turned = design_of(mirrored(house), brief)
        return turned if _from_side(turned) else design
    return design


def _from_side(design: Design) -> bool:
    return any(door.b == OUTSIDE and door.along == "y" for door in design.levels[0].doors)


def _has_open(node: Any) -> bool:
    """Whether a tree has open ground, as a house that turns round a corner has."""
    return node == OPEN if isinstance(node, str) else isinstance(node, list) and any(map(_has_open, node))


def _in_feet(node: Any, depth: int = 0) -> Any:
    """A tree with its positions in feet; what is too deep to be one, or too far away, becomes None."""
    if isinstance(node, list | tuple):
        return None if depth > MAX_DEPTH else [_in_feet(part, depth + 1) for part in node]
    if type(node) not in (int, float):
        return node
    return node * GRID_FT if abs(node) < _FARTHEST else None  # neither endless nor no number


def design_of(house: House, brief: Brief) -> Design:
    """The design that a solved house makes for its brief."""
    size = round(house.width_ft / GRID_FT), round(house.depth_ft / GRID_FT)
    return assemble(size, [_layout(storey.tree, size) for storey in house.storeys], brief)


def _layout(tree: Any, size: tuple[int, int]) -> list[tuple[str, Box]]:
    return boxes(_joined(tree), (0, 0, *size))


def _joined(node: Any) -> Any:
    """A tree in steps of the grid; neighbouring leaves of one name that make a rectangle become one."""
    if isinstance(node, str):
        return node
    parts = [_joined(part) for part in node[1::2]]
    written = [node[0], parts[0]]
    for cut, part in zip(node[2::2], parts[1:], strict=True):
        if not (isinstance(part, str) and part == written[-1]):
            written += [round(cut / GRID_FT), part]
    return written if len(written) > 2 else written[1]
