"""Tests for housebrain.drawing.glb, read back by trimesh and by Khronos' validator."""

import io
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings

from any_design import NASTY, designs
from gltf_validator import validated
from housebrain.drawing.glb import glb
from housebrain.drawing.mesh import Model, model
from housebrain.drawing.scene import scene, unfurnished
from housebrain.house.design import Design
from houses import solved_houses

LARGEST = 500_000


def made(number: int = 0, furnished: bool = True) -> Model:
    house = solved_houses()[number]
    drawn = scene(house.design, house.brief)
    return model(drawn if furnished else unfurnished(drawn))


def document(content: bytes) -> dict[str, Any]:
    """The JSON of a GLB."""
    (length,) = struct.unpack("<I", content[12:16])
    found: dict[str, Any] = json.loads(content[20 : 20 + length])
    return found


@pytest.mark.long
def test_khronos_validator_finds_nothing(tmp_path: Path) -> None:
    files = []
    for number in range(len(solved_houses())):
        files.append(tmp_path / f"{number}.glb")
        files[-1].write_bytes(glb(made(number, furnished=number % 2 == 0)))
    for number, title in enumerate(NASTY):
        files.append(tmp_path / f"title-{number}.glb")
        files[-1].write_bytes(glb(replace(made(), title=title)))
    for report in validated(files):
        assert report["issues"]["messages"] == []
        assert report["info"]["totalTriangleCount"] > 0


@pytest.mark.long
def test_files_are_small_and_hold_what_the_model_has() -> None:
    for number in range(len(solved_houses())):
        parts = made(number)
        content = glb(parts)
        assert len(content) < LARGEST
        read = trimesh.load_scene(io.BytesIO(content), file_type="glb")
        assert set(read.graph.nodes_geometry) == {part.name for part in parts.parts}
        for part in parts.parts:
            transform, name = read.graph[part.name]
            assert np.array_equal(transform, np.eye(4))
            shape = read.geometry[name]
            assert shape.is_watertight and shape.is_winding_consistent and shape.volume > 0
            assert np.array_equal(shape.vertices, part.vertices)
            assert shape.visual.material.name == part.kind


def test_levels_are_nodes_over_their_kinds() -> None:
    nodes = document(glb(made()))["nodes"]
    children = {
        node["name"]: [nodes[child]["name"] for child in node["children"]] for node in nodes if "children" in node
    }
    assert "level 0 wall" in children["level 0"]
    assert all(name.startswith(f"{place} ") for place, names in children.items() for name in names)
    assert sum(map(len, children.values())) + len(children) == len(nodes)


def test_each_kind_has_one_material_and_only_glass_lets_light_by() -> None:
    materials = document(glb(made()))["materials"]
    names = [material["name"] for material in materials]
    assert len(set(names)) == len(names)
    assert [material["name"] for material in materials if material.get("alphaMode") == "BLEND"] == ["glass"]


def test_a_house_without_furniture_is_the_same_house() -> None:
    full, empty = made(), made(furnished=False)
    furniture = {"timber", "fabric", "porcelain"}
    assert furniture <= {part.kind for part in full.parts}
    assert not furniture & {part.kind for part in empty.parts}
    for part in empty.parts:
        if part.kind in ("wall", "plaster", "roof", "stairs"):
            same = next(one for one in full.parts if one.name == part.name)
            assert same.vertices.tobytes() == part.vertices.tobytes()


def test_equal_models_have_equal_bytes() -> None:
    assert glb(made()) == glb(made())


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(designs())
def test_any_design_makes_closed_solids(design: Design) -> None:
    """Overlapping rooms, doors in no wall, a house of half a foot or of two thousand, names that no format has."""
    read = trimesh.load_scene(io.BytesIO(glb(model(scene(design)))), file_type="glb")
    for name, shape in read.geometry.items():
        assert shape.is_winding_consistent, name
        assert shape.volume > 0, name
