"""Furniture, fittings and appliances, of which those that are alike share a type and its shape."""

from math import cos, radians, sin

from housebrain.drawing.elements import Piece
from housebrain.drawing.furnishing import blocks
from housebrain.drawing.ifc.model import Entity, Model, label
from housebrain.drawing.ifc.storeys import Storey

_OWN = "USERDEFINED"
# What IFC calls each kind. The rest is furniture that it has no word for.
_CLASSES = {
    "armchair": ("IfcFurniture", "CHAIR"),
    "basin": ("IfcSanitaryTerminal", "WASHHANDBASIN"),
    "bed": ("IfcFurniture", "BED"),
    "chair": ("IfcFurniture", "CHAIR"),
    "desk": ("IfcFurniture", "DESK"),
    "fridge": ("IfcElectricAppliance", "REFRIGERATOR"),
    "shelf": ("IfcFurniture", "SHELF"),
    "shower": ("IfcSanitaryTerminal", "SHOWER"),
    "sink": ("IfcSanitaryTerminal", "SINK"),
    "sofa": ("IfcFurniture", "SOFA"),
    "stove": ("IfcElectricAppliance", "ELECTRICCOOKER"),
    "table": ("IfcFurniture", "TABLE"),
    "toilet": ("IfcSanitaryTerminal", "TOILETPAN"),
    "tub": ("IfcSanitaryTerminal", "BATH"),
    "washer": ("IfcElectricAppliance", "WASHINGMACHINE"),
}


def add_piece(model: Model, storey: Storey, piece: Piece, path: str) -> Entity:
    """Writes a piece; `path` names it in the house."""
    family, predefined = _CLASSES.get(piece.kind, ("IfcFurniture", _OWN))
    name = label(piece.kind.replace("_", " ").capitalize())
    own = model.shared(
        "piece",
        piece.kind,
        piece.width,
        piece.depth,
        piece.height,
        make=lambda: _type(model, family, predefined, name, piece),
    )
    turn = radians(piece.angle)
    thing = model.root(
        family,
        path,
        name,
        ObjectType=name if predefined == _OWN else None,
        ObjectPlacement=model.placement(storey.placement, (piece.x, piece.y, 0.0), (cos(turn), sin(turn), 0.0)),
        Representation=model.copy(own.RepresentationMaps[0]),
        PredefinedType=predefined,
    )
    model.relate("IfcRelDefinesByType", own, thing)
    return thing


def _type(model: Model, family: str, predefined: str, name: str, piece: Piece) -> Entity:
    x, y = piece.width / 2, piece.depth / 2
    solids = [
        model.coloured(model.box((x1 - x, y1 - y, z1), (x2 - x, y2 - y, z2)), kind)
        for kind, x1, x2, y1, y2, z1, z2 in blocks(piece)
        if x2 > x1 and y2 > y1 and z2 > z1
    ]
    size = " x ".join(f"{feet * 304.8:.0f}" for feet in (piece.width, piece.depth, piece.height))
    return model.root(
        f"{family}Type",
        f"{name} {size}",
        f"{name} {size} mm",
        RepresentationMaps=[model.mapped(model.body(solids))],
        ElementType=name if predefined == _OWN else None,
        PredefinedType=predefined,
        **({"AssemblyPlace": "NOTDEFINED"} if family == "IfcFurniture" else {}),
    )
