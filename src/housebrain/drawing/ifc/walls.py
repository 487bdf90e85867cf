"""Walls, parapets and railings, with the openings in them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from shapely import Polygon, unary_union
from shapely.geometry.base import BaseGeometry

from housebrain.drawing.elements import SOLID, Opening, Point, Wall
from housebrain.drawing.ifc.fillings import add_filling
from housebrain.drawing.ifc.model import Entity, Model, metres
from housebrain.drawing.ifc.storeys import Storey
from housebrain.drawing.regions import joined, regions
from housebrain.drawing.surfaces import Kind

SLACK_FT = 0.1  # that an opening reaches out of its wall on either side, so that it is surely cut through

_PREDEFINED = {"outer": "SOLIDWALL", "inner": "PARTITIONING", "parapet": "PARAPET", "railing": "GUARDRAIL"}
_NAMES = {"outer": "Outer wall", "inner": "Inner wall", "parapet": "Parapet", "railing": "Railing"}


def add_walls(
    model: Model, storey: Storey, walls: Sequence[Wall], marked: Callable[[Opening], str | None], base: float = 0.0
) -> list[Entity]:
    """Writes walls that meet, each as far as no earlier one stands, and what fills their openings.

    Args:
        model: that they are written into.
        storey: that they stand in.
        walls: their joints overlap. Outer ones go before inner ones.
        marked: the number of an opening; None where nothing fills it.
        base: z of their feet above the storey's.

    Returns:
        All that the storey holds now besides.
    """
    found: list[Entity] = []
    built: list[Polygon] = []
    order = list(_NAMES)
    for number, wall in sorted(enumerate(walls), key=lambda item: order.index(item[1].kind)):
        wall = replace(wall, openings=tuple(_between_walls(wall, opening, walls) for opening in wall.openings))
        whole = Polygon(wall.outline)
        solid = whole.difference(unary_union([other for other in built if other.intersects(whole)]))
        built.append(whole)
        if wall.kind == "railing":
            solid = solid.difference(joined(wall.hole(way) for way in wall.openings))
        if regions(solid):
            path = f"{storey.path}/{base:g}/{number}"
            at = model.placement(
                storey.placement, (*wall.start, base), (1.0, 0.0, 0.0) if wall.along == "x" else (0.0, 1.0, 0.0)
            )
            found += (
                _railing(model, path, wall, at, solid)
                if wall.kind == "railing"
                else _wall(model, path, wall, at, solid, marked)
            )
    return found


def _between_walls(wall: Wall, opening: Opening, walls: Sequence[Wall]) -> Opening:
    """A way as far as no other wall stands in it: ways reach to the axes of the walls at their ends."""
    if opening.kind != "way":
        return opening
    low, high = (end[0 if wall.along == "x" else 1] for end in (opening.start, opening.end))
    middle, half = (low + high) / 2, wall.thickness / 2
    for other in walls:
        meets = other.along != wall.along and other.low - half < wall.at < other.high + half
        if meets and not other.is_open_at(wall.at, wall.thickness):
            near, far = other.at - other.thickness / 2, other.at + other.thickness / 2
            low = far if low < far < middle else low
            high = near if middle < near < high else high
    at = (low + high) / 2
    x, y = (at, opening.y) if wall.along == "x" else (opening.x, at)
    return replace(opening, x=x, y=y, width=high - low)


def _railing(model: Model, path: str, wall: Wall, at: Entity, solid: BaseGeometry) -> list[Entity]:
    thing = model.root(
        "IfcRailing",
        path,
        _NAMES[wall.kind],
        ObjectPlacement=at,
        Representation=model.shape(_body(model, wall, solid, "railing")),
        PredefinedType="GUARDRAIL",
    )
    model.properties(thing, "Pset_RailingCommon", Reference="Railing", Height=wall.height, IsExternal=True)
    model.quantities(thing, "Qto_RailingBaseQuantities", {"Length": wall.high - wall.low}, {})
    model.relate("IfcRelAssociatesMaterial", model.material("Metal"), thing)
    return [thing]


def _wall(
    model: Model, path: str, wall: Wall, at: Entity, solid: BaseGeometry, marked: Callable[[Opening], str | None]
) -> list[Entity]:
    thing = model.root(
        "IfcWall",
        path,
        _NAMES[wall.kind],
        ObjectPlacement=at,
        Representation=model.shape(
            model.axis(wall.high - wall.low), _body(model, wall, solid, "plaster" if wall.kind == "inner" else "wall")
        ),
        PredefinedType=_PREDEFINED[wall.kind],
    )
    model.properties(
        thing,
        "Pset_WallCommon",
        Reference=_NAMES[wall.kind],
        IsExternal=wall.kind != "inner",
        LoadBearing=wall.kind == "outer",
        ExtendToStructure=wall.kind in SOLID,
    )
    _of_type(model, wall, thing)
    found = [thing]
    gone = area = 0.0
    for number, opening in enumerate(wall.openings):
        cut = Polygon(wall.hole(opening)).intersection(solid).area * (min(opening.head, wall.height) - opening.sill)
        gone, area = gone + cut, area + cut / wall.thickness
        mark = marked(opening)
        name = f"{path}/{number}"
        hole, hole_at = _opening(model, name, wall, opening, at, thing, mark)
        if mark:
            filling = add_filling(model, name, mark, hole_at, wall, opening)
            model.root("IfcRelFillsElement", name, RelatingOpeningElement=hole, RelatedBuildingElement=filling)
            found.append(filling)
    length = solid.area / wall.thickness
    model.quantities(
        thing,
        "Qto_WallBaseQuantities",
        {"Length": length, "Width": wall.thickness, "Height": wall.height},
        {
            "GrossFootprintArea": solid.area,
            "GrossSideArea": length * wall.height,
            "NetSideArea": length * wall.height - area,
        },
        {"GrossVolume": solid.area * wall.height, "NetVolume": solid.area * wall.height - gone},
    )
    return found


def _opening(
    model: Model, path: str, wall: Wall, opening: Opening, at: Entity, thing: Entity, mark: str | None
) -> tuple[Entity, Entity]:
    """The hole in the wall, and its placement: x along the wall, z 0 at the sill."""
    axis = 0 if wall.along == "x" else 1
    placement = model.placement(at, (opening.start[axis] - wall.low, 0.0, opening.sill))
    reach = wall.thickness / 2 + SLACK_FT
    # What is open to the wall's head or foot is cut beyond it.
    low = -SLACK_FT if opening.sill <= 0 else 0.0
    high = opening.head - opening.sill + (SLACK_FT if opening.head >= wall.height else 0.0)
    hole = model.root(
        "IfcOpeningElement",
        path,
        f"Opening {mark}" if mark else "Way",
        ObjectPlacement=placement,
        Representation=model.shape(model.body([model.box((0.0, -reach, low), (opening.width, reach, high))])),
        PredefinedType="OPENING",
    )
    model.root("IfcRelVoidsElement", path, RelatingBuildingElement=thing, RelatedOpeningElement=hole)
    height = min(opening.head, wall.height) - opening.sill
    model.quantities(
        hole,
        "Qto_OpeningElementBaseQuantities",
        {"Width": opening.width, "Height": height, "Depth": wall.thickness},
        {"Area": opening.width * height},
        {"Volume": opening.width * height * wall.thickness},
    )
    return hole, placement


def _body(model: Model, wall: Wall, solid: BaseGeometry, kind: Kind) -> Entity:
    return model.body(
        [
            model.coloured(model.prism([_own(wall, point) for point in part.outline], 0.0, wall.height), kind)
            for part in regions(solid)
        ]
    )


def _own(wall: Wall, point: Point) -> Point:
    """A point in the wall's frame: from its start, along it and to its left."""
    x, y = point
    return (x - wall.low, y - wall.at) if wall.along == "x" else (y - wall.low, wall.at - x)


def _of_type(model: Model, wall: Wall, thing: Entity) -> None:
    """Walls of one kind and thickness share their type and layers."""
    name = f"{_NAMES[wall.kind]} {wall.thickness * 304.8:.0f} mm"
    material = {"inner": "Partition"}.get(wall.kind, model.materials["exterior"])
    layers = model.shared("layers", name, make=lambda: model.layers(name, [(material, wall.thickness)]))
    kind = model.shared(
        "type", name, make=lambda: model.root("IfcWallType", name, name, PredefinedType=_PREDEFINED[wall.kind])
    )
    usage = model.shared(
        "usage",
        name,
        make=lambda: model.add(
            "IfcMaterialLayerSetUsage", layers, "AXIS2", "POSITIVE", metres(-wall.thickness / 2), None
        ),
    )
    model.relate("IfcRelDefinesByType", kind, thing)
    model.relate("IfcRelAssociatesMaterial", usage, thing)
