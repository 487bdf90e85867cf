"""What README.md shows is what the code does: its brief, the answer to it, and the plan's picture."""

import json
import re
from pathlib import Path

import housebrain as hb
from conftest import REPOSITORY
from housebrain.language.designs import decode, encode


def test_the_answer_and_the_picture_are_the_solvers_for_the_brief(tmp_path: Path) -> None:
    record, answer = re.findall(r"```json\n(.*?)\n```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    _, brief = hb.read_record(json.loads(record))
    design = hb.solve(brief, seed=0)
    assert encode(design) == answer
    assert hb.violations(decode(answer, brief), brief) == []
    (picture,) = hb.draw(design, tmp_path / "plan.svg", brief)
    assert picture.read_text() == (REPOSITORY / "docs/images/plan.svg").read_text()


def test_the_example_is_the_record_that_is_shown() -> None:
    record, _ = re.findall(r"```json\n(.*?)\n```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert json.loads((REPOSITORY / "examples/brief.json").read_text()) == json.loads(record)
