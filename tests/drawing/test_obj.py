"""Tests for housebrain.drawing.obj, read back by trimesh."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from any_design import NASTY
from housebrain.drawing.formats import render
from housebrain.drawing.mesh import Model, model
from housebrain.drawing.obj import mtl, obj
from housebrain.drawing.scene import scene
from houses import solved_houses


def made(number: int = 0) -> Model:
    house = solved_houses()[number]
    return model(scene(house.design, house.brief))


def objects(text: str) -> dict[str, tuple[str, list[list[float]], list[list[tuple[int, int]]]]]:
    """Each object's material, corners, and faces as pairs of a corner's and a normal's number."""
    found: dict[str, tuple[str, list[list[float]], list[list[tuple[int, int]]]]] = {}
    name = material = ""
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "o":
            name = rest
        elif word == "usemtl":
            material = rest
            found[name] = (material, [], [])
        elif word == "v":
            found[name][1].append([float(number) for number in rest.split()])
        elif word == "f":
            pairs = [corner.split("//") for corner in rest.split()]
            found[name][2].append([(int(corner), int(normal)) for corner, normal in pairs])
        else:
            assert word in ("#", "mtllib", "vn"), line
    return found


@pytest.mark.parametrize("number", range(0, len(solved_houses()), 5))
def test_the_text_holds_what_the_model_has(number: int) -> None:
    parts = made(number)
    text = obj(parts, "house.mtl")
    normals = np.array([line.split()[1:] for line in text.splitlines() if line.startswith("vn ")], dtype=float)
    read, first = objects(text), 1
    assert list(read) == [part.name.replace(" ", "_") for part in parts.parts]
    for part in parts.parts:
        material, corners, faces = read[part.name.replace(" ", "_")]
        assert material == part.kind
        assert np.allclose(corners, part.vertices, atol=1e-5)
        pairs = np.array(faces)
        assert np.array_equal(pairs[:, :, 0] - first, part.triangles)
        shape = trimesh.Trimesh(part.vertices, part.triangles, process=False)
        assert np.allclose(normals[pairs[:, 0, 1] - 1], shape.face_normals, atol=1e-3)
        first += len(corners)


def test_materials_are_those_that_are_used() -> None:
    parts = made()
    lines = mtl(parts).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("newmtl ")] == sorted(
        {part.kind for part in parts.parts}, key=list(parts.surfaces).index
    )
    assert "d 0.35" in lines


@pytest.mark.parametrize("title", NASTY)
def test_a_title_is_a_comment(title: str) -> None:
    parts = made()
    text = obj(replace(parts, title=title), "house.mtl")
    assert text.isascii()
    assert text.splitlines()[1:] == obj(parts, "house.mtl").splitlines()[1:]
    assert text.startswith("# ")


def test_the_text_names_the_file_of_materials_beside_it(tmp_path: Path) -> None:
    house = solved_houses()[0]
    files = render(scene(house.design, house.brief), tmp_path, ["glb", "obj"])
    assert [file.name for file in files] == ["house.glb", "house.obj", "house.mtl"]
    (library,) = [line for line in files[1].read_text().splitlines() if line.startswith("mtllib ")]
    materials = (tmp_path / library.removeprefix("mtllib ")).read_text().splitlines()
    used = {line.split()[1] for line in files[1].read_text().splitlines() if line.startswith("usemtl ")}
    assert used == {line.split()[1] for line in materials if line.startswith("newmtl ")}
