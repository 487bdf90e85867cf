"""Storeys with their floors and rooms, and what stands outside in front of doors."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from housebrain.drawing.elements import Block, Level, Region, Space
from housebrain.drawing.ifc.model import Entity, Model, label, metres
from housebrain.drawing.names import level_name, title
from housebrain.drawing.regions import polygon

FINISH_FT = 0.1  # of a floor, in its slab's thickness


class Storey(NamedTuple):
    """A storey of the model: its entity and placement, and the name by which paths begin."""

    entity: Entity
    placement: Entity
    path: str


def add_storey(model: Model, building: Entity, within: Entity, level: Level) -> Storey:
    """Writes a storey, still empty."""
    placement = model.placement(within, (0.0, 0.0, level.elevation))
    entity = model.root(
        "IfcBuildingStorey",
        f"{level.number}",
        level_name(level.number),
        ObjectPlacement=placement,
        CompositionType="ELEMENT",
        Elevation=metres(level.elevation),
    )
    model.relate("IfcRelAggregates", building, entity)
    model.properties(entity, "Pset_BuildingStoreyCommon", EntranceLevel=level.number == 0, AboveGround=True)
    enclosed = [space for space in level.spaces if not space.open_air]
    model.quantities(
        entity,
        "Qto_BuildingStoreyBaseQuantities",
        {"GrossHeight": level.height, "NetHeigtht": level.ceiling},  # spelt so in the standard
        {"GrossFloorArea": sum(space.area_sqft for space in enclosed), "NetFloorArea": sum(map(clear_sqft, enclosed))},
    )
    return Storey(entity, placement, f"{level.number}")


def clear_sqft(space: Space) -> float:
    """The area between the walls' faces."""
    return sum(polygon(region).area for region in space.clear)


def add_slabs(
    model: Model, storey: Storey, regions: Iterable[Region], thickness: float, top: float, predefined: str, name: str
) -> list[Entity]:
    """Writes slabs, each with its holes as openings.

    Args:
        model: that they are written into.
        storey: that they belong to.
        regions: their outlines and holes.
        thickness: in feet.
        top: z of their upper faces, above the storey.
        predefined: what IFC calls them.
        name: what we call them.
    """
    layers = model.shared(
        "slab",
        name,
        thickness,
        make=lambda: model.layers(
            name,
            [("Reinforced concrete", thickness)]
            if predefined == "ROOF"
            else [(model.materials["floor"], FINISH_FT), ("Reinforced concrete", thickness - FINISH_FT)],
        ),
    )
    found = []
    for number, region in enumerate(regions):
        path = f"{storey.path}/{name}/{number}"
        placement = model.placement(storey.placement, (0.0, 0.0, top))
        solid = model.coloured(model.prism(region.outline, -thickness, 0.0), "slab")
        thing = model.root(
            "IfcSlab",
            path,
            name,
            ObjectPlacement=placement,
            Representation=model.shape(model.body([solid])),
            PredefinedType=predefined,
        )
        model.relate("IfcRelAssociatesMaterial", layers, thing)
        model.properties(
            thing, "Pset_SlabCommon", Reference=name, IsExternal=predefined != "FLOOR", LoadBearing=True, PitchAngle=0.0
        )
        whole, net = polygon(Region(region.outline)), polygon(region)
        model.quantities(
            thing,
            "Qto_SlabBaseQuantities",
            {"Width": thickness, "Perimeter": whole.length},
            {"GrossArea": whole.area, "NetArea": net.area},
            {"GrossVolume": whole.area * thickness, "NetVolume": net.area * thickness},
        )
        for index, hole in enumerate(region.holes):
            _hole(model, f"{path}/{index}", placement, thing, Region(hole[::-1]), thickness)
        found.append(thing)
    return found


def _hole(model: Model, path: str, placement: Entity, slab: Entity, region: Region, thickness: float) -> None:
    solid = model.prism(region.outline, -thickness - 0.1, 0.1)
    hole = model.root(
        "IfcOpeningElement",
        path,
        "Opening in floor",
        ObjectPlacement=model.placement(placement),
        Representation=model.shape(model.body([solid])),
        PredefinedType="OPENING",
    )
    model.root("IfcRelVoidsElement", path, RelatingBuildingElement=slab, RelatedOpeningElement=hole)
    area = polygon(region).area
    model.quantities(
        hole, "Qto_OpeningElementBaseQuantities", {"Depth": thickness}, {"Area": area}, {"Volume": area * thickness}
    )


