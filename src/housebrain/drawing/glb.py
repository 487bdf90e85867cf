"""Binary glTF 2.0: a model in one file, for viewers, browsers and phones.

Faces share corners and carry no normals, for which glTF demands flat shading. So each solid is closed as it is stored.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from housebrain.drawing.mesh import Model, Part
from housebrain.drawing.surfaces import KINDS, Surface

_FLOAT, _SHORT, _INT = 5126, 5123, 5125
_VERTICES, _INDICES = 34962, 34963  # what a buffer's view is for
_JSON, _BIN = 0x4E4F534A, 0x004E4942


def glb(model: Model) -> bytes:
    """The file's content: a node a level, below it a node a kind, named `level 0` and `level 0 wall`.

    A title may have any characters; those that are half of one are replaced.
    """
    index_type = np.dtype("<u2" if all(len(part.vertices) <= 0xFFFF for part in model.parts) else "<u4")
    vertices = b"".join(part.vertices.astype("<f4").tobytes() for part in model.parts)
    indices = b"".join(part.triangles.astype(index_type).tobytes() for part in model.parts)
    used = [kind for kind in KINDS if any(part.kind == kind for part in model.parts)]
    nodes, roots = _nodes(model.parts)
    document = {
        "asset": {"version": "2.0", "generator": "HouseBrain"},
        "scene": 0,
        "scenes": [{"name": model.title.encode("utf-8", "replace").decode(), "nodes": roots}],
        "nodes": nodes,
        "meshes": [
            {
                "name": part.name,
                "primitives": [
                    {
                        "attributes": {"POSITION": 2 * number},
                        "indices": 2 * number + 1,
                        "material": used.index(part.kind),
                    }
                ],
            }
            for number, part in enumerate(model.parts)
        ],
        "materials": [_material(kind, model.surfaces[kind]) for kind in used],
        "accessors": _accessors(model.parts, index_type.itemsize),
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(vertices), "byteStride": 12, "target": _VERTICES},
            {"buffer": 0, "byteOffset": len(vertices), "byteLength": len(indices), "target": _INDICES},
        ],
        "buffers": [{"byteLength": len(vertices) + len(indices)}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    chunks = _chunk(_JSON, text, b" ") + _chunk(_BIN, vertices + indices, b"\0")
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _nodes(parts: Sequence[Part]) -> tuple[list[dict[str, Any]], list[int]]:
    """All nodes, those of the meshes first, and the numbers of those that hang on nothing."""
    nodes: list[dict[str, Any]] = [{"name": part.name, "mesh": number} for number, part in enumerate(parts)]
    roots = []
    for place in dict.fromkeys(part.place for part in parts):
        roots.append(len(nodes))
        nodes.append({"name": place, "children": [number for number, part in enumerate(parts) if part.place == place]})
    return nodes, roots


def _material(kind: str, surface: Surface) -> dict[str, Any]:
    material: dict[str, Any] = {
        "name": kind,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*surface.linear, surface.opacity],
            "metallicFactor": 0,
            "roughnessFactor": surface.roughness,
        },
    }
    return material | {"alphaMode": "BLEND"} if surface.opacity < 1 else material


def _accessors(parts: Sequence[Part], index_size: int) -> list[dict[str, Any]]:
    """For each part where its vertices are, then where its indices are."""
    accessors: list[dict[str, Any]] = []
    vertex_offset = index_offset = 0
    for part in parts:
        low, high = part.vertices.min(axis=0), part.vertices.max(axis=0)
        accessors += [
            {
                "bufferView": 0,
                "byteOffset": vertex_offset,
                "componentType": _FLOAT,
                "count": len(part.vertices),
                "type": "VEC3",
                "min": low.tolist(),
                "max": high.tolist(),
            },
            {
                "bufferView": 1,
                "byteOffset": index_offset,
                "componentType": _SHORT if index_size == 2 else _INT,
                "count": part.triangles.size,
                "type": "SCALAR",
            },
        ]
        vertex_offset += part.vertices.size * 4
        index_offset += part.triangles.size * index_size
    return accessors


def _chunk(kind: int, content: bytes, filler: bytes) -> bytes:
    content += filler * (-len(content) % 4)
    return struct.pack("<II", len(content), kind) + content
