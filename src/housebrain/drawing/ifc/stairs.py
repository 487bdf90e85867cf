"""Stairs from a storey to the next: flights, winders and landings that make one stair."""

from itertools import groupby

from housebrain.drawing.elements import Point, Stair, Step
from housebrain.drawing.ifc.model import Entity, Model, metres
from housebrain.drawing.ifc.storeys import Storey

WAIST_FT = 0.5  # below the inner corners of the steps, measured upright
_NAMES = {"STRAIGHT": "Flight", "WINDER": "Winders", "LANDING": "Landing"}
_MATERIAL = "Reinforced concrete"


def add_stair(model: Model, storey: Storey, stair: Stair) -> Entity:
    """Writes the stair up from a storey."""
    parts = [(kind, list(steps)) for kind, steps in groupby(stair.steps, _kind)]
    winding = any(kind == "WINDER" for kind, _ in parts)
    thing = model.root(
        "IfcStair",
        f"{storey.path}/up",
        "Stair",
        ObjectPlacement=model.placement(storey.placement),
        PredefinedType="HALF_WINDING_STAIR" if winding else "HALF_TURN_STAIR",
    )
    model.properties(
        thing,
        "Pset_StairCommon",
        Reference="Stair",
        NumberOfRiser=stair.risers,
        NumberOfTreads=stair.risers - 1,
        RiserHeight=stair.rise / stair.risers,
        TreadLength=_tread(stair, stair.steps[0]),
        IsExternal=False,
    )
    model.relate("IfcRelAssociatesMaterial", model.material(_MATERIAL), thing)
    for number, (kind, steps) in enumerate(parts):
        part = _part(model, storey, f"{storey.path}/{number}", kind, steps, stair)
        model.relate("IfcRelAggregates", thing, part)
    return thing


def _kind(step: Step) -> str:
    if step.landing:
        return "LANDING"
    xs, ys = ({round(corner[axis], 6) for corner in step.outline} for axis in (0, 1))
    return "STRAIGHT" if len(step.outline) == 4 and len(xs) == len(ys) == 2 else "WINDER"


def _part(model: Model, storey: Storey, path: str, kind: str, steps: list[Step], stair: Stair) -> Entity:
    riser = stair.rise / stair.risers
    if kind == "STRAIGHT":
        solids = [_flight(model, steps, stair, riser)]
    else:
        below = WAIST_FT + (0.0 if kind == "LANDING" else riser)
        solids = [
            model.prism(step.outline, max(0.0, step.top - below - stair.base), step.top - stair.base) for step in steps
        ]
    shape = model.shape(model.body([model.coloured(solid, "stairs") for solid in solids]))
    at = model.placement(storey.placement)
    if kind == "LANDING":
        thing = model.root(
            "IfcSlab", f"{path}/landing", "Landing", ObjectPlacement=at, Representation=shape, PredefinedType=kind
        )
        model.properties(
            thing, "Pset_SlabCommon", Reference="Landing", IsExternal=False, LoadBearing=True, PitchAngle=0.0
        )
    else:
        # The last riser of a stair ends on the floor above.
        risers = len(steps) + (1 if steps[-1] is stair.steps[-1] else 0)
        tread = _tread(stair, steps[0])
        thing = model.root(
            "IfcStairFlight",
            path,
            _NAMES[kind],
            ObjectPlacement=at,
            Representation=shape,
            NumberOfRisers=risers,
            NumberOfTreads=len(steps),
            RiserHeight=metres(riser),
            TreadLength=metres(tread),
            PredefinedType=kind,
        )
        model.properties(
            thing,
            "Pset_StairFlightCommon",
            Reference=_NAMES[kind],
            NumberOfRiser=risers,
            NumberOfTreads=len(steps),
            RiserHeight=riser,
            TreadLength=tread,
        )
    model.relate("IfcRelAssociatesMaterial", model.material(_MATERIAL), thing)
    return thing


def _tread(stair: Stair, step: Step) -> float:
    """How far a step goes along the flights."""
    axis = 0 if stair.path[0][1] == stair.path[1][1] else 1
    along = [corner[axis] for corner in step.outline]
    return max(along) - min(along)


def _flight(model: Model, steps: list[Step], stair: Stair, riser: float) -> Entity:
    """A straight flight: its side, extruded over its width. Below, it is as steep as the steps."""
    (x1, y1), (x2, y2) = stair.path[:2] if steps[0] is stair.steps[0] else stair.path[2:4]
    length = abs(x2 - x1) + abs(y2 - y1)
    up = ((x2 - x1) / length, (y2 - y1) / length)
    across = (up[1], -up[0])  # to the right of who walks up

    def at(corner: Point, way: Point) -> float:
        return corner[0] * way[0] + corner[1] * way[1]

    corners = [corner for step in steps for corner in step.outline]
    start, side = min(at(corner, up) for corner in corners), min(at(corner, across) for corner in corners)
    width = max(at(corner, across) for corner in corners) - side
    tread = _tread(stair, steps[0])
    foot = steps[0].top - riser - stair.base
    outline: list[Point] = []
    for number, _ in enumerate(steps):
        z = foot + (number + 1) * riser
        outline += [(number * tread, z), ((number + 1) * tread, z)]
    end = len(steps) * tread
    slope = riser / tread
    outline.append((end, foot + end * slope - WAIST_FT))
    # On the ground, or on a floor, it stands on a piece of it.
    outline += [(WAIST_FT / slope, foot), (0.0, foot)] if foot <= 0 else [(0.0, foot - WAIST_FT)]
    corner = (start * up[0] + side * across[0], start * up[1] + side * across[1], 0.0)
    frame = model.axes(corner, (*up, 0.0), (*across, 0.0))
    return model.prism(outline, 0.0, width, frame=frame)
