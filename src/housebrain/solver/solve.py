"""The solver's two ways in: a house for a brief, and sizes for given topologies."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.tree import Box, boxes
from housebrain.house.units import GRID_FT
from housebrain.rules.assemble import assemble
from housebrain.rules.checks import violations
from housebrain.solver import engine
from housebrain.solver.dimension import Wish
from housebrain.solver.dimension import dimension as dimension_programme
from housebrain.solver.house import House, Infeasible
from housebrain.solver.needs import programme_of
from housebrain.solver.refusals import what_binds
from housebrain.solver.tree import MAX_DEPTH

ATTEMPTS = 3  # where a house that the search took fails a rule that it does not look at
_NEXT_SEED = 1_000_003


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
        Rejected: `too_few_rooms` (less than one a floor), `area_over_envelope` (the rooms' least areas exceed the
            setback envelope times the floors) or `no_layout_found`; `detail` names what binds and what would mend it.
    """
    programme = programme_of(brief)
    for attempt in range(ATTEMPTS):
        found = engine.solve(programme, seed + attempt * _NEXT_SEED)
        if isinstance(found, Infeasible):
            unfitting = found.reason in ("area_over_envelope", "no_layout_found")
            raise Rejected(found.reason, what_binds(programme) if unfitting else found.detail)
        design = design_of(found, brief)
        wrong = violations(design, brief)
        if not wrong:
            return design
    raise Rejected("no_layout_found", f"{wrong[0].where}: {wrong[0].detail}, in each of {ATTEMPTS} houses")


def several(brief: Brief, seed: int, runs: int) -> Iterator[Design]:
    """Valid designs of many kinds for a brief, in no order, equal ones among them: `runs` searches from a seed on.

    The first is that of `solve`, unless there is none.
    """
    with suppress(Rejected):
        yield solve(brief, seed)
    for house in engine.candidates(programme_of(brief), seed, runs):
        design = design_of(house, brief)
        if not violations(design, brief):
            yield design


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
    programme = programme_of(brief)
    trees = [_in_feet(tree) for tree in topologies] if isinstance(topologies, list | tuple) else []
    wished = None if wish is None else Wish(wish[0] * GRID_FT, wish[1] * GRID_FT, trees)
    found = dimension_programme(trees, programme, wished, replace)
    if isinstance(found, Infeasible):
        return found
    design = design_of(found, brief)
    if wrong := violations(design, brief):
        return Infeasible(wrong[0].kind, f"{wrong[0].where}: {wrong[0].detail}")
    return Sized(design, found.replaced, found.penalty)


def _in_feet(node: Any, depth: int = 0) -> Any:
    """A tree with its positions in feet; what is too deep to be one becomes None."""
    if isinstance(node, list | tuple):
        return None if depth > MAX_DEPTH else [_in_feet(part, depth + 1) for part in node]
    return node * GRID_FT if type(node) in (int, float) else node


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
