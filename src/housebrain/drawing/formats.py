"""The formats that a scene is written in: a new one is a line in `FORMATS` and a flag of `housebrain render`."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from housebrain.drawing.elevations import SIDES
from housebrain.drawing.glb import glb
from housebrain.drawing.mesh import model
from housebrain.drawing.obj import mtl, obj
from housebrain.drawing.pdf import pdf
from housebrain.drawing.picture import Picture
from housebrain.drawing.pictures import elevation_picture, plan_picture, section_picture, site_picture
from housebrain.drawing.png import png
from housebrain.drawing.scene import Scene
from housebrain.drawing.sheets import PAPERS, sheet_set
from housebrain.drawing.svg import svg
from housebrain.files import atomic_file

PNG_PIXELS = 1400
# The content of each file of a format, by name.
Files = dict[str, bytes]


def _pictures(scene: Scene) -> dict[str, Picture]:
    """All drawings but the sheets, by their names as files."""
    plans = {f"plan-{level.number}": plan_picture(scene, level.number) for level in scene.levels}
    sides = {f"elevation-{side}": elevation_picture(scene, side) for side in SIDES}
    return {**plans, **sides, "section": section_picture(scene), "site": site_picture(scene)}


def _svg(scene: Scene) -> Files:
    return {f"{name}.svg": svg(picture).encode() for name, picture in _pictures(scene).items()}


def _png(scene: Scene) -> Files:
    return {f"plan-{level.number}.png": png(plan_picture(scene, level.number), PNG_PIXELS) for level in scene.levels}


def _pdf(scene: Scene, paper: str, name: str) -> Files:
    return {name: pdf(sheet_set(scene, PAPERS[paper]), scene.title)}


def _glb(scene: Scene) -> Files:
    return {"house.glb": glb(model(scene))}


def _obj(scene: Scene) -> Files:
    solids = model(scene)
    return {"house.obj": obj(solids, "house.mtl").encode(), "house.mtl": mtl(solids).encode()}


FORMATS: dict[str, Callable[[Scene], Files]] = {
    "svg": _svg,
    "pdf": partial(_pdf, paper="a3", name="plan.pdf"),
    "letter": partial(_pdf, paper="letter", name="plan-letter.pdf"),
    "png": _png,
    "glb": _glb,
    "obj": _obj,
}


def render(scene: Scene, folder: Path, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Writes a scene in some formats into a folder, which is made where it is missing; other files there stay.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in formats:
        for name, content in FORMATS[kind](scene).items():
            with atomic_file(folder / name) as temporary:
                temporary.write_bytes(content)
            written.append(folder / name)
    return written
