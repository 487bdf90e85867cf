"""The one place where a design becomes an answer's text, and an answer's text a design."""

from housebrain.house.brief import Brief
from housebrain.house.design import Design, Materials, Site
from housebrain.language.answer import Answer, Codec, DecodeError, read, write
from housebrain.rules.assemble import assemble
from housebrain.rules.site import vocabulary


def encode(design: Design, codec: Codec = "tree") -> str:
    """The answer that describes a design: compact JSON.

    Raises:
        TreeError: in the `tree` codec, the layout can't be made by straight cuts.
    """
    left, front = design.footprint.x, design.footprint.y
    layouts = [
        [(room.name, (room.x - left, room.y - front, room.w, room.d)) for room in level.rooms]
        for level in design.levels
    ]
    size_ft = (design.footprint.w, design.footprint.d)
    return write(Answer(size_ft, layouts, design.materials, design.site, design.quality), codec)


def decode(text: str, brief: Brief, codec: Codec = "tree") -> Design:
    """Reads an answer back into a design for its brief; `decode(encode(design), brief) == design`.

    A design is returned wherever the answer parses; whether it is a good one is for `checks.violations` to say.

    Raises:
        DecodeError: the text is not JSON, lacks or mistypes a part, has cuts that cut nothing, or makes a choice or
            names a room that there is not.
    """
    answer = read(text, codec)
    _check_choices(answer.materials, "materials")
    _check_choices(answer.site, "site")
    try:
        return assemble(answer.size_ft, answer.layouts, answer.materials, answer.site, answer.quality, brief)
    except ValueError as error:
        raise DecodeError("layout", str(error)) from error


def _check_choices(chosen: Materials | Site, where: str) -> None:
    known = vocabulary()
    for key, choice in chosen.model_dump().items():
        if choice not in known[key]:
            raise DecodeError(
                "schema", f"{where}.{key}: unknown choice {choice!r}. Known: {', '.join(sorted(known[key]))}"
            )
