"""Tests for housebrain.drawing.dxf: drawings that CAD programs take without complaint, and measure right."""

import io
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import ezdxf
import pytest
from ezdxf.tools.text import plain_mtext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_design import designs
from housebrain.drawing.dxf.house import dxf
from housebrain.drawing.dxf.standards import LAYERS, UNIT
from housebrain.drawing.dxf.words import LONGEST, feet_inches, paragraphs, plain
from housebrain.drawing.names import level_name
from housebrain.drawing.scene import Scene, scene
from housebrain.house.design import Design
from houses import Solved, solved_houses

HOUSES = [pytest.param(house, id=house.record["id"]) for house in solved_houses()[:12]]


def read(content: bytes) -> Any:
    """The drawing, which the auditor has nothing to say about."""
    doc = ezdxf.read(io.StringIO(content.decode()))
    auditor = doc.audit()
    assert [fault.message for fault in (*auditor.errors, *auditor.fixes)] == []
    return doc


def made(house: Solved) -> Scene:
    return scene(house.design, house.brief)


@pytest.mark.long
@pytest.mark.parametrize("house", HOUSES)
def test_drawings_are_audited_clean_and_have_units_layers_and_a_sheet_a_level(house: Solved) -> None:
    doc = read(dxf(made(house)))
    assert doc.header["$INSUNITS"] == ezdxf.units.IN
    assert set(LAYERS) <= {layer.dxf.name for layer in doc.layers}
    assert {entity.dxf.layer for entity in doc.modelspace()} <= set(LAYERS)
    sheets = [f"{level_name(number)} plan" for number in range(len(house.design.levels))]
    assert doc.layout_names_in_taborder() == ["Model", *sheets, "Site and roof plan"]
    for name in doc.layout_names_in_taborder()[1:]:
        # A layout's own view counts as one.
        assert len(doc.layout(name).query("VIEWPORT[status>1]")) == 1


@pytest.mark.long
@pytest.mark.parametrize("house", HOUSES)
def test_doors_and_windows_are_blocks_with_marks_and_sizes(house: Solved) -> None:
    drawn = made(house)
    openings = [opening for level in drawn.levels for opening in level.openings if opening.kind != "way"]
    inserts = read(dxf(drawn)).modelspace().query('INSERT[layer=="A-DOOR" | layer=="A-GLAZ"]')
    assert len(inserts) == len(openings)
    written = Counter((insert.dxf.layer, insert.get_attrib_text("WIDTH")) for insert in inserts)
    layers = {"window": "A-GLAZ"}
    assert written == Counter((layers.get(o.kind, "A-DOOR"), feet_inches(o.width)) for o in openings)
    numbers = [insert.get_attrib_text("MARK") for insert in inserts]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.long
@pytest.mark.parametrize("house", HOUSES)
def test_dimensions_measure_the_house(house: Solved) -> None:
    drawn = made(house)
    dimensions = read(dxf(drawn)).modelspace().query("DIMENSION")
    measured = {round(dimension.get_measurement() / UNIT, 4) for dimension in dimensions}
    assert {dimension.dxf.text for dimension in dimensions} == {"<>"}
    for level in drawn.levels:
        corners = [corner for wall in level.walls for corner in wall.outline]
        for axis in (0, 1):
            values = [corner[axis] for corner in corners]
            assert round(max(values) - min(values), 4) in measured
    for dimension in dimensions:
        shown = [part for part in dimension.get_geometry_block() or () if part.dxftype() == "MTEXT"]
        assert [text.text for text in shown] == [feet_inches(dimension.get_measurement() / UNIT)]


def test_walls_are_where_the_scene_has_them() -> None:
    drawn = made(solved_houses()[0])
    corners = {
        (round(x * UNIT, 3), round(y * UNIT, 3))
        for region in drawn.levels[0].cut
        for ring in (region.outline, *region.holes)
        for x, y in ring
    }
    lines = read(dxf(drawn)).modelspace().query('LWPOLYLINE[layer=="A-WALL"]')
    written = {(round(x, 3), round(y, 3)) for line in lines for x, y in line.get_points("xy")}
    assert corners <= written


@pytest.mark.long
def test_equal_scenes_make_equal_bytes_in_every_process(tmp_path: Path) -> None:
    house = solved_houses()[0]
    design, brief = tmp_path / "design.json", tmp_path / "brief.json"
    design.write_text(house.design.model_dump_json())
    brief.write_text(house.brief.model_dump_json())
    code = (
        "import hashlib, pathlib, sys\n"
        "from housebrain.house.design import Design; from housebrain.house.brief import Brief\n"
        "from housebrain.drawing.scene import scene; from housebrain.drawing.dxf.house import dxf\n"
        "from housebrain.drawing.ifc.house import ifc\n"
        "read = lambda kind, path: kind.model_validate_json(pathlib.Path(path).read_text())\n"
        "drawn = scene(read(Design, sys.argv[1]), read(Brief, sys.argv[2]))\n"
        "print([hashlib.sha256(write(drawn)).hexdigest() for write in (dxf, ifc)])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, design, brief],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(designs())
def test_any_design_can_be_drawn(design: Design) -> None:
    read(dxf(scene(design)))


@given(st.text(max_size=300))
def test_any_text_is_read_back_as_one_line_without_commands(text: str) -> None:
    for line in (plain_mtext(paragraphs(text)), ezdxf.tools.text.plain_text(plain(text))):
        assert "\n" not in line and "%%" not in line and len(line) <= LONGEST + text.count("^")


@pytest.mark.parametrize(
    "text", ["A room", "100%", "back\\slash", "{braces}", "\\Pnew", "\\U+0041", "ग़ृह 家 🏠", "2^3", "\\{\\H9x;"]
)
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    assert plain_mtext(paragraphs(text)) == text


@pytest.mark.parametrize(
    ("feet", "written"),
    [(12.5, "12'-6\""), (0.0, "0'-0\""), (3.375, "3'-4 1/2\""), (0.99999, "1'-0\""), (7 + 1 / 192, "7'-0 1/16\"")],
)
def test_lengths_are_written_in_feet_and_inches(feet: float, written: str) -> None:
    assert feet_inches(feet) == written
