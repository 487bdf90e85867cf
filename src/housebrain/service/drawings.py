"""A stored design in every format, drawn when it is first asked for and kept for a while in memory."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import orjson

from housebrain.drawing.svg import floor_plan_svg, frame
from housebrain.house.brief import Brief
from housebrain.house.design import Design

MEDIA = {
    "json": "application/json",
    "svg": "image/svg+xml",
}
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
        content = _WRITERS[name](Design.model_validate(design), Brief.model_validate(brief), level)
        with self._lock:
            self._kept[key] = content
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return content


def _json(design: Design, brief: Brief, level: int) -> bytes:
    return orjson.dumps(design.model_dump(mode="json"), option=orjson.OPT_INDENT_2)


def _svg(design: Design, brief: Brief, level: int) -> bytes:
    return floor_plan_svg(design.levels[level], design.footprint, frame(design)).encode()


_WRITERS: dict[str, Callable[[Design, Brief, int], bytes]] = {"json": _json, "svg": _svg}
