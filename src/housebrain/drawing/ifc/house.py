"""A scene as an IFC4 model."""

from functools import partial

from shapely import Polygon

from housebrain.drawing.elements import Level, Opening, Plot
from housebrain.drawing.ifc.furniture import add_piece
from housebrain.drawing.ifc.model import Entity, Model
from housebrain.drawing.ifc.roofs import add_roof
from housebrain.drawing.ifc.stairs import add_stair
from housebrain.drawing.ifc.storeys import (
    add_plinth,
    add_posts,
    add_slabs,
    add_space,
    add_steps,
    add_storey,
    clear_sqft,
)
from housebrain.drawing.ifc.walls import add_walls
from housebrain.drawing.names import marks
from housebrain.drawing.scene import Scene
from housebrain.drawing.surfaces import surfaces


def ifc(scene: Scene) -> bytes:
    """The house as an IFC4 file, in metres: x along the street, y to the rear, z up from the ground.

    Equal scenes give equal bytes.
    """
    north = 180 - scene.plot.orientation if scene.plot else 0.0
    model = Model(repr(scene), scene.materials, surfaces(scene.materials), north)
    project = model.root(
        "IfcProject", "project", scene.title, RepresentationContexts=[model.context], UnitsInContext=model.units
    )
    at_site = model.placement(None)
    site = _site(model, scene, at_site)
    at_building = model.placement(at_site)
    building = _building(model, scene, at_building)
    model.relate("IfcRelAggregates", project, site)
    model.relate("IfcRelAggregates", site, building)
    numbers = marks(scene.levels)
    for level in scene.levels:
        _level(model, scene, building, at_building, level, numbers)
    return model.finish()


def _site(model: Model, scene: Scene, at: Entity) -> Entity:
    site = model.root("IfcSite", "site", "Plot", ObjectPlacement=at, CompositionType="ELEMENT", RefElevation=0.0)
    if scene.plot:
        _plot(model, site, scene.plot, scene)
    return site


def _plot(model: Model, site: Entity, plot: Plot, scene: Scene) -> None:
    rings = [[*ring, ring[0]] for ring in (plot.outline, plot.envelope) if len(ring) > 2]
    site.Representation = model.shape(model.footprint(rings))
    outline = Polygon(plot.outline)
    area = outline.area
    model.properties(
        site,
        "Pset_SiteCommon",
        Reference="Plot",
        BuildableArea=Polygon(plot.envelope).area if len(plot.envelope) > 2 else 0.0,
        SiteCoverageRatio=round(Polygon(scene.outline).area / area, 4),
        FloorAreaRatio=round(scene.built_sqft / area, 4),
        TotalArea=area,
    )
    model.quantities(site, "Qto_SiteBaseQuantities", {"GrossPerimeter": outline.length}, {"GrossArea": area})


def _building(model: Model, scene: Scene, at: Entity) -> Entity:
    building = model.root(
        "IfcBuilding",
        "building",
        scene.title,
        ObjectPlacement=at,
        CompositionType="ELEMENT",
        ElevationOfRefHeight=0.0,
        ElevationOfTerrain=0.0,
    )
    enclosed = [space for level in scene.levels for space in level.spaces if not space.open_air]
    net = sum(map(clear_sqft, enclosed))
    model.properties(
        building,
        "Pset_BuildingCommon",
        OccupancyType="Residential",
        NumberOfStoreys=len(scene.levels),
        GrossPlannedArea=scene.built_sqft,
        NetPlannedArea=net,
    )
    model.quantities(
        building,
        "Qto_BuildingBaseQuantities",
        {"Height": scene.top, "EavesHeight": scene.roof.level},
        {
            "FootprintArea": Polygon(scene.outline).area,
            "GrossFloorArea": scene.built_sqft,
            "NetFloorArea": net,
        },
    )
    return building


def _level(
    model: Model, scene: Scene, building: Entity, within: Entity, level: Level, numbers: dict[tuple[int, Opening], str]
) -> None:
    storey = add_storey(model, building, within, level)
    ground, top = level is scene.levels[0], level is scene.levels[-1]
    held = add_walls(model, storey, level.walls, partial(_mark, numbers, level))
    held += add_slabs(
        model,
        storey,
        level.slab,
        level.slab_thickness,
        0.0,
        "BASESLAB" if ground else "FLOOR",
        "Ground slab" if ground else "Floor slab",
    )
    if level.stair:
        held.append(add_stair(model, storey, level.stair))
    if ground:
        held += add_plinth(model, storey, scene.plinth, -level.elevation, -level.slab_thickness)
        held += add_steps(model, storey, scene.steps, level.elevation)
    if top:
        above = scene.roof.level - level.elevation
        held += add_roof(model, storey, scene.roof, above)
        held += add_walls(model, storey, scene.roof.parapets, lambda _: None, above)
    held += add_posts(model, storey, level.posts, level.elevation)
    rooms = {space.name: add_space(model, storey, space, level.ceiling, f"{n}") for n, space in enumerate(level.spaces)}
    for number, piece in enumerate(level.furniture):
        thing = add_piece(model, storey, piece, f"{storey.path}/{number}")
        model.relate("IfcRelContainedInSpatialStructure", rooms.get(piece.room, storey.entity), thing)
    model.relate("IfcRelContainedInSpatialStructure", storey.entity, *held)


def _mark(numbers: dict[tuple[int, Opening], str], level: Level, opening: Opening) -> str | None:
    return numbers.get((level.number, opening))
