"""Wavefront OBJ with its MTL: a model as text, which every modelling program reads."""

import json

import numpy as np
from numpy.typing import NDArray

from housebrain.drawing.mesh import Model, Part
from housebrain.drawing.surfaces import KINDS


def obj(model: Model, mtl_name: str) -> str:
    """The model's text: an object a part (`level_0_wall`), in metres, y up.

    Corners are shared, so that each object is closed. Faces have their own normals, so that edges stay sharp.

    Args:
        model: what is written.
        mtl_name: of the file with the materials, beside this one.
    """
    # As JSON a title is one line of ASCII that ends in no backslash, whatever it has in it.
    lines = [f"# {json.dumps(model.title)}", "# metres, y up, the street towards positive z", f"mtllib {mtl_name}"]
    corners = normals = 1
    for part in model.parts:
        directions, which = _normals(part)
        lines += [f"o {part.name.replace(' ', '_')}", f"usemtl {part.kind}"]
        lines += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in part.vertices.tolist()]
        lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in directions.tolist()]
        lines += [
            f"f {a}//{normal} {b}//{normal} {c}//{normal}"
            for (a, b, c), normal in zip(
                (part.triangles.astype(int) + corners).tolist(), (which + normals).tolist(), strict=True
            )
        ]
        corners += len(part.vertices)
        normals += len(directions)
    return "\n".join(lines) + "\n"


def mtl(model: Model) -> str:
    """The text of the materials: one for each kind of part there is."""
    lines = []
    for kind in KINDS:
        if all(part.kind != kind for part in model.parts):
            continue
        surface = model.surfaces[kind]
        red, green, blue = surface.srgb
        lines += [
            f"newmtl {kind}",
            f"Kd {red:.4f} {green:.4f} {blue:.4f}",
            "Ka 0 0 0",
            "Ks 0 0 0",
            f"d {surface.opacity:g}",
            f"Pr {surface.roughness:g}",
            "illum 1",
        ]
    return "\n".join(lines) + "\n"


def _normals(part: Part) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The directions that faces look in (n, 3), each once, and which one each face (m,) has."""
    a, b, c = (part.vertices[part.triangles[:, corner]].astype(np.float64) for corner in range(3))
    across = np.cross(b - a, c - a)
    # Rounding may leave a face without area.
    unit = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30)
    directions, which = np.unique(np.round(unit, 4) + 0.0, axis=0, return_inverse=True)
    return directions, which.reshape(-1)
