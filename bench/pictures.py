"""The pictures of houses in docs/images, made anew from the records in examples/houses.jsonl and README.md.

    python -m bench.pictures

Plans, sheets and DXF need the packages that tests need. Models need VTK (`pip install vtk`), which nothing else does;
without it their pictures stay as they are.
"""

import io
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from math import cos, radians, sin
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import ezdxf
import ifcopenshell
import ifcopenshell.geom
import numpy as np
import orjson
import pypdfium2
import trimesh
from ezdxf.addons.drawing import Frontend, RenderContext
from ezdxf.addons.drawing.config import BackgroundPolicy, Configuration
from ezdxf.addons.drawing.matplotlib import MatplotlibBackend
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

import housebrain as hb
from housebrain.drawing.formats import FORMATS
from housebrain.drawing.pictures import elevation_picture, plan_picture
from housebrain.drawing.scene import Scene, scene
from housebrain.drawing.svg import svg
from housebrain.house.units import FT_PER_M

IMAGES = Path("docs/images")
ROW, COURT, L_PLOT, VILLA = "P01", "ROW-1", "HBV5-001898", "HBV5-009307"
FOUR = "HBV5-067119"
# By file: whose plan, and of which level.
PLANS = {
    "row-0": (ROW, 0),
    "row-1": (ROW, 1),
    "court-0": (COURT, 0),
    "l-plot-0": (L_PLOT, 0),
    "villa-0": (VILLA, 0),
    "villa-1": (VILLA, 1),
    FOUR: (FOUR, 0),
}
COLOURS = 96  # of a PNG: what is drawn has few
TURNED, OVER = 35.0, 26.0  # where models are seen from: right of the street, above the ground, in degrees
PAGE_PIXELS, DXF_PIXELS, MODEL_PIXELS = 1500, 1500, (720, 540)


class Part(NamedTuple):
    """Some triangles of one colour: corners as x, y, z with z up, three corners a face; `around` the house or of it."""

    corners: NDArray[np.float64]
    faces: NDArray[np.int64]
    colour: tuple[float, float, float]
    opacity: float
    around: bool


def main() -> None:
    houses = {}
    for line in Path("examples/houses.jsonl").read_text().splitlines():
        name, brief = hb.read_record(orjson.loads(line))
        houses[name] = scene(hb.solve(brief, seed=0), brief)
    (record, _) = re.findall(r"```json\n(.*?)\n```", Path("README.md").read_text(), re.DOTALL)
    _, brief = hb.read_record(orjson.loads(record))
    hb.draw(hb.solve(brief, seed=0), IMAGES / "plan.svg", brief)
    for name, (house, level) in PLANS.items():
        (IMAGES / f"{name}.svg").write_text(svg(plan_picture(houses[house], level)))
    (IMAGES / "villa-front.svg").write_text(svg(elevation_picture(houses[VILLA], "front")))
    _kept("sheet", _page(houses[L_PLOT], 1))
    _kept("dxf", _dxf(houses[L_PLOT], "Ground floor plan"))
    if find_spec("vtk"):
        ground = ("site", "level 0")
        views = [(ROW, ()), (VILLA, ()), (L_PLOT, ()), (L_PLOT, ground)]
        _kept("models", _tiled([_shot(_glb_parts(houses[name], shown)) for name, shown in views]))
        villa = houses[VILLA]
        upper = villa.levels[1]
        tops = (None, upper.elevation - upper.slab_thickness)
        _kept("ifc", _tiled([_shot(_ifc_parts(villa, top)) for top in tops]))


def _kept(name: str, image: Image.Image) -> None:
    """Few colours make small files."""
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def _page(house: Scene, number: int) -> Image.Image:
    """A sheet of the set on A3."""
    page = pypdfium2.PdfDocument(FORMATS["pdf"](house)["plan.pdf"])[number]
    return page.render(scale=PAGE_PIXELS / page.get_width()).to_pil()


def _dxf(house: Scene, layout: str) -> Image.Image:
    """A sheet as ezdxf's own viewer draws it."""
    doc = ezdxf.read(io.StringIO(FORMATS["dxf"](house)["plan.dxf"].decode()))
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    config = Configuration(background_policy=BackgroundPolicy.WHITE)
    Frontend(RenderContext(doc), MatplotlibBackend(axes), config=config).draw_layout(doc.layout(layout))
    figure.set_size_inches(16.5, 11.7)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=DXF_PIXELS / 16.5)
    return Image.open(drawn)


