"""A stored design in every format, drawn when it is first asked for and kept for a while in memory."""

from collections import OrderedDict
from threading import Lock
from typing import Any

import orjson

from housebrain.drawing.formats import FORMATS, installed
from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.house.brief import Brief
from housebrain.house.design import Design

_MEDIA = {
    "json": "application/json",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "dxf": "image/vnd.dxf",
    "ifc": "application/x-step",
    "glb": "model/gltf-binary",
    "obj": "model/obj",
}
MEDIA = {name: media for name, media in _MEDIA.items() if name == "json" or name in installed()}
"""The media type of each format that can be written here."""
KEPT = 256  # drawings


class Drawings:
    """Draws, and remembers the last `KEPT` drawings."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, int, int], bytes] = OrderedDict()
        self._lock = Lock()

    def draw(
        self, name: str, design_id: str, alternative: int, level: int, design: dict[str, Any], brief: dict[str, Any]
    ) -> bytes:
        """One drawing's bytes."""
        key = (name, design_id, alternative, level)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        content = _write(name, Design.model_validate(design), Brief.model_validate(brief), level)
        with self._lock:
            self._kept[key] = content
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return content


def _write(name: str, design: Design, brief: Brief, level: int) -> bytes:
    """One file: of a format with several, the plan of the level, or the one that names the format."""
    if name == "json":
        return orjson.dumps(design.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    drawn = scene(design, brief)
    if name == "svg":
        return svg(plan_picture(drawn, level)).encode()
    return next(content for file, content in FORMATS[name](drawn).items() if file.endswith(f".{name}"))
