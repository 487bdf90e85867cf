"""The roof: a slab with parapets, or slopes that are slabs of their own over it, with gables and soffits."""

from math import acos, sqrt

from shapely import Polygon

from housebrain.drawing.elements import Face, Point, Point3, Roof
from housebrain.drawing.ifc.model import Entity, Model
from housebrain.drawing.ifc.storeys import Storey, add_slabs
from housebrain.drawing.regions import joined, polygon, regions

SLOPE_FT = 0.5  # what a slope is thick, measured upright
GABLE_FT = 0.25
SOFFIT_FT = 0.1
_PREDEFINED = {"flat": "FLAT_ROOF", "gable": "GABLE_ROOF", "hip": "HIP_ROOF"}


def add_roof(model: Model, storey: Storey, roof: Roof, level: float) -> list[Entity]:
    """Writes all of a roof but parapets.

    Args:
        model: that it is written into.
        storey: the top one.
        roof: of the scene.
        level: z of its slab's upper face above the storey.

    Returns:
        What the storey holds now besides; nothing where all is open to the sky.
    """
    if not roof.slab:
        return []
    whole = model.root(
        "IfcRoof",
        "roof",
        "Roof",
        ObjectPlacement=model.placement(storey.placement),
        PredefinedType=_PREDEFINED[roof.kind],
    )
    model.properties(whole, "Pset_RoofCommon", Reference=f"{roof.kind.capitalize()} roof", IsExternal=True)
    flat = roof.kind == "flat"
    slabs = add_slabs(
        model,
        storey,
        roof.slab,
        roof.slab_thickness,
        level,
        "ROOF" if flat else "FLOOR",
        "Roof slab" if flat else "Slab under the roof",
    )
    covered = sum(polygon(region).area for region in roof.slab)
    if flat:
        model.relate("IfcRelAggregates", whole, *slabs)
        model.quantities(
            whole, "Qto_RoofBaseQuantities", {}, {"GrossArea": covered, "NetArea": covered, "ProjectedArea": covered}
        )
        return [whole]
    slopes = [(number, face, _normal(face)) for number, face in enumerate(roof.faces)]
    sloped = projected = 0.0
    for number, face, normal in slopes:
        x, y, z = face.corners[0]
        at = model.placement(storey.placement, (x, y, z - roof.level + level))
        if normal[2] > 1e-6:
            plan = Polygon([corner[:2] for corner in face.corners]).area
            sloped, projected = sloped + plan / normal[2], projected + plan
            model.relate("IfcRelAggregates", whole, _slope(model, f"{number}", at, face, normal, roof.material))
        else:
            model.relate("IfcRelAggregates", whole, _gable(model, f"{number}", at, face, normal))
    model.quantities(
        whole, "Qto_RoofBaseQuantities", {}, {"GrossArea": sloped, "NetArea": sloped, "ProjectedArea": projected}
    )
    return [whole, *slabs, *_soffits(model, storey, roof, level)]


def _normal(face: Face) -> Point3:
    """What a flat face looks towards (Newell)."""
    x = y = z = 0.0
    for (x1, y1, z1), (x2, y2, z2) in zip(face.corners, face.corners[1:] + face.corners[:1], strict=True):
        x += (y1 - y2) * (z1 + z2)
        y += (z1 - z2) * (x1 + x2)
        z += (x1 - x2) * (y1 + y2)
    length = sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


def _cross(a: Point3, b: Point3) -> Point3:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Point3, b: Point3) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _in_plane(face: Face, x: Point3, y: Point3) -> list[Point]:
    origin = face.corners[0]
    moved = [(cx - origin[0], cy - origin[1], cz - origin[2]) for cx, cy, cz in face.corners]
    return [(_dot(corner, x), _dot(corner, y)) for corner in moved]


