"""The one place where a brief becomes a prompt and a design an answer, and back.

The prompt is a chat of a system and a user message; the base model's own chat template turns it into tokens. The
answer is one compact JSON object that holds what the prompt doesn't and can't be derived:

    {"size":[38,31],"levels":[["h","living",...],...],"materials":{...},"site":{...},"quality":"good"}

`levels` is written in one of two codecs: `tree` (see `tree.py`), in which any answer that parses tiles the
footprint, or `coordinates`, a list of `["living",x,y,w,d]` a level.
"""

import json
from typing import Any, Literal, get_args

from housebrain.design.assemble import assemble
from housebrain.design.brief import Brief
from housebrain.design.design import Design, Level, Materials, Quality, Site
from housebrain.design.site import vocabulary
from housebrain.design.tree import Box, TreeError, boxes, cut

Codec = Literal["tree", "coordinates"]
MAX_SIDE_FT = 1000

SYSTEM = {
    "tree": (
        "You are an architect. Answer with one JSON object: size [width, depth] in feet inside the envelope; "
        "levels as cuts, v at an x, h at a y, down to rooms; materials; site; quality."
    ),
    "coordinates": (
        "You are an architect. Answer with one JSON object: size [width, depth] in feet inside the envelope; "
        "levels as lists of rooms [name, x, y, width, depth]; materials; site; quality."
    ),
}


class DecodeError(ValueError):
    """An answer that is no design. `kind` says how far it came: not `json`, not the `schema`, or no valid `layout`."""

    def __init__(self, kind: Literal["json", "schema", "layout"], message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def messages(brief: Brief, codec: Codec = "tree") -> list[dict[str, str]]:
    """The chat that asks for a design: a system and a user message."""
    plot, setbacks = brief.plot, brief.plot.setbacks
    question = {
        "style": brief.style,
        "floors": brief.floors,
        "budget": round(brief.budget_usd),
        "region": brief.region,
        "climate": brief.climate_zone,
        "plot": [plot.width_ft, plot.length_ft],
        "shape": plot.shape,
        "corner": int(plot.is_corner),
        "facing": plot.orientation,
        "slope": plot.slope_degrees,
        "setbacks": [setbacks.front_ft, setbacks.rear_ft, setbacks.left_ft, setbacks.right_ft],
        "envelope": list(brief.envelope_ft),
        "rooms": {room.name: room.min_area_sqft for room in brief.wanted_rooms},
    }
    return [
        {"role": "system", "content": SYSTEM[codec]},
        {"role": "user", "content": _dump(_short_numbers(question))},
    ]


def _short_numbers(value: Any) -> Any:
    """4.0 is written 4: fewer tokens for the same number."""
    if isinstance(value, dict):
        return {key: _short_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_short_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _placed(level: Level, design: Design) -> list[tuple[str, Box]]:
    left, front = design.footprint.x, design.footprint.y
    return [(room.name, (room.x - left, room.y - front, room.w, room.d)) for room in level.rooms]


def encode(design: Design, codec: Codec = "tree") -> str:
    """The answer that describes a design: compact JSON.

    Raises:
        TreeError: in the `tree` codec, the layout can't be made by straight cuts.
    """
    placed = [_placed(level, design) for level in design.levels]
    levels: list[Any]
    if codec == "tree":
        levels = [cut(rooms) for rooms in placed]
    else:
        levels = [[[name, *box] for name, box in rooms] for rooms in placed]
    return _dump(
        {
            "size": [design.footprint.w, design.footprint.d],
            "levels": levels,
            "materials": design.materials.model_dump(),
            "site": design.site.model_dump(),
            "quality": design.quality,
        }
    )


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 < value <= MAX_SIDE_FT


def _layout(level: Any, size: tuple[int, int], codec: Codec) -> list[tuple[str, Box]]:
    if codec == "tree":
        try:
            return boxes(level, (0, 0, *size))
        except TreeError as error:
            raise DecodeError("layout", str(error)) from error
    if not isinstance(level, list) or not level:
        raise DecodeError("schema", "a level must be a list of [name, x, y, width, depth]")
    placed = []
    for room in level:
        if not isinstance(room, list) or len(room) != 5 or not isinstance(room[0], str):
            raise DecodeError("schema", "a room must be [name, x, y, width, depth]")
        name, x, y, w, d = room
        if not (type(x) is int and type(y) is int and x >= 0 and y >= 0 and _is_length(w) and _is_length(d)):
            raise DecodeError("layout", f"{name}: x, y, width and depth must be whole feet, the last two above 0")
        placed.append((name, (x, y, w, d)))
    return placed


def _choices(value: Any, model: type[Materials] | type[Site], where: str) -> Any:
    known = vocabulary()
    if not isinstance(value, dict) or set(value) != set(model.model_fields):
        raise DecodeError("schema", f"{where} must have exactly the keys {', '.join(model.model_fields)}")
    for key, choice in value.items():
        if not isinstance(choice, str) or choice not in known[key]:
            raise DecodeError(
                "schema", f"{where}.{key}: unknown choice {choice!r}. Known: {', '.join(sorted(known[key]))}"
            )
    return model(**value)


def _no_constant(name: str) -> None:
    """Python reads NaN and Infinity; JSON has neither."""
    raise ValueError(f"{name} is not JSON")


def decode(text: str, brief: Brief, codec: Codec = "tree") -> Design:
    """Reads an answer back into a design for its brief; `decode(encode(design), brief) == design`.

    A design is returned wherever the answer parses; whether it is a good one is for `check.violations` to say.

    Raises:
        DecodeError: the text is not JSON, lacks or mistypes a part, or has cuts that cut nothing.
    """
    try:
        answer = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise DecodeError("json", str(error)) from error
    if not isinstance(answer, dict) or set(answer) != {"size", "levels", "materials", "site", "quality"}:
        raise DecodeError("schema", "an answer must have exactly the keys size, levels, materials, site, quality")
    size, levels = answer["size"], answer["levels"]
    if not (isinstance(size, list) and len(size) == 2 and all(_is_length(side) for side in size)):
        raise DecodeError("schema", "size must be [width, depth] in whole feet")
    if not isinstance(levels, list) or not levels:
        raise DecodeError("schema", "levels must be a list of at least one level")
    if answer["quality"] not in get_args(Quality):
        raise DecodeError("schema", f"quality must be one of {', '.join(get_args(Quality))}")
    materials = _choices(answer["materials"], Materials, "materials")
    site = _choices(answer["site"], Site, "site")
    layouts = [_layout(level, (size[0], size[1]), codec) for level in levels]
    try:
        return assemble((size[0], size[1]), layouts, materials, site, answer["quality"], brief)
    except ValueError as error:
        raise DecodeError("layout", str(error)) from error
