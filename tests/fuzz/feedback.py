"""Files of feedback, spoilt: every line becomes a sample of a valid house, or the file is refused by line."""

import contextlib
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from fuzz.target import Target, no_hang, refused
from fuzz.values import spoilt
from housebrain.dataset.feedback import feedback_batches
from housebrain.dataset.generate import generate_records
from housebrain.dataset.v5 import parse_record
from housebrain.errors import UserError
from housebrain.house.brief import Rejected
from housebrain.house.design import Design
from housebrain.solver import solve

NAMES = [*["feedback.jsonl"] * 8, "feedback.json", "feedback.JSONL", ".gitignore", "notes.txt"]
PIECES = [b"\n", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\x00", b"\xe2\x80\xa8", b"{}", b"null", b"[" * 3000, b"NaN", b","]


class Case(NamedTuple):
    """A folder with one file.

    Attributes:
        name: the file's.
        lines: its trees.
        pieces: put into its bytes, each at that thousandth.
    """

    name: str
    lines: list[Any]
    pieces: list[tuple[int, bytes]]


@cache
def sound_lines() -> list[dict[str, Any]]:
    """What `housebrain feedback export` writes, as trees."""
    found = []
    for number, raw in enumerate(generate_records(12, seed=7)):
        with contextlib.suppress(Rejected, UserError):
            brief = parse_record(json.loads(raw.text))[1]
            design = solve.solve(brief, 0).model_dump(mode="json")
            found.append({"id": f"feedback-{number}", "brief": brief.model_dump(mode="json"), "design": design})
        if len(found) == 3:
            break
    return found


CASES = st.builds(
    Case,
    st.sampled_from(NAMES),
    st.lists(spoilt(st.deferred(lambda: st.sampled_from(sound_lines())), 1), max_size=3),
    st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(PIECES)), max_size=1),
)


def check(case: Case) -> str:
    content = b"".join(json.dumps(line).encode(errors="surrogatepass") + b"\n" for line in case.lines)
    for at, piece in case.pieces:
        at = at * len(content) // 1000
        content = content[:at] + piece + content[at:]
    with tempfile.TemporaryDirectory() as folder, no_hang():
        (Path(folder) / case.name).write_bytes(content)
        try:
            rows = [row for batch in feedback_batches(Path(folder)) for row in batch]
        except UserError as error:
            assert case.name in str(error), error
            return refused(error)
    if case.name.startswith("."):
        assert rows == []
        return "read"
    assert len(rows) == len(content.splitlines()), "a line was left out"
    if not case.pieces:
        for line in case.lines:
            Design.model_validate(line["design"])
    return "read"


TARGET = Target(
    "feedback",
    "files of feedback spoilt in names, bytes and fields: every line is a sample, or the file is refused by line",
    CASES,
    check,
    frozenset({"read", "refused"}),
    examples=150,
)
