"""Tests for housebrain.drawing.ifc: models that hold to IFC4, and to the scene."""

from functools import cache
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element
import ifcopenshell.util.pset
import ifcopenshell.util.shape
import ifcopenshell.validate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Polygon, unary_union

from any_design import designs
from housebrain.drawing.elements import Level
from housebrain.drawing.ifc.house import ifc
from housebrain.drawing.ifc.model import label
from housebrain.drawing.names import level_name
from housebrain.drawing.regions import joined, polygon
from housebrain.drawing.scene import Scene, scene
from housebrain.house.design import Design
from housebrain.house.units import FT_PER_M, SQFT_PER_SQM
from houses import Solved, solved_houses

COUNT = 10
HOUSES = [pytest.param(number, id=house.record["id"]) for number, house in enumerate(solved_houses()[:COUNT])]


@cache
def drawn(number: int) -> Scene:
    house: Solved = solved_houses()[number]
    return scene(house.design, house.brief)


@cache
def model(number: int) -> Any:
    return ifcopenshell.file.from_string(ifc(drawn(number)).decode())


def faults(file: Any, express_rules: bool = False) -> list[str]:
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(file, logger, express_rules=express_rules)
    return [str(statement) for statement in logger.statements]


def quantities(thing: Any) -> dict[str, float]:
    sets = ifcopenshell.util.element.get_psets(thing, qtos_only=True)
    return {name: value for own in sets.values() for name, value in own.items()}


@pytest.mark.long
@pytest.mark.parametrize("number", HOUSES)
def test_models_are_valid(number: int) -> None:
    assert faults(model(number)) == []


@pytest.mark.long
@pytest.mark.parametrize("number", [0, 1])
def test_models_keep_the_rules_of_the_schema(number: int) -> None:
    assert faults(model(number), express_rules=True) == []


@pytest.mark.parametrize("number", HOUSES)
def test_storeys_stand_where_the_scene_has_them_and_hold_everything(number: int) -> None:
    storeys = model(number).by_type("IfcBuildingStorey")
    levels = drawn(number).levels
    assert [storey.Name for storey in storeys] == [level_name(level.number) for level in levels]
    assert [storey.Elevation * FT_PER_M for storey in storeys] == pytest.approx(
        [lv.elevation for lv in levels], abs=1e-4
    )
    for storey, level in zip(storeys, levels, strict=True):
        placement = storey.ObjectPlacement.RelativePlacement.Location.Coordinates
        assert placement == pytest.approx((0, 0, storey.Elevation))
        rooms = [thing for thing in ifcopenshell.util.element.get_parts(storey) if thing.is_a("IfcSpace")]
        assert [room.Name for room in rooms] == [space.name for space in level.spaces]
        for room, space in zip(rooms, level.spaces, strict=True):
            found = quantities(room)
            assert found["GrossFloorArea"] * SQFT_PER_SQM == pytest.approx(space.area_sqft, rel=1e-5)
            assert found["NetFloorArea"] <= found["GrossFloorArea"]
    for thing in model(number).by_type("IfcElement"):
        if not thing.is_a("IfcFeatureElement"):
            assert ifcopenshell.util.element.get_container(thing) is not None


@pytest.mark.parametrize("number", HOUSES)
def test_every_opening_is_in_a_wall_and_filled_unless_it_is_a_way(number: int) -> None:
    openings = [opening for level in drawn(number).levels for wall in level.walls for opening in wall.openings
                if wall.kind != "railing"]  # fmt: skip
    holes = [
        hole
        for hole in model(number).by_type("IfcOpeningElement")
        if hole.VoidsElements[0].RelatingBuildingElement.is_a("IfcWall")
    ]
    assert len(holes) == len(openings)
    filled = [hole.HasFillings[0].RelatedBuildingElement for hole in holes if hole.HasFillings]
    assert sum(thing.is_a("IfcWindow") for thing in filled) == sum(o.kind == "window" for o in openings)
    assert sum(thing.is_a("IfcDoor") for thing in filled) == sum(o.kind in ("door", "glazed", "gate") for o in openings)


