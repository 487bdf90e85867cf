"""Colours that lines and dots are told apart by: on light and dark pages, also by the colour-blind.

The first six are given. Each further one is, among many candidates, the one farthest from all that are taken, as seen
with full and with deficient colour vision, so that any number of names gets as many colours.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

GREY, GREEN = "#8c8c8c", "#1b9e4b"  # of the base and of the merged model, and nobody else's
# After Okabe and Ito.
FIRST = ("#2b8cd6", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
# Between these a colour can be seen on a white page (whose relative luminance is 1) and on a black one (0).
DARKEST, LIGHTEST = 0.1, 0.45
STEP = 16  # between the candidates' red, green and blue, of 255

Colours = npt.NDArray[np.float64]  # [n, 3]

# What is seen of linear red, green and blue: with full vision, without red cones, without green ones
# (Machado, Oliveira and Fernandes 2009).
_VISIONS = (
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
)
# OKLab (Ottosson 2020), in which distances are about as far as they look.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def coloured(names: list[str]) -> dict[str, str]:
    """A colour for each name, as `#rrggbb`, no two alike. A name's colour does not depend on those after it."""
    return dict(zip(names, _palette(len(names)), strict=True))


def luminance(colours: list[str]) -> npt.NDArray[np.float64]:
    """The relative luminance of each colour, 0 to 1, [n]."""
    luminances: npt.NDArray[np.float64] = _linear(colours) @ _LUMINANCE
    return luminances


def distances(ones: list[str], others: list[str]) -> npt.NDArray[np.float64]:
    """How far apart colours look to whoever sees the difference least, [ones, others]. Black and white are 1 apart."""
    apart = []
    for vision in _VISIONS:
        first, second = _lab(_linear(ones) @ vision.T), _lab(_linear(others) @ vision.T)
        apart.append(np.linalg.norm(first[:, None] - second[None], axis=-1))
    least: npt.NDArray[np.float64] = np.min(apart, axis=0)
    return least


@cache
def _palette(count: int) -> tuple[str, ...]:
    colours = list(FIRST[:count])
    if len(colours) == count:
        return tuple(colours)
    scale = [*range(0, 256, STEP), 255]
    candidates = [f"#{red:02x}{green:02x}{blue:02x}" for red in scale for green in scale for blue in scale]
    seen = luminance(candidates)
    candidates = [one for one, light in zip(candidates, seen, strict=True) if DARKEST <= light <= LIGHTEST]
    nearest = distances(candidates, [*colours, GREY, GREEN]).min(axis=1)
    for _ in range(count - len(colours)):
        chosen = candidates[int(nearest.argmax())]
        colours.append(chosen)
        nearest = np.minimum(nearest, distances(candidates, [chosen])[:, 0])
    return tuple(colours)


def _linear(colours: list[str]) -> Colours:
    """Linear red, green and blue, 0 to 1."""
    written = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in colours]) / 255
    return np.where(written <= 0.04045, written / 12.92, ((written + 0.055) / 1.055) ** 2.4)


def _lab(linear: Colours) -> Colours:
    return np.cbrt(linear.clip(0) @ _TO_CONES.T) @ _TO_LAB.T
