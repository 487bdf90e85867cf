"""Small designs for tests of drawings, and what is found in a drawing."""

import re
from typing import Any
from xml.etree import ElementTree

from housebrain.drawing.pictures import plan_picture
from housebrain.drawing.scene import scene
from housebrain.drawing.svg import svg
from housebrain.house.design import Cost, Design, Door, Level, Materials, Rect, Room, Site, Window

SVG = "{http://www.w3.org/2000/svg}"
FOOTPRINT = Rect(x=2, y=0, w=20, d=30)


def room(name: str, kind: Any, *boxes: tuple[float, float, float, float]) -> Room:
    """A room of boxes x, y, w, d."""
    return Room(name=name, type=kind, boxes=tuple(Rect(x=x, y=y, w=w, d=d) for x, y, w, d in boxes))


FRONT = room("living", "living_room", (2, 0, 20, 18))
REAR = room("bath", "bathroom", (2, 18, 20, 12))


def level(*rooms: Room, doors: tuple[Door, ...] = (), windows: tuple[Window, ...] = ()) -> Level:
    return Level(rooms=rooms, doors=doors, windows=windows)


def design(*levels: Level, footprint: Rect = FOOTPRINT) -> Design:
    materials = Materials(exterior="Brick", roof="Slate", floor="Tile", windows="Casement", doors="Panel")
    site = Site(foundation="Slab", insulation="High", cooling="None", heating="Hydronic")
    cost = Cost(total_usd=1, lines=())
    return Design(footprint=footprint, levels=levels, materials=materials, site=site, quality="basic", cost=cost)


def drawn(*levels: Level, number: int = 0, **options: Any) -> ElementTree.Element:
    """A level's plan, read back as XML."""
    return ElementTree.fromstring(svg(plan_picture(scene(design(*levels)), number, **options)))


def view_box(root: ElementTree.Element) -> list[float]:
    return [float(number) for number in root.attrib["viewBox"].split()]


def numbers(path: ElementTree.Element) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]


def box(path: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a path of straight lines."""
    found = numbers(path)
    return min(found[::2]), min(found[1::2]), max(found[::2]), max(found[1::2])


def rooms(root: ElementTree.Element) -> dict[str | None, tuple[float, float, float, float]]:
    """Where each room is filled, by its name."""
    groups = root.findall(f"{SVG}g[@class='room']")
    return {group.findtext(f"{SVG}title"): box(group.findall(f"{SVG}path")[0]) for group in groups}


def texts(root: ElementTree.Element) -> list[str | None]:
    return [text.text for text in root.iter(f"{SVG}text")]
