"""Designs and briefs as files, spoilt: `codes`, `bill`, `repair` and `render` do all of it, or say what is wrong."""

import contextlib
import io
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from fuzz.values import spoilt
from housebrain.cli import designs as commands
from housebrain.cli.given import read_brief, read_design
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Rejected
from housebrain.rules.checks import violations
from housebrain.solver import solve

RULESETS = ["auto", "irc2021", "delhi", "unheard of"]
PIECES = [b"", b"{", b"[]", b"null", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"NaN", b"[" * 3000, b'{"a":' * 3000]


class Case(NamedTuple):
    """What is asked of which files.

    Attributes:
        command: its name.
        design: the tree of the design's file.
        brief: of the brief's file; None where none is given.
        piece: put before the design's text where it isn't None.
        ruleset: for `codes`.
    """

    command: str
    design: Any
    brief: Any
    piece: bytes | None
    ruleset: str


@cache
def _sound() -> list[tuple[Any, Any]]:
    """Some designs and their briefs, as trees."""
    found: list[tuple[Any, Any]] = []
    for raw in generate_records(12, seed=7):
        with contextlib.suppress(Rejected, UserError):
            brief = parse_record(json.loads(raw.text))[1]
            found.append((solve.solve(brief, 0).model_dump(mode="json"), brief.model_dump(mode="json")))
        if len(found) == 3:
            break
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    design, brief = draw(st.sampled_from(_sound()))
    spoil = draw(st.sampled_from(["design", "design", "brief", "both", "none"]))
    return Case(
        draw(st.sampled_from(["codes", "bill", "repair", "render", "render"])),
        draw(spoilt(st.just(design), 2)) if spoil in ("design", "both") else design,
        draw(spoilt(st.just(brief), 2) | st.none()) if spoil in ("brief", "both") else brief,
        draw(st.sampled_from(PIECES)) if draw(st.integers(0, 15)) == 0 else None,
        draw(st.sampled_from(RULESETS)),
    )


def check(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder, no_hang():
        place = Path(folder)
        design, brief, out = place / "design.json", place / "brief.json", place / "out"
        text = json.dumps(case.design).encode(errors="surrogatepass")
        design.write_bytes(text if case.piece is None else case.piece + text)
        if case.brief is not None:
            brief.write_bytes(json.dumps(case.brief).encode(errors="surrogatepass"))
        given = None if case.brief is None else brief
        run: dict[str, Callable[[], None]] = {
            "codes": lambda: commands.codes(design, given, case.ruleset, as_json=True),
            "bill": lambda: commands.bill(design, brief, as_json=True),
            "repair": lambda: commands.repair(design, brief, out),
            "render": lambda: commands.render(design, out, given, svg=True, dxf=True, obj=True),
        }
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                run[case.command]()
        except UserError as error:
            assert not out.exists(), "something was left behind"
            return refused(error)
        if case.command in ("codes", "bill"):
            json.loads(printed.getvalue(), parse_constant=_no_number)
        elif case.command == "repair":
            assert violations(read_design(out), read_brief(brief)) == []
        else:
            assert all(path.stat().st_size for path in out.iterdir())
        return case.command


def _no_number(name: str) -> None:
    raise AssertionError(f"{name} is printed for a number")


def _far_too_many_rooms() -> tuple[Any, Any]:
    """A draft of two rooms, and a brief with a hundred of one type: the search for ways to place them had no end."""
    brief = parse_record(json.loads(next(generate_records(1, seed=7)).text))[1].model_dump(mode="json")
    brief["rooms"][-1]["count"] = 100
    rooms = [{"name": name, "x": x, "y": 0, "w": 20, "d": 20} for name, x in (("living", 0), ("kitchen", 20))]
    return {"levels": [{"rooms": rooms}] * brief["floors"]}, brief


TARGET = Target(
    "designs",
    "designs and their briefs spoilt, given to codes, bill, repair and render: done in full, or refused and nothing "
    "written",
    cases(),
    check,
    frozenset({"codes", "bill", "repair", "render", "refused"}),
    examples=120,
    kept=(Case("repair", *_far_too_many_rooms(), None, "auto"),),
)
