"""What the solids of a model look like: one material a kind.

Colours are sRGB. What a design says of its walls, roof and floors chooses theirs; the words are its own, so an unknown
one gets the kind's usual colour.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "ground",
    "plinth",
    "wall",
    "plaster",
    "floor",
    "slab",
    "stairs",
    "roof",
    "frame",
    "glass",
    "door",
    "railing",
    "timber",
    "fabric",
    "porcelain",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Surface(NamedTuple):
    """A material: its colour as `#rrggbb`, how much light it lets by (`opacity` 1: none) and how rough it is."""

    colour: str
    opacity: float = 1.0
    roughness: float = 0.9

    @property
    def srgb(self) -> tuple[float, float, float]:
        """Red, green and blue between 0 and 1, as screens count them."""
        red, green, blue = (int(self.colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
        return red, green, blue

    @property
    def linear(self) -> tuple[float, float, float]:
        """Red, green and blue between 0 and 1, in proportion to light, to four places."""
        red, green, blue = (
            round(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4, 4) for part in self.srgb
        )
        return red, green, blue


USUAL: dict[Kind, Surface] = {
    "ground": Surface("#a9b48c"),
    "plinth": Surface("#8b857d"),
    "wall": Surface("#eee7da"),
    "plaster": Surface("#f3f0e8"),
    "floor": Surface("#d8c8ae"),
    "slab": Surface("#c9c0b1"),
    "stairs": Surface("#b89f7e"),
    "roof": Surface("#8d8681"),
    "frame": Surface("#f7f5f0", roughness=0.5),
    "glass": Surface("#a8cfe2", opacity=0.35, roughness=0.05),
    "door": Surface("#855b38", roughness=0.6),
    "railing": Surface("#5b5f63", roughness=0.5),
    "timber": Surface("#9a724a", roughness=0.7),
    "fabric": Surface("#8ea3b5"),
    "porcelain": Surface("#fbfbf8", roughness=0.3),
}
EXTERIORS = {
    "Brick": "#b5735a",
    "Concrete": "#bdbab4",
    "Fiber_Cement": "#d7d9d6",
    "Stone": "#bcae97",
    "Stucco": "#f2e8d5",
    "Wood": "#c8ab82",
}
ROOFS = {
    "Asphalt_Shingles": "#625f5e",
    "Flat_Roof": "#c9c5bd",
    "Metal": "#7d8f99",
    "Slate": "#56606b",
    "Tile": "#b3593d",
}
FLOORS = {
    "Concrete": "#b9b5ae",
    "Hardwood": "#d3b48f",
    "Stone": "#b7aa96",
    "Terrazzo": "#d9d4cb",
    "Tile": "#dccfba",
}


def surfaces(materials: Mapping[str, str]) -> dict[Kind, Surface]:
    """The material of each kind in a house, given what the design says of `exterior`, `roof` and `floor`."""
    chosen = dict(USUAL)
    chosen["wall"] = Surface(EXTERIORS.get(materials["exterior"], USUAL["wall"].colour))
    chosen["floor"] = Surface(FLOORS.get(materials["floor"], USUAL["floor"].colour))
    chosen["roof"] = Surface(ROOFS.get(materials["roof"], USUAL["roof"].colour))
    return chosen
