"""Tests for housebrain.drawing.formats: the files of each format, and pictures that must not change unseen."""

from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import REPOSITORY
from housebrain.dataset.v5 import parse_record
from housebrain.drawing.formats import FORMATS, render
from housebrain.drawing.pictures import elevation_picture, plan_picture, section_picture, site_picture
from housebrain.drawing.png import png
from housebrain.drawing.scene import Scene, scene
from housebrain.house.design import Design
from houses import solved_houses

GOLDENS = REPOSITORY / "tests/drawing/goldens"
PIXELS = 480
# Of a picture's grey values between 0 and 1: fonts and lines may be smoothed otherwise.
TOLERANCE = 0.004
PICTURES = {
    "plan-0": lambda drawn: plan_picture(drawn, 0),
    "plan-1": lambda drawn: plan_picture(drawn, 1),
    "elevation-front": lambda drawn: elevation_picture(drawn, "front"),
    "section": section_picture,
    "site": site_picture,
}


def kept_house() -> Scene:
    """A design in a file: another solver must not change the pictures."""
    kept = orjson.loads((GOLDENS / "house.json").read_bytes())
    return scene(Design.model_validate(kept["design"]), parse_record(kept["record"])[1])


def grey(content: bytes) -> NDArray[np.float64]:
    return np.asarray(Image.open(BytesIO(content)).convert("L"), dtype=np.float64) / 255


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_as_they_were(name: str, tmp_path: Path) -> None:
    """Run as a program, this file writes them anew: look at them before you commit them."""
    drawn = png(PICTURES[name](kept_house()), PIXELS)
    golden = GOLDENS / f"{name}.png"
    (tmp_path / golden.name).write_bytes(drawn)
    now, then = grey(drawn), grey(golden.read_bytes())
    assert now.shape == then.shape
    assert abs(now - then).mean() < TOLERANCE


def test_every_format_is_written_into_a_folder(tmp_path: Path) -> None:
    house = next(house for house in solved_houses() if len(house.design.levels) == 2)
    drawn = scene(house.design, house.brief)
    (tmp_path / "mine.txt").write_text("kept")
    files = render(drawn, tmp_path)
    names = {file.name for file in files}
    assert {"plan-0.svg", "plan-1.svg", "plan.pdf", "plan-letter.pdf", "plan-0.png", "plan-1.png"} <= names
    assert {"elevation-front.svg", "elevation-rear.svg", "section.svg", "site.svg"} <= names
    assert {file.name for file in tmp_path.iterdir()} == names | {"mine.txt"}
    assert set(FORMATS) >= {"svg", "pdf", "letter", "png"}


def test_a_lower_house_leaves_no_plan_of_a_taller_one(tmp_path: Path) -> None:
    tall = next(house for house in solved_houses() if len(house.design.levels) == 2)
    low = next(house for house in solved_houses() if len(house.design.levels) == 1)
    render(scene(tall.design), tmp_path, ["svg", "png"])
    (tmp_path / "plan-of-mine.svg").write_text("kept")
    files = render(scene(low.design), tmp_path, ["svg"])
    kept = {"plan-of-mine.svg", "plan-0.png", "plan-1.png"}
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in files} | kept


def test_one_format_can_be_asked_for(tmp_path: Path) -> None:
    house = solved_houses()[0]
    files = render(scene(house.design), tmp_path / "new", ["png"])
    assert {file.suffix for file in files} == {".png"}
    assert len(files) == len(house.design.levels)


if __name__ == "__main__":
    for key, make in PICTURES.items():
        (GOLDENS / f"{key}.png").write_bytes(png(make(kept_house()), PIXELS))
