"""Pictures as PNG, with the fonts that come along, so that every machine makes the same one."""

from functools import cache

import resvg
from resvg import usvg

from housebrain.drawing.picture import FONT_FILES, Picture
from housebrain.drawing.svg import svg

SHIFT = (1, 0, 0, 0, 1, 0)  # none: x and y as they are


def png(picture: Picture, width: int) -> bytes:
    """The picture, `width` pixels wide."""
    tree = usvg.Tree.from_str(svg(picture, width), _options())
    return resvg.render(tree, SHIFT)


@cache
def _options() -> usvg.Options:
    options = usvg.Options.default()
    for file in FONT_FILES.values():
        options.load_font_file(str(file))
    return options
