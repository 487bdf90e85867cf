"""What every part of an IFC4 model is written with. It knows IFC and nothing of houses.

Callers count in feet; the file is in metres. Ids follow from a seed, so that the same design gives the same bytes.
"""

import math
import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import ifcopenshell
import ifcopenshell.guid

from housebrain.drawing.elements import Point, Point3
from housebrain.drawing.surfaces import Kind, Surface
from housebrain.house.units import FT_PER_M

Entity: TypeAlias = Any  # of ifcopenshell, which makes the attributes of each kind at run time
Ring = Sequence[Point]

_IDS = uuid.UUID("5b0a7d1e-6c1f-5e0a-9a55-3f0d6b1c7e42")
_DIGITS = 6  # of a metre that are written
_LABEL = 255  # characters that an IfcLabel holds at most
_UNITS = (
    ("LENGTHUNIT", "METRE"),
    ("AREAUNIT", "SQUARE_METRE"),
    ("VOLUMEUNIT", "CUBIC_METRE"),
    ("PLANEANGLEUNIT", "RADIAN"),
)
# Of the property sets of buildingSMART, by name.
_MEASURES = {
    "AboveGround": "IfcLogical",
    "BuildableArea": "IfcAreaMeasure",
    "EntranceLevel": "IfcBoolean",
    "ExtendToStructure": "IfcBoolean",
    "FireExit": "IfcBoolean",
    "FloorAreaRatio": "IfcPositiveRatioMeasure",
    "GlazingAreaFraction": "IfcPositiveRatioMeasure",
    "GrossPlannedArea": "IfcAreaMeasure",
    "Height": "IfcPositiveLengthMeasure",
    "IsExternal": "IfcBoolean",
    "LoadBearing": "IfcBoolean",
    "NetPlannedArea": "IfcAreaMeasure",
    "NumberOfRiser": "IfcCountMeasure",
    "NumberOfStoreys": "IfcInteger",
    "NumberOfTreads": "IfcCountMeasure",
    "OccupancyType": "IfcLabel",
    "PitchAngle": "IfcPlaneAngleMeasure",
    "PubliclyAccessible": "IfcBoolean",
    "Reference": "IfcIdentifier",
    "RiserHeight": "IfcPositiveLengthMeasure",
    "SiteCoverageRatio": "IfcPositiveRatioMeasure",
    "TotalArea": "IfcAreaMeasure",
    "TreadLength": "IfcPositiveLengthMeasure",
}
_POWER = {"IfcPositiveLengthMeasure": 1, "IfcAreaMeasure": 2}
# Relationships of one thing with many: what each calls the one and the many.
RELATIONS = {
    "IfcRelAggregates": ("RelatingObject", "RelatedObjects"),
    "IfcRelAssociatesMaterial": ("RelatingMaterial", "RelatedObjects"),
    "IfcRelContainedInSpatialStructure": ("RelatingStructure", "RelatedElements"),
    "IfcRelDefinesByProperties": ("RelatingPropertyDefinition", "RelatedObjects"),
    "IfcRelDefinesByType": ("RelatingType", "RelatedObjects"),
}