def wall_volume(level: Level) -> float:
    """Of a scene's level, in cubic feet: what a plan cuts, and what is under windows and over doors."""
    walls = [wall for wall in level.walls if wall.kind in ("outer", "inner")]
    cut = unary_union([polygon(region) for region in level.cut])
    gone = joined(wall.outline for wall in walls).difference(cut)
    volume = cut.area * level.ceiling
    for wall in walls:
        for opening in wall.openings:
            left = level.ceiling - (opening.head - opening.sill)
            hole = Polygon(wall.hole(opening))
            volume += gone.intersection(hole).area * left
            gone = gone.difference(hole)  # where two ways meet
    return float(volume)


@pytest.mark.parametrize("number", HOUSES)
def test_walls_have_the_volume_that_the_scene_gives_them(number: int) -> None:
    for storey, level in zip(model(number).by_type("IfcBuildingStorey"), drawn(number).levels, strict=True):
        walls = [
            thing
            for thing in ifcopenshell.util.element.get_contained(storey)
            if thing.is_a("IfcWall") and thing.PredefinedType in ("SOLIDWALL", "PARTITIONING")
        ]
        volume = sum(quantities(wall)["NetVolume"] for wall in walls) * FT_PER_M**3
        assert volume == pytest.approx(wall_volume(level), rel=1e-3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_everything_makes_a_shape_of_the_volume_that_is_written_of_it(number: int) -> None:
    shaped = 0
    for thing in model(number).by_type("IfcProduct"):
        if not thing.Representation or thing.is_a("IfcSite"):
            continue
        shape = ifcopenshell.geom.create_shape(ifcopenshell.geom.settings(), thing)
        volume = ifcopenshell.util.shape.get_volume(shape.geometry)
        assert volume > 0
        written = quantities(thing)
        if "NetVolume" in written:
            assert volume == pytest.approx(written["NetVolume"], rel=2e-3)
        shaped += 1
    assert shaped > 30


def test_sets_have_the_properties_and_quantities_that_the_standard_names() -> None:
    templates = ifcopenshell.util.pset.get_template("IFC4")
    for number in range(COUNT):
        for own in model(number).by_type("IfcPropertySetDefinition"):
            template = templates.get_by_name(own.Name)
            assert template is not None, own.Name
            known = {one.Name: one for one in template.HasPropertyTemplates}
            for one in own.HasProperties if own.is_a("IfcPropertySet") else own.Quantities:
                assert one.Name in known, (own.Name, one.Name)
                if own.is_a("IfcPropertySet"):
                    assert one.NominalValue.is_a() == known[one.Name].PrimaryMeasureType, (own.Name, one.Name)


def test_equal_scenes_make_equal_bytes_and_others_other_ids() -> None:
    assert ifc(drawn(0)) == ifc(drawn(0))
    ids = [{thing.GlobalId for thing in model(number).by_type("IfcRoot")} for number in (0, 1)]
    assert not ids[0] & ids[1]
    assert len(ids[0]) == len(model(0).by_type("IfcRoot"))


@pytest.mark.long
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs())
def test_any_design_makes_a_valid_model(design: Design) -> None:
    file = ifcopenshell.file.from_string(ifc(scene(design)).decode())
    assert faults(file) == []
    names = [room.name for level in design.levels for room in level.rooms]
    assert [space.Name or "" for space in file.by_type("IfcSpace")] == [label(name) for name in names]


@given(st.text(max_size=400))
def test_any_text_is_read_back(text: str) -> None:
    file = ifcopenshell.file(schema="IFC4")
    file.create_entity("IfcMaterial", label(text))
    again = ifcopenshell.file.from_string(file.to_string())
    assert again.by_type("IfcMaterial")[0].Name == label(text)