def add_plinth(model: Model, storey: Storey, regions: Iterable[Region], bottom: float, top: float) -> list[Entity]:
    """Writes what the ground floor's slab stands on, between two heights above the storey."""
    found = []
    for number, region in enumerate(regions):
        area = polygon(region).area
        solid = model.coloured(model.prism(region.outline, bottom, top, region.holes), "plinth")
        thing = model.root(
            "IfcFooting",
            f"{storey.path}/plinth/{number}",
            "Plinth",
            ObjectType="Plinth",
            ObjectPlacement=model.placement(storey.placement),
            Representation=model.shape(model.body([solid])),
            PredefinedType="USERDEFINED",
        )
        model.properties(thing, "Pset_FootingCommon", Reference="Plinth")
        model.quantities(
            thing,
            "Qto_FootingBaseQuantities",
            {"Height": top - bottom},
            {},
            {"GrossVolume": area * (top - bottom), "NetVolume": area * (top - bottom)},
        )
        model.relate("IfcRelAssociatesMaterial", model.material("Masonry"), thing)
        found.append(thing)
    return found


def add_steps(model: Model, storey: Storey, blocks: Sequence[Block], elevation: float) -> list[Entity]:
    """Writes the steps in front of doors as stairs of one flight each; `elevation` is the storey's."""
    flights: list[list[Block]] = []
    for block in blocks:
        # Each step of a flight goes as far under the one before it as that reaches.
        if flights and polygon(Region(block.outline)).covers(polygon(Region(flights[-1][-1].outline))):
            flights[-1].append(block)
        else:
            flights.append([block])
    found = []
    for number, flight in enumerate(flights):
        path = f"{storey.path}/steps/{number}"
        feet = [block.top for block in flight[1:]] + [flight[-1].bottom]
        solids = [
            model.coloured(model.prism(block.outline, foot - elevation, block.top - elevation), "plinth")
            for block, foot in zip(flight, feet, strict=True)
        ]
        thing = model.root(
            "IfcStair",
            path,
            "Outside steps",
            ObjectPlacement=model.placement(storey.placement),
            Representation=model.shape(model.body(solids)),
            PredefinedType="STRAIGHT_RUN_STAIR",
        )
        model.properties(
            thing,
            "Pset_StairCommon",
            Reference="Outside steps",
            NumberOfRiser=len(flight) + 1,
            NumberOfTreads=len(flight),
            IsExternal=True,
        )
        model.relate("IfcRelAssociatesMaterial", model.material("Masonry"), thing)
        found.append(thing)
    return found


def add_posts(model: Model, storey: Storey, posts: Sequence[Block], elevation: float) -> list[Entity]:
    """Writes the posts under what covers outdoor spaces; `elevation` is the storey's."""
    found = []
    for number, post in enumerate(posts):
        height = post.top - post.bottom
        solid = model.coloured(model.prism(post.outline, post.bottom - elevation, post.top - elevation), "wall")
        thing = model.root(
            "IfcColumn",
            f"{storey.path}/{number}",
            "Post",
            ObjectPlacement=model.placement(storey.placement),
            Representation=model.shape(model.body([solid])),
            PredefinedType="COLUMN",
        )
        area = polygon(Region(post.outline)).area
        model.properties(thing, "Pset_ColumnCommon", Reference="Post", IsExternal=True, LoadBearing=True)
        model.quantities(
            thing,
            "Qto_ColumnBaseQuantities",
            {"Length": height},
            {"CrossSectionArea": area},
            {"GrossVolume": area * height, "NetVolume": area * height},
        )
        model.relate("IfcRelAssociatesMaterial", model.material("Masonry"), thing)
        found.append(thing)
    return found


def add_space(model: Model, storey: Storey, space: Space, height: float, path: str) -> Entity:
    """Writes a room; its volume is what is clear between walls, up to a height. `path` names it in its storey."""
    kind = space.type.replace("_", " ").capitalize()
    clear = space.clear or (space.region,)
    thing = model.root(
        "IfcSpace",
        f"{storey.path}/{path}",
        space.name,
        ObjectPlacement=model.placement(storey.placement),
        Representation=model.shape(
            model.body([model.prism(region.outline, 0.0, height, region.holes) for region in clear])
        ),
        LongName=label(title(space)),
        CompositionType="ELEMENT",
        PredefinedType="PARKING" if space.type == "garage" else "EXTERNAL" if space.open_air else "INTERNAL",
    )
    model.relate("IfcRelAggregates", storey.entity, thing)
    net = clear_sqft(space)
    model.properties(
        thing,
        "Pset_SpaceCommon",
        Reference=kind,
        IsExternal=space.open_air,
        GrossPlannedArea=space.area_sqft,
        NetPlannedArea=net,
        PubliclyAccessible=False,
    )
    model.properties(thing, "Pset_SpaceOccupancyRequirements", OccupancyType=kind)
    model.quantities(
        thing,
        "Qto_SpaceBaseQuantities",
        {
            "Height": height,
            "FinishCeilingHeight": height,
            "GrossPerimeter": polygon(space.region).length,
            "NetPerimeter": sum(polygon(region).length for region in clear),
        },
        {"GrossFloorArea": space.area_sqft, "NetFloorArea": net},
        {"GrossVolume": space.area_sqft * height, "NetVolume": net * height},
    )
    return thing