def label(text: str) -> str:
    """The text as an IfcLabel can hold it: no control characters, not too long."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    return kept.strip()[:_LABEL]


def metres(feet: float, power: int = 1) -> float:
    """Feet, square feet (`power` 2) or cubic feet (3) in metres."""
    return round(feet / FT_PER_M**power, _DIGITS) + 0.0


class Model:
    """An IFC4 file under construction.

    Args:
        seed: what all ids follow from.
        materials: what a design says of its parts, by part.
        surfaces: how materials look, by kind.
        north: the direction of north in plan, in degrees clockwise from y.
    """

    def __init__(self, seed: str, materials: Mapping[str, str], surfaces: Mapping[Kind, Surface], north: float) -> None:
        self.file = ifcopenshell.file(schema="IFC4")
        self.materials = materials
        self._seed = uuid.uuid5(_IDS, seed)
        self._points: dict[tuple[float, ...], Entity] = {}
        self._directions: dict[tuple[float, ...], Entity] = {}
        self._times: Counter[str] = Counter()
        self._shared: dict[tuple[Any, ...], Entity] = {}
        self._related: dict[tuple[str, int], tuple[Entity, list[Entity]]] = {}
        self._styles = {kind: self._style(kind, surface) for kind, surface in surfaces.items()}
        self.units = self.add(
            "IfcUnitAssignment", [self.add("IfcSIUnit", None, kind, None, name) for kind, name in _UNITS]
        )
        angle = math.radians(north)
        world = self.axes((0.0, 0.0, 0.0))
        self.context = self.add(
            "IfcGeometricRepresentationContext",
            None,
            "Model",
            3,
            1e-5,
            world,
            self.direction(math.sin(angle), math.cos(angle)),
        )
        self._body, self._axis, self._plan = (
            self.file.create_entity(
                "IfcGeometricRepresentationSubContext",
                ContextIdentifier=name,
                ContextType="Model",
                ParentContext=self.context,
                TargetView=view,
            )
            for name, view in (("Body", "MODEL_VIEW"), ("Axis", "GRAPH_VIEW"), ("FootPrint", "PLAN_VIEW"))
        )
        self._unmoved = self.add(
            "IfcCartesianTransformationOperator3D", None, None, self.point(0.0, 0.0, 0.0), None, None
        )

    # Entities

    def add(self, kind: str, *values: Any) -> Entity:
        """Adds an entity, given all its values in order."""
        return self.file.create_entity(kind, *values)

    def root(self, kind: str, path: str, name: str | None = None, **values: Any) -> Entity:
        """Adds an entity that has an id, which follows from `path`, its place among those of its kind."""
        return self.file.create_entity(kind, GlobalId=self._id(f"{kind}/{path}"), Name=name and label(name), **values)

    def _id(self, path: str) -> str:
        self._times[path] += 1
        if self._times[path] > 1:
            # Two types of sizes that differ by less than their names say, for one.
            path = f"{path} ({self._times[path]})"
        return str(ifcopenshell.guid.compress(uuid.uuid5(self._seed, path).hex))

    # Places and shapes

    def point(self, *feet: float) -> Entity:
        key = tuple(metres(value) for value in feet)
        if key not in self._points:
            self._points[key] = self.add("IfcCartesianPoint", key)
        return self._points[key]

    def direction(self, *parts: float) -> Entity:
        key = tuple(round(part, 9) + 0.0 for part in parts)
        if key not in self._directions:
            self._directions[key] = self.add("IfcDirection", key)
        return self._directions[key]

    def axes(self, at: Point3, x: Point3 = (1.0, 0.0, 0.0), z: Point3 = (0.0, 0.0, 1.0)) -> Entity:
        """A frame at a point, with its own directions of x and z."""
        return self.add("IfcAxis2Placement3D", self.point(*at), self.direction(*z), self.direction(*x))

    def placement(self, within: Entity | None, at: Point3 = (0.0, 0.0, 0.0), x: Point3 = (1.0, 0.0, 0.0)) -> Entity:
        return self.add("IfcLocalPlacement", within, self.axes(at, x))

    def line(self, points: Iterable[tuple[float, ...]]) -> Entity:
        return self.add("IfcPolyline", [self.point(*point) for point in points])

    def prism(
        self,
        outline: Ring,
        bottom: float,
        top: float,
        holes: Sequence[Ring] = (),
        frame: Entity | None = None,
        direction: Point3 = (0.0, 0.0, 1.0),
    ) -> Entity:
        """What stands on an outline, from `bottom` to `top`; in a frame of its own if one is given."""
        outer = self.line((*outline, outline[0]))
        if holes:
            inner = [self.line((*hole, hole[0])) for hole in holes]
            profile = self.add("IfcArbitraryProfileDefWithVoids", "AREA", None, outer, inner)
        else:
            profile = self.add("IfcArbitraryClosedProfileDef", "AREA", None, outer)
        at = frame or self.axes((0.0, 0.0, bottom))
        return self.add("IfcExtrudedAreaSolid", profile, at, self.direction(*direction), metres(top - bottom))

    def box(self, low: Point3, high: Point3) -> Entity:
        """A box between two corners."""
        w, d, h = (b - a for a, b in zip(low, high, strict=True))
        profile = self.add("IfcRectangleProfileDef", "AREA", None, None, metres(w), metres(d))
        at = self.axes((low[0] + w / 2, low[1] + d / 2, low[2]))
        return self.add("IfcExtrudedAreaSolid", profile, at, self.direction(0.0, 0.0, 1.0), metres(h))

    def coloured(self, item: Entity, kind: Kind) -> Entity:
        """Gives a solid the look of a kind of material."""
        self.add("IfcStyledItem", item, [self._styles[kind]], None)
        return item

    def body(self, items: Sequence[Entity]) -> Entity:
        """The representation that some solids make."""
        return self.add("IfcShapeRepresentation", self._body, "Body", "SweptSolid", items)

    def axis(self, length: float) -> Entity:
        """The representation of a wall by its axis, from its own origin along x."""
        return self.add(
            "IfcShapeRepresentation", self._axis, "Axis", "Curve2D", [self.line([(0.0, 0.0), (length, 0.0)])]
        )

    def footprint(self, lines: Sequence[Sequence[tuple[float, ...]]]) -> Entity:
        """The representation of something by lines in plan."""
        curves = self.add("IfcGeometricCurveSet", [self.line(points) for points in lines])
        return self.add("IfcShapeRepresentation", self._plan, "FootPrint", "GeometricCurveSet", [curves])

    def shape(self, *representations: Entity) -> Entity:
        return self.add("IfcProductDefinitionShape", None, None, representations)

    def mapped(self, body: Entity) -> Entity:
        """What types share with all that are of them, given a body."""
        return self.add("IfcRepresentationMap", self.axes((0.0, 0.0, 0.0)), body)

    def copy(self, source: Entity) -> Entity:
        """The shape of one that is of a type, given what `mapped` returned."""
        item = self.add("IfcMappedItem", source, self._unmoved)
        return self.shape(self.add("IfcShapeRepresentation", self._body, "Body", "MappedRepresentation", [item]))

    def _style(self, kind: Kind, surface: Surface) -> Entity:
        colour = self.add("IfcColourRgb", None, *(round(part, 4) for part in surface.srgb))
        shading = self.file.create_entity(
            "IfcSurfaceStyleRendering",
            SurfaceColour=colour,
            Transparency=round(1 - surface.opacity, 4),
            ReflectanceMethod="NOTDEFINED",
        )
        return self.add("IfcSurfaceStyle", kind, "BOTH", [shading])

    # What is known of things

    def shared(self, *key: Any, make: Callable[[], Entity]) -> Entity:
        """What many things share: made when first asked for."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def relate(self, kind: str, one: Entity, *things: Entity) -> None:
        """Puts things into the one relationship of a kind that something has: see `RELATIONS`."""
        if things:
            self._related.setdefault((kind, one.id()), (one, []))[1].extend(things)

    def properties(self, thing: Entity, name: str, **values: Any) -> None:
        """A property set. Lengths are feet, areas square feet, angles radians."""
        own = self.shared(name, *values.items(), make=lambda: self._property_set(name, values))
        self.relate("IfcRelDefinesByProperties", own, thing)

    def _property_set(self, name: str, values: Mapping[str, Any]) -> Entity:
        written = [
            self.add("IfcPropertySingleValue", key, None, self._measured(key, value), None)
            for key, value in values.items()
        ]
        return self.root("IfcPropertySet", f"{name}{values}", name, HasProperties=written)

    def _measured(self, key: str, value: Any) -> Entity:
        measure = _MEASURES[key]
        if power := _POWER.get(measure):
            return self.add(measure, metres(value, power))
        return self.add(measure, label(value) if isinstance(value, str) else value)

    def quantities(
        self,
        thing: Entity,
        name: str,
        lengths: Mapping[str, float],
        areas: Mapping[str, float],
        volumes: Mapping[str, float] | None = None,
    ) -> None:
        """A set of base quantities, given in feet, square feet and cubic feet."""
        written = [
            self.add(f"IfcQuantity{measure}", key, None, None, metres(value, power), None)
            for power, (measure, given) in enumerate(
                (("Length", lengths), ("Area", areas), ("Volume", volumes or {})), 1
            )
            for key, value in given.items()
        ]
        own = self.root("IfcElementQuantity", f"{name}/{thing.GlobalId}", name, Quantities=written)
        self.relate("IfcRelDefinesByProperties", own, thing)

    def material(self, name: str) -> Entity:
        """The material of a name, one for all that are made of it."""
        known = label(name) or "Unnamed"
        return self.shared("material", known, make=lambda: self.add("IfcMaterial", known, None, None))

    def layers(self, name: str, layers: Sequence[tuple[str, float]]) -> Entity:
        """Layers of materials, each with its thickness."""
        made = [
            self.add("IfcMaterialLayer", self.material(material), metres(thickness), None, None, None, None, None)
            for material, thickness in layers
        ]
        return self.add("IfcMaterialLayerSet", made, label(name), None)

    # The file

    def finish(self) -> bytes:
        """Writes what is shared by many things, and returns the file."""
        for number, ((kind, _), (one, things)) in enumerate(self._related.items()):
            relating, related = RELATIONS[kind]
            self.root(kind, f"{number}", **{relating: one, related: things})
        header = self.file.header
        header.file_description.description = ("ViewDefinition[DesignTransferView_V1.0]",)
        header.file_name.name = "house.ifc"
        # The same design gives the same bytes, whenever it is written.
        header.file_name.time_stamp = "2000-01-01T00:00:00"
        header.file_name.author = ("",)
        header.file_name.organization = ("",)
        header.file_name.preprocessor_version = f"IfcOpenShell {ifcopenshell.version}"
        header.file_name.originating_system = "HouseBrain"
        header.file_name.authorization = ""
        return str(self.file.to_string()).encode()