def _glb_parts(house: Scene, shown: tuple[str, ...]) -> Iterator[Part]:
    """The model as trimesh reads it: the nodes whose names begin so, or all."""
    read = trimesh.load_scene(io.BytesIO(FORMATS["glb"](house)["house.glb"]), file_type="glb")
    for node in read.graph.nodes_geometry:
        if shown and not node.replace("_", " ").startswith(shown):
            continue
        matrix, name = read.graph[node]
        solid = read.geometry[name]
        x, y, z = trimesh.transform_points(solid.vertices, matrix).T
        *light, opacity = np.asarray(solid.visual.material.main_color) / 255
        # glTF counts light in proportion, screens don't.
        red, green, blue = (part ** (1 / 2.2) for part in light)
        corners = np.column_stack((x, -z, y))
        yield Part(corners, np.asarray(solid.faces), (red, green, blue), float(opacity), node.startswith("site"))


def _ifc_parts(house: Scene, top: float | None) -> Iterator[Part]:
    """The model as ifcopenshell's kernel makes its shapes: what begins below `top` feet, or all."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "house.ifc"
        file.write_bytes(FORMATS["ifc"](house)["house.ifc"])
        read = ifcopenshell.open(file)
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    for product in read.by_type("IfcProduct"):
        if not product.Representation or product.is_a() in ("IfcSpace", "IfcOpeningElement", "IfcSite"):
            continue
        shape = ifcopenshell.geom.create_shape(settings, product).geometry
        corners, faces = np.array(shape.verts).reshape(-1, 3), np.array(shape.faces).reshape(-1, 3)
        if top is not None and corners[:, 2].min() > top / FT_PER_M - 0.01:
            continue
        kinds = np.array(shape.material_ids)
        for number, material in enumerate(shape.materials):
            colour = material.diffuse
            through = material.transparency
            opacity = 1.0 - through if through == through else 1.0  # a number that is none says nothing
            yield Part(corners, faces[kinds == number], (colour.r(), colour.g(), colour.b()), opacity, False)


def _shot(parts: Iterable[Part]) -> Image.Image:
    """A picture from the street's right, above the ground, on which the house is as large as fits."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

    renderer = vtk.vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    house = []
    for part in parts:
        if not len(part.faces):
            continue
        data = vtk.vtkPolyData()
        points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
        points.SetData(numpy_to_vtk(part.corners, deep=1))
        counted = np.hstack([np.full((len(part.faces), 1), 3), part.faces]).astype(np.int64).ravel()
        cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(counted, deep=1))
        data.SetPoints(points)
        data.SetPolys(cells)
        actor = _actor(vtk, data)
        actor.GetProperty().SetColor(*part.colour)
        actor.GetProperty().SetOpacity(part.opacity)
        actor.GetProperty().SetInterpolationToFlat()
        actor.GetProperty().SetAmbient(0.3)
        actor.GetProperty().SetDiffuse(0.8)
        renderer.AddActor(actor)
        if not part.around:
            house.append(part.corners[part.faces.ravel()])
        if part.opacity == 1:
            renderer.AddActor(_edges(vtk, data))
    lights = vtk.vtkLightKit()
    lights.SetKeyLightIntensity(1.0)
    lights.AddLightsToRenderer(renderer)
    corners = np.concatenate(house)
    low, high = corners.min(axis=0), corners.max(axis=0)
    turned, over = radians(TURNED), radians(OVER)
    away = np.array((sin(turned) * cos(over), -cos(turned) * cos(over), sin(over)))
    middle = (low + high) / 2
    camera = renderer.GetActiveCamera()
    camera.SetFocalPoint(*middle)
    camera.SetPosition(*(middle + away * 50))
    camera.SetViewUp(0, 0, 1)
    renderer.ResetCamera(low[0], high[0], low[1], high[1], low[2], high[2])
    camera.Zoom(1.1)
    renderer.ResetCameraClippingRange()
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(*(2 * side for side in MODEL_PIXELS))
    window.AddRenderer(renderer)
    window.Render()
    taken = vtk.vtkWindowToImageFilter()
    taken.SetInput(window)
    taken.Update()
    image = taken.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3]
    return Image.fromarray(np.ascontiguousarray(pixels)).resize(MODEL_PIXELS, Image.Resampling.LANCZOS)


def _actor(vtk: Any, data: Any) -> Any:
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(data)
    mapper.ScalarVisibilityOff()
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    return actor


def _edges(vtk: Any, data: Any) -> Any:
    """Thin dark lines where faces meet at an angle."""
    clean, found = vtk.vtkCleanPolyData(), vtk.vtkFeatureEdges()
    clean.SetInputData(data)
    found.SetInputConnection(clean.GetOutputPort())
    found.SetFeatureAngle(25)
    found.BoundaryEdgesOff()
    found.Update()
    actor = _actor(vtk, found.GetOutput())
    actor.GetProperty().SetColor(0.25, 0.25, 0.25)
    return actor


def _tiled(images: list[Image.Image]) -> Image.Image:
    """Two in a row."""
    w, h = MODEL_PIXELS
    whole = Image.new("RGB", (2 * w, h * ((len(images) + 1) // 2)), "white")
    for number, image in enumerate(images):
        whole.paste(image, (number % 2 * w, number // 2 * h))
    return whole


if __name__ == "__main__":
    main()
