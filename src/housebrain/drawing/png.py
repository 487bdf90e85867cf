"""SVG as PNG, with the fonts that come along, so that every machine makes the same picture."""

import resvg_py

from housebrain.drawing.picture import FONT_FILES


def png(svg: str, width: int) -> bytes:
    """The picture of an SVG document, `width` pixels wide."""
    files = [str(file) for file in FONT_FILES.values()]
    family = "Bitstream Vera Sans"
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, width=width, dpi=96, skip_system_fonts=True, font_files=files, sans_serif_family=family
        )
    )