def _slope(model: Model, path: str, at: Entity, face: Face, normal: Point3, material: str) -> Entity:
    flat = sqrt(normal[0] ** 2 + normal[1] ** 2)
    x = (-normal[1] / flat, normal[0] / flat, 0.0)
    y = _cross(normal, x)
    frame = model.axes((0.0, 0.0, 0.0), x, normal)
    # Extruded upright, so that slopes meet without gaps over hips, valleys and ridges.
    solid = model.prism(_in_plane(face, x, y), 0.0, SLOPE_FT, frame=frame, direction=(0.0, y[2], normal[2]))
    thing = model.root(
        "IfcSlab",
        f"roof/{path}",
        "Slope",
        ObjectPlacement=at,
        Representation=model.shape(model.body([model.coloured(solid, "roof")])),
        PredefinedType="ROOF",
    )
    area = Polygon(_in_plane(face, x, y)).area
    model.properties(
        thing,
        "Pset_SlabCommon",
        Reference="Slope",
        IsExternal=True,
        LoadBearing=True,
        PitchAngle=round(acos(normal[2]), 6),
    )
    model.quantities(
        thing,
        "Qto_SlabBaseQuantities",
        {"Width": SLOPE_FT * normal[2]},
        {"GrossArea": area, "NetArea": area},
        {"GrossVolume": area * SLOPE_FT * normal[2], "NetVolume": area * SLOPE_FT * normal[2]},
    )
    layers = model.shared("slope", make=lambda: model.layers("Slope", [(material, SLOPE_FT * normal[2])]))
    model.relate("IfcRelAssociatesMaterial", layers, thing)
    return thing


def _gable(model: Model, path: str, at: Entity, face: Face, normal: Point3) -> Entity:
    """An upright end of the roof, as thick inwards."""
    x = (normal[1], -normal[0], 0.0)
    outline = _in_plane(face, x, (0.0, 0.0, 1.0))
    inwards = (-normal[0], -normal[1], 0.0)
    solid = model.prism(outline, 0.0, GABLE_FT, frame=model.axes((0.0, 0.0, 0.0), x, inwards))
    thing = model.root(
        "IfcWall",
        f"roof/{path}",
        "Gable",
        ObjectPlacement=at,
        Representation=model.shape(model.body([model.coloured(solid, "wall")])),
        PredefinedType="POLYGONAL",
    )
    area = Polygon(outline).area
    model.properties(
        thing, "Pset_WallCommon", Reference="Gable", IsExternal=True, LoadBearing=False, ExtendToStructure=True
    )
    model.quantities(
        thing,
        "Qto_WallBaseQuantities",
        {"Width": GABLE_FT},
        {"GrossSideArea": area, "NetSideArea": area},
        {"GrossVolume": area * GABLE_FT, "NetVolume": area * GABLE_FT},
    )
    model.relate("IfcRelAssociatesMaterial", model.material(model.materials["exterior"]), thing)
    return thing


def _soffits(model: Model, storey: Storey, roof: Roof, level: float) -> list[Entity]:
    """What closes the eaves from below, around the slab."""
    around = joined(body.base for body in roof.bodies).difference(joined(region.outline for region in roof.slab))
    found = []
    for number, region in enumerate(regions(around)):
        solid = model.prism(region.outline, level - SOFFIT_FT, level, region.holes)
        thing = model.root(
            "IfcCovering",
            f"soffit/{number}",
            "Soffit",
            ObjectPlacement=model.placement(storey.placement),
            Representation=model.shape(model.body([model.coloured(solid, "frame")])),
            PredefinedType="CLADDING",
        )
        model.properties(thing, "Pset_CoveringCommon", Reference="Soffit", IsExternal=True)
        area = polygon(region).area
        model.quantities(
            thing, "Qto_CoveringBaseQuantities", {"Width": SOFFIT_FT}, {"GrossArea": area, "NetArea": area}
        )
        model.relate("IfcRelAssociatesMaterial", model.material("Soffit board"), thing)
        found.append(thing)
    return found
