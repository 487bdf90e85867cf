"""The formats that a scene is written in: a new one is a line in `FORMATS` and a flag of `housebrain render`."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
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


def _dxf(scene: Scene) -> Files:
    # These two libraries take long to import, and nothing else needs them.
    from housebrain.drawing.dxf.house import dxf

    return {"plan.dxf": dxf(scene)}


def _ifc(scene: Scene) -> Files:
    from housebrain.drawing.ifc.house import ifc

    return {"house.ifc": ifc(scene)}


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
    "dxf": _dxf,
    "ifc": _ifc,
    "glb": _glb,
    "obj": _obj,
}


# Of formats whose library is not in the core; an extra is named like its format.
PACKAGES = {"ifc": "ifcopenshell"}


def installed() -> list[str]:
    """The formats that can be written here."""
    return [kind for kind in FORMATS if kind not in PACKAGES or find_spec(PACKAGES[kind])]


def render(scene: Scene, folder: Path, formats: Iterable[str] = ()) -> list[Path]:
    """Writes a scene in some formats into a folder, which is made where it is missing.

    Plans of floors that the house doesn't have, from a taller one drawn there before, are removed in the formats that
    are written. Other files there stay.

    Args:
        scene: what is drawn.
        folder: for the files.
        formats: names in `FORMATS`; none takes all that can be written here.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in formats or installed():
        files = FORMATS[kind](scene)
        for name, content in files.items():
            with atomic_file(folder / name) as temporary:
                temporary.write_bytes(content)
            written.append(folder / name)
        for plan in folder.glob(f"plan-*.{kind}"):
            if re.fullmatch(r"plan-\d+", plan.stem) and plan.name not in files:
                plan.unlink()
    return written
