"""Doors, windows and gates, of which those that are alike share a type and its shape."""

from math import ceil

from housebrain.drawing.elements import Opening, Wall
from housebrain.drawing.ifc.model import Entity, Model, metres
from housebrain.house.design import OUTSIDE

FRAME_FT, DEPTH_FT = 0.2, 0.3  # of a frame, as seen from the front and across the wall
LEAF_FT, GLASS_FT = 0.15, 0.06
PANE_FT = 3.0  # a wider window is divided
_PANES = {1: "SINGLE_PANEL", 2: "DOUBLE_PANEL_VERTICAL", 3: "TRIPLE_PANEL_VERTICAL"}
_NAMES = {"door": "Door", "glazed": "Glazed door", "gate": "Garage door", "window": "Window"}


def add_filling(model: Model, path: str, mark: str, hole: Entity, wall: Wall, opening: Opening) -> Entity:
    """Writes the door or window that stands in an opening which is no mere way.

    Args:
        model: that it is written into.
        path: names the opening.
        mark: on the drawings.
        hole: the placement of the opening, whose x runs along the wall and whose z is 0 at its sill.
        wall: around it.
        opening: in the wall.
    """
    height = opening.head - opening.sill
    panes = max(1, len(opening.leaves) if opening.kind == "glazed" else ceil(opening.width / PANE_FT))
    if opening.kind == "window":
        turned, operation = False, _PANES.get(panes, "NOTDEFINED")
        family, attribute = "Window", "PartitioningType"
    else:
        turned, operation = _swing(wall, opening)
        family, attribute = "Door", "OperationType"
    own = model.shared(
        opening.kind,
        opening.width,
        height,
        operation,
        make=lambda: _type(model, family, {attribute: operation}, opening, height, panes),
    )
    thing = model.root(
        f"Ifc{family}",
        path,
        f"{_NAMES[opening.kind]} {mark}",
        ObjectPlacement=model.placement(
            hole, (opening.width if turned else 0.0, 0.0, 0.0), (-1.0 if turned else 1.0, 0.0, 0.0)
        ),
        Representation=model.copy(own.RepresentationMaps[0]),
        Tag=mark,
        OverallHeight=metres(height),
        OverallWidth=metres(opening.width),
        PredefinedType=family.upper(),
        **{attribute: operation},
    )
    model.relate("IfcRelDefinesByType", own, thing)
    external = wall.kind != "inner"
    glass = {"door": 0.0, "gate": 0.0}.get(opening.kind, 0.8)
    model.properties(
        thing,
        f"Pset_{family}Common",
        Reference=own.Name,
        IsExternal=external,
        **({"GlazingAreaFraction": glass} if glass else {}),
        **({"FireExit": OUTSIDE in opening.rooms} if family == "Door" else {}),
    )
    model.quantities(
        thing,
        f"Qto_{family}BaseQuantities",
        {"Width": opening.width, "Height": height, "Perimeter": 2 * (opening.width + height)},
        {"Area": opening.width * height},
    )
    return thing


def _swing(wall: Wall, door: Opening) -> tuple[bool, str]:
    """Whether a door's x runs against the wall's, so that it opens towards its own y, and how it is opened.

    IFC calls a leaf left when its hinges are on the left as one looks along the door's y.
    """
    if not door.leaves:
        return False, "ROLLINGUP"
    leaf = door.leaves[0]
    across = leaf.opened[1] - leaf.hinge[1] if wall.along == "x" else leaf.hinge[0] - leaf.opened[0]
    turned = across < 0
    if len(door.leaves) > 1:
        return turned, "DOUBLE_DOOR_SINGLE_SWING"
    at_start = leaf.hinge == door.start
    return turned, "SINGLE_SWING_LEFT" if at_start != turned else "SINGLE_SWING_RIGHT"


def _type(model: Model, family: str, operation: dict[str, str], opening: Opening, height: float, panes: int) -> Entity:
    size = f"{opening.width * 304.8:.0f} x {height * 304.8:.0f} mm"
    name = f"{_NAMES[opening.kind]} {size}"
    body = model.body(_solids(model, opening, height, panes))
    own = model.root(
        f"Ifc{family}Type",
        f"{name} {operation}",
        name,
        RepresentationMaps=[model.mapped(body)],
        PredefinedType=family.upper(),
        **operation,
    )
    parts = {"window": ("Frame", "Glass"), "glazed": ("Frame", "Glass")}.get(opening.kind, ("Frame", "Leaf"))
    frame = model.materials["windows" if opening.kind == "window" else "doors"]
    constituents = [
        model.add(
            "IfcMaterialConstituent", part, None, model.material("Glass" if part == "Glass" else frame), None, None
        )
        for part in parts
    ]
    made_of = model.add("IfcMaterialConstituentSet", name, None, constituents)
    model.relate("IfcRelAssociatesMaterial", made_of, own)
    return own


def _solids(model: Model, opening: Opening, height: float, panes: int) -> list[Entity]:
    """What a filling is made of: x from 0 to its width, z from its sill, y 0 in the middle of its wall."""
    width = opening.width
    frame = min(FRAME_FT, width / (6 * panes), height / 6)
    sill = 0.0 if opening.kind in ("door", "gate") else frame
    half = DEPTH_FT / 2
    clear = (
        (width - 2 * frame - (panes - 1) * frame) / panes if opening.kind in ("window", "glazed") else width - 2 * frame
    )
    uprights = [0.0, width - frame]
    fields = [frame]
    if opening.kind in ("window", "glazed"):
        fields = [frame + number * (clear + frame) for number in range(panes)]
        uprights += [field - frame for field in fields[1:]]
    bars = [model.box((x, -half, 0.0), (x + frame, half, height)) for x in uprights]
    for x in fields:
        bars.append(model.box((x, -half, height - frame), (x + clear, half, height)))
        if sill:
            bars.append(model.box((x, -half, 0.0), (x + clear, half, sill)))
    glazed = opening.kind in ("window", "glazed")
    thick = GLASS_FT / 2 if glazed else LEAF_FT / 2
    leaves = [model.box((x, -thick, sill), (x + clear, thick, height - frame)) for x in fields]
    return [model.coloured(bar, "frame") for bar in bars] + [
        model.coloured(leaf, "glass" if glazed else "door") for leaf in leaves
    ]
