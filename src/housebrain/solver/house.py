"""What the solver makes: a house of levels, each a set of spaces made of boxes, with doors."""

from typing import Any, NamedTuple

from housebrain.solver.kinds import OUTDOOR

Box = tuple[float, float, float, float]  # x, y, width, depth in feet
OUTSIDE = "outside"


class Space(NamedTuple):
    """A room, hall, stairs or outdoor space; several boxes are one space, L-shaped or with a bend."""

    name: str
    type: str
    boxes: tuple[Box, ...]

    @property
    def area_sqft(self) -> float:
        return sum(w * d for _, _, w, d in self.boxes)


class Door(NamedTuple):
    """A way between spaces `a` and `b` (`b` may be `outside`): its middle, direction, width in feet; open or a leaf."""

    a: str
    b: str
    x: float
    y: float
    along: str
    width_ft: float
    open: bool


class Storey(NamedTuple):
    """One floor: its tree, its spaces and doors, and its score by part.

    A node of the tree is a space's name or `[direction, part, cut, part, cut, part, ...]`, cuts in feet from the
    house's left or front wall. Boxes of one space are leaves of one name.
    """

    tree: Any
    spaces: tuple[Space, ...]
    doors: tuple[Door, ...]
    score: dict[str, float]


class House(NamedTuple):
    """A dimensioned house: width along the street and depth in feet, floors from the ground up."""

    width_ft: float
    depth_ft: float
    storeys: tuple[Storey, ...]
    replaced: bool = False

    @property
    def built_sqft(self) -> float:
        """All enclosed area; balconies, terraces, porches, courts and open ground are left out."""
        return sum(space.area_sqft for storey in self.storeys for space in storey.spaces if space.type not in OUTDOOR)

    @property
    def penalty(self) -> float:
        """The sum of all score parts; 0 is nothing to object."""
        return sum(sum(storey.score.values()) for storey in self.storeys)


class Infeasible(NamedTuple):
    """No house: a slug, and a sentence that names the binding constraint and what would mend it.

    `level` is the floor at which given topologies fail, where those below it can work.
    """

    reason: str
    detail: str
    level: int | None = None


def mirrored(house: House) -> House:
    """The house with left and right changed over; the street stays in front."""
    width = house.width_ft

    def turn(node: Any) -> Any:
        if isinstance(node, str):
            return node
        parts = [turn(part) for part in node[1::2]]
        cuts = node[2::2]
        if node[0] == "v":
            parts.reverse()
            cuts = [width - cut for cut in reversed(cuts)]
        written: list[Any] = [node[0], parts[0]]
        for cut, part in zip(cuts, parts[1:], strict=True):
            written += [cut, part]
        return written

    storeys = tuple(
        Storey(
            turn(storey.tree),
            tuple(
                space._replace(boxes=tuple((width - x - w, y, w, d) for x, y, w, d in space.boxes))
                for space in storey.spaces
            ),
            tuple(door._replace(x=width - door.x) for door in storey.doors),
            storey.score,
        )
        for storey in house.storeys
    )
    return house._replace(storeys=storeys)
