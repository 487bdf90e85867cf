"""A picture as SVG. It lies on paper of its own colour, so that it reads the same on a light page and on a dark one.

On a screen as narrow as a phone's some of it makes place for larger words.
"""

import re
from xml.sax.saxutils import escape

from housebrain.drawing.picture import NARROW, PAPER, WIDE, Group, Picture, Shape, Text

# What XML can't hold, not even escaped.
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
NARROW_PIXELS = 520
_STYLE = f"<style>@media(max-width:{NARROW_PIXELS}px){{.{WIDE}{{display:none}}.{NARROW}{{display:inline}}}}</style>"
FAMILY = "'Bitstream Vera Sans','DejaVu Sans',Verdana,Geneva,sans-serif"


def svg(picture: Picture, pixels: int | None = None) -> str:
    """The picture as an SVG document, in millimetres; it grows and shrinks with the page that it is put into.

    Args:
        picture: what is drawn.
        pixels: its width, where it isn't to have its size on paper.
    """
    width, height = _number(picture.width), _number(picture.height)
    size = f'width="{width}mm" height="{height}mm"'
    if pixels:
        size = f'width="{pixels}" height="{round(pixels * picture.height / picture.width)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} role="img" '
        f'font-family="{FAMILY}" style="max-width:100%;height:auto;background:{PAPER}">'
        f'<title>{_allowed(picture.title)}</title><rect width="{width}" height="{height}" fill="{PAPER}"/>'
    ]
    if any(isinstance(item, Group) and item.kind == NARROW for item in picture.items):
        parts.append(_STYLE)
    parts += map(_item, picture.items)
    parts.append("</svg>\n")
    return "".join(parts)


def _item(item: Shape | Text | Group) -> str:
    if isinstance(item, Group):
        title = f"<title>{_allowed(item.title)}</title>" if item.title else ""
        described = f"<desc>{_allowed(item.description)}</desc>" if item.description else ""
        # Programs that know no style sheets leave out what is hidden by an attribute.
        hidden = ' display="none"' if item.kind == NARROW else ""
        return f'<g class="{item.kind}"{hidden}>{title}{described}{"".join(map(_item, item.items))}</g>'
    return _text(item) if isinstance(item, Text) else _shape(item)


def _shape(item: Shape) -> str:
    data = "".join(code + " ".join(map(_number, numbers)) for code, numbers in item.commands)
    fill = f'fill="{item.fill}"' if item.fill else 'fill="none"'
    if item.fill:
        fill += ' fill-rule="evenodd"'
    stroke = ""
    if item.stroke:
        stroke = f' stroke="{item.stroke.colour}" stroke-width="{_number(item.stroke.width)}"'
        if item.stroke.dash:
            stroke += f' stroke-dasharray="{" ".join(map(_number, item.stroke.dash))}"'
    opacity = f' opacity="{_number(item.opacity)}"' if item.opacity < 1 else ""
    return f'<path d="{data}" {fill}{stroke}{opacity}/>'


def _text(item: Text) -> str:
    x, y = _number(item.x), _number(item.y)
    more = "" if item.anchor == "start" else f' text-anchor="{item.anchor}"'
    if item.bold:
        more += ' font-weight="700"'
    if item.angle:
        more += f' transform="rotate({_number(-item.angle)} {x} {y})"'
    if item.halo:
        more += (
            f' stroke="{item.halo}" stroke-width="{_number(item.size * 0.3)}" stroke-linejoin="round" '
            'paint-order="stroke"'
        )
    size = _number(item.size)
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{item.colour}"{more}>{_allowed(item.text)}</text>'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def _allowed(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))
