"""What a person asks for, in whatever form it comes: words, a brief as JSON, or a record of the v5 dataset."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from housebrain.answering.alternatives import ranked
from housebrain.dataset.records import RawRecord, bad_record, parse_json
from housebrain.dataset.v5 import BadRecord, parse_record
from housebrain.errors import UserError, os_error
from housebrain.house.brief import Brief, Rejected
from housebrain.house.design import Design
from housebrain.house.limits import check_brief
from housebrain.rules.site import check_asked
from housebrain.solver import solve as solver
from housebrain.words.facts import PARTY_WALLS, Assumed
from housebrain.words.read import read_words

_MOST_FLOORS = 4  # that are tried where the words leave their number open
T = TypeVar("T")


class Asked(NamedTuple):
    """A brief and how it was come by.

    Attributes:
        brief: what is asked for.
        assumed: what the words leave open; empty for JSON.
        not_understood: words that nothing was made of.
        words: the person's own; None for JSON.
        flags: what was set beside the words.
    """

    brief: Brief
    assumed: tuple[Assumed, ...] = ()
    not_understood: tuple[str, ...] = ()
    words: str | None = None
    flags: Mapping[str, Any] = MappingProxyType({})


def read_given(given: str, flags: dict[str, Any]) -> Asked:
    """Reads what was typed: the words themselves, JSON, or the name of a file of either.

    Args:
        given: what was typed.
        flags: of `read_words`; None leaves one to the words.

    Raises:
        UserError: the file can't be read, it is no JSON of ours, or the words can't be made a brief.
        Rejected: a record or a brief contradicts itself.
    """
    path = Path(given)
    is_name = path.suffix.lower() in (".json", ".txt") and len(given.split()) == 1
    try:
        # More bytes are no file's name; letters of many scripts take several each.
        if is_name or (len(os.fsencode(given)) < 255 and path.is_file()):
            return read_asked(path.read_text(encoding="utf-8-sig"), flags, given)
    except OSError as error:
        raise os_error(error, given) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{given}: it is no text in UTF-8. Give words, or a JSON file with a brief or a record."
        ) from error
    return read_asked(given, flags)


def read_asked(text: str, flags: dict[str, Any], where: str = "the brief") -> Asked:
    """Reads a text: JSON where it begins with a bracket, words else.

    Args:
        text: what was asked.
        flags: of `read_words`; None leaves one to the words. They go with words only.
        where: its name in messages.

    Raises:
        UserError, Rejected: as `read_given`.
    """
    if not text.lstrip().startswith(("{", "[")):
        reading = read_words(text, **flags)
        return Asked(reading.brief, tuple(reading.assumed), tuple(reading.not_understood), text, flags)
    if named := [f"--{name}" for name, value in flags.items() if value is not None]:
        raise UserError(f"{where}: {', '.join(named)} set what words leave open; JSON says all of it. Change the JSON.")
    raw = RawRecord(where, "train", text.encode(errors="surrogatepass"))
    content = parse_json(raw)
    if isinstance(content, dict) and not {"input", "id", "metadata"} & set(content):
        if "brief" in content or {"plot", "rooms"} & set(content):
            return Asked(_brief(content.get("brief", content), where))
        if {"levels", "footprint"} <= set(content):
            raise UserError(
                f"{where}: it is a design. Give the brief that it answers, such as the brief.json beside it."
            )
        raise UserError(
            f"{where}: it is neither a brief, which has `plot` and `rooms`, nor a record, which has `id`, `input` and "
            "`metadata`. Correct it, or give words."
        )
    try:
        brief = parse_record(content)[1]
    except BadRecord as error:
        raise bad_record(raw, content, error) from error
    check_brief(brief)
    return Asked(brief)


def _brief(content: Any, where: str) -> Brief:
    try:
        brief = Brief.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "brief"
        raise UserError(f"{where}: field {field}: {first['msg']}. Correct it, or give words.") from error
    check_brief(brief)
    check_asked(brief)
    return brief


def on_enough_floors(asked: Asked, answer: Callable[[Brief], T]) -> tuple[Asked, T]:
    """Answers what is asked, and where that can't be, what else the words may mean.

    Where they leave the floors open and fewer don't do, it is answered on more of them. Where nothing gives all rooms
    their daylight, walls on the boundary have windows, if the words don't say that a neighbour's house stands there.

    Args:
        asked: what is asked for.
        answer: to a brief; it raises Rejected where no house can be built for it.

    Returns:
        What was asked, as it was answered, and the answer.

    Raises:
        Rejected: no house can be built.
    """
    why: Rejected | None = None
    for meant in _meant(asked):
        try:
            return meant, answer(meant.brief)
        except Rejected as refusal:
            why = refusal
    assert why is not None
    raise why


def _meant(asked: Asked) -> Iterator[Asked]:
    """What words may mean, the likeliest first."""
    taller: Asked | None = asked
    while taller is not None:
        yield taller
        taller = _on_more_floors(taller)
    taller = asked
    while taller is not None:
        if (lit := _with_windows(taller)) is not None:
            yield lit
        taller = _on_more_floors(taller)


def _with_windows(asked: Asked) -> Asked | None:
    """The same with windows on the boundary; None where the words say that a neighbour's house stands there."""
    known = [one for one in asked.assumed if one.field != PARTY_WALLS]
    if len(known) == len(asked.assumed):
        return None
    plot = asked.brief.plot.model_copy(update={"party_walls": None})
    why = "without them no arrangement has daylight everywhere; the town may not allow them"
    return asked._replace(
        brief=asked.brief.model_copy(update={"plot": plot}), assumed=(*known, Assumed(PARTY_WALLS, "with windows", why))
    )


def _on_more_floors(asked: Asked) -> Asked | None:
    """The same on one more floor, where words leave their number open; None where they don't, or it is too high."""
    floors = asked.brief.floors + 1
    if asked.words is None or floors > _MOST_FLOORS or all(one.field != "floors" for one in asked.assumed):
        return None
    try:
        reading = read_words(asked.words, **{**asked.flags, "floors": floors})
    except UserError:  # with one more stair the area is too small
        return None
    why = Assumed("floors", str(floors), "on fewer no arrangement was found")
    return asked._replace(brief=reading.brief, assumed=(*reading.assumed, why))


def solve_asked(asked: Asked, seed: int, count: int) -> tuple[Asked, list[Design]]:
    """Designs different houses with the solver; where words leave the floors open, on more of them if need be.

    Returns:
        What was asked, with the floors that it came to, and up to `count` houses, the best first: fewer where there is
        no choice.

    Raises:
        Rejected: no house can be built for the brief.
    """

    def houses(brief: Brief) -> list[Design]:
        return [solver.solve(brief, seed)] if count == 1 else [one.design for one in ranked(brief, count, seed)]

    return on_enough_floors(asked, houses)
